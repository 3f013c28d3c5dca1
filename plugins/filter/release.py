# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What identifies a release."""

from __future__ import annotations

import hashlib

from ansible.errors import AnsibleFilterError


def file_digest(path):
    """Return the SHA-256 digest of a file of the control host, in hexadecimal."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AnsibleFilterError(f"{path}: {error.strerror}; name an archive that is on the control host") from None


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"file_digest": file_digest}
