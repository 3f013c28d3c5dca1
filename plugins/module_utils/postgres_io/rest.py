# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patroni's REST API, read with the standard library alone."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any


class RestError(Exception):
    """The API did not answer as it should; the text says what it did."""


def get_json(host: str, port: int, path: str, ca_file: str, timeout: float) -> Any:
    """Return what a GET answers; the server's certificate must be for its host and be vouched for by the CA.

    :param timeout: seconds for each step of the connection.
    :raises RestError: no connection, another status than 200, or no JSON.
    """
    place = f"https://{host}:{port}{path}"
    try:
        context = ssl.create_default_context(cafile=ca_file)
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise RestError(f"{place}: {error}") from error
    if response.status != 200:
        raise RestError(f"{place}: HTTP status {response.status}, not 200")
    try:
        return json.loads(body)
    except ValueError as error:
        raise RestError(f"{place}: the answer is no JSON: {error}") from error
