# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to an application that fill its cache as it fills it itself, several at once."""

from __future__ import annotations

import http.client
import queue
import ssl
import threading
from typing import Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.pace import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import Problems

#: Asks for one path and returns the HTTP status and the bytes of the answer; raises OSError or HTTPException.
Request = Callable[[str], Tuple[int, int]]


class Replayed(NamedTuple):
    """What came of it: requests that were answered, failed ones, those for which no time was left, bytes received."""

    answered: int
    failed: int
    left: int
    bytes: int


class Site:
    """An application, asked over one connection that is kept open."""

    def __init__(self, url: str, headers: Mapping[str, str], ca_file: Optional[str], timeout: float) -> None:
        """Connect with the first request.

        :param url: ``https://api.example.com`` or ``http://127.0.0.1:8000``, without a path.
        :param headers: sent with each request.
        :param ca_file: the CA that vouches for the certificate; the system's if it is None.
        :param timeout: seconds for each step of a connection.
        """
        parts = urlsplit(url)
        self._headers = dict(headers)
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            self._connection = http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=context)
        else:
            self._connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)

    def __call__(self, path: str) -> Tuple[int, int]:
        """Send a GET; the answer is read to its end, so that the connection can be used again."""
        try:
            self._connection.request("GET", path, headers=self._headers)
            response = self._connection.getresponse()
            return response.status, len(response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise


def replay(
    paths: Sequence[str], new_request: Callable[[], Request], pace: Pace, workers: int, problems: Problems
) -> Replayed:
    """Ask for all paths in their order, several at once, no faster than the pace allows and until its time is up.

    :param new_request: makes what sends a worker's requests.
    :param problems: takes what failed: no answer, or a status of 400 and more.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for path in paths:
        waiting.put(path)
    turn = threading.Lock()
    counts: Dict[str, int] = {"answered": 0, "failed": 0, "bytes": 0}

    def next_path() -> Optional[str]:
        with turn:
            if waiting.empty() or not pace.wait():
                return None
            pace.spent(requests=1)
            return waiting.get()

    def work(request: Request) -> None:
        for path in iter(next_path, None):
            reason, size = _outcome(request, path)
            with turn:
                counts["failed" if reason else "answered"] += 1
                counts["bytes"] += size
                if reason:
                    problems.add(reason, path)

    requests = [new_request() for _number in range(min(workers, len(paths)))]
    threads = [threading.Thread(target=work, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Replayed(counts["answered"], counts["failed"], waiting.qsize(), counts["bytes"])


def _outcome(request: Request, path: str) -> Tuple[str, int]:
    """Return why a request failed, empty if it did not, and the bytes of its answer."""
    try:
        status, size = request(path)
    except (OSError, http.client.HTTPException) as error:
        return " ".join(str(error).split()) or type(error).__name__, 0
    return (f"HTTP status {status}" if status >= 400 else ""), size
