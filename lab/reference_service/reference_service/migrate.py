"""Create what the API needs in the database: ``python3 -m reference_service.migrate``, as often as you like."""

from __future__ import annotations

import os
import sys

from reference_service.postgres import PostgresStore
from reference_service.store import StoreError

#: How long the database may be away, in seconds: longer than a failover.
PATIENCE = 60.0


def main() -> None:
    """Create the table, or say why that is not needed or not possible."""
    url = os.environ["DATABASE_URL"]
    try:
        created = PostgresStore(url, url, PATIENCE).create()
    except StoreError as error:
        sys.exit(f"the database cannot be migrated: {error}")
    print(
        "the table is there" if created else "this region's database follows another one and gets the table from there"
    )


if __name__ == "__main__":
    main()
