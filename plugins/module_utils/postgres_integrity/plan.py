# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which statements look at a database, and how their answers are put together.

A table's fingerprint is a sum, so neither the order of rows nor the way in which a table is cut into parts matters:

    the number of rows, and modulo 2^64 the sums of hashtextextended(row, 0) and of hashtextextended(row, 1)

where a row is its text as PostgreSQL prints it under fixed settings. A sum counts every copy of a row; an exclusive or
would not see two equal rows that come or go together. For hashes that behave as random ones, two contents that differ
in any row whose number of copies changed by an odd number have equal sums with a probability of 2^-128, and of
2^-(128 - 2k) where all numbers changed by multiples of 2^k (Bellare and Micciancio, A New Paradigm for Collision-Free
Hashing, EUROCRYPT 1997; Clarke et al., Incremental Multiset Hash Functions, ASIACRYPT 2003: MSet-Add-Hash).
The hash is the server's own (Jenkins' lookup3; the same for servers of one major version and byte order) and no
cryptographic one: it finds accidents, not a forger who chooses rows. hash_record_extended would be faster, since it
prints nothing, but it adds up multiples of the columns' hashes, so a sum of it does not see two rows that swap values;
and it takes 1.0 and 1.00 for the same, and knows no hash of some types, such as json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Collection, Dict, Iterable, List, Optional, Sequence, Tuple

#: Settings under which rows are printed; each changes the text of some type. search_path: of regclass and its kind.
SETTINGS = {
    "search_path": "pg_catalog",
    "datestyle": "ISO",
    "intervalstyle": "iso_8601",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "row_security": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "lock_timeout": "10s",
}
CHECKS = ("checksums", "catalog", "fingerprints", "sequences", "indexes", "heaps")
#: Pages of a part of a table: 32 MiB of 8 KiB pages. PostgreSQL reads ranges of tuple identifiers directly since 14.
PART_PAGES = 4096
#: Of a table's damaged tuples the first ones are told.
DAMAGES_SHOWN = 5

POSITION = """
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text
"""
MOMENT = f"""
SELECT pg_current_snapshot()::text, ({POSITION}), (SELECT system_identifier::text FROM pg_control_system()),
  (SELECT timeline_id FROM pg_control_checkpoint()), pg_is_in_recovery()
"""
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"
FAILURES = """
SELECT coalesce(d.datname, 'objects of all databases'), s.checksum_failures, s.checksum_last_failure::text
FROM pg_stat_database s LEFT JOIN pg_database d ON d.oid = s.datid WHERE s.checksum_failures > 0 ORDER BY 1
"""
COLLATION = """
SELECT quote_ident(datname), datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)
"""
#: Tables whose content is compared are those of users, and large objects. TOAST is called after its table.
TABLES = """
SELECT c.oid::int8, quote_ident(n.nspname) || '.' || quote_ident(o.relname) || CASE WHEN o.oid <> c.oid THEN
    ' (TOAST)' ELSE '' END,
  o.oid = c.oid AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    OR c.oid = 'pg_catalog.pg_largeobject'::regclass),
  pg_relation_size(c.oid) / current_setting('block_size')::int, pg_relation_filepath(c.oid),
  (SELECT string_agg('t.' || quote_ident(a.attname), ', ' ORDER BY array_position(i.indkey::int2[], a.attnum))
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
    WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class c LEFT JOIN pg_class t ON c.relkind = 't' AND t.reltoastrelid = c.oid
  JOIN pg_class o ON o.oid = coalesce(t.oid, c.oid) JOIN pg_namespace n ON n.oid = o.relnamespace
WHERE c.relkind IN ('r', 'm', 't') AND c.relispopulated AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
ORDER BY 2
"""
INDEXES = """
SELECT c.oid::int8, quote_ident(n.nspname) || '.' || quote_ident(c.relname), i.indrelid::int8,
  a.amname = 'btree', i.indisvalid AND i.indisready AND i.indislive,
  EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid),
  pg_relation_size(c.oid) / current_setting('block_size')::int, pg_relation_filepath(c.oid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_am a ON a.oid = c.relam
WHERE c.relkind = 'i' AND c.relpersistence <> 't' AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
ORDER BY 2
"""
EXTENSIONS = """
SELECT e.extname, e.extversion, quote_ident(n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY 1
"""
SEQUENCES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value, increment_by
FROM pg_sequences ORDER BY 1
"""


@dataclass(frozen=True)
class Table:
    """A table with its pages, its file and the columns of its primary key; ``compared``: its content is looked at."""

    oid: int
    name: str
    compared: bool
    pages: int
    file: str
    key: Optional[str] = None


@dataclass(frozen=True)
class Index:
    """An index of a table, given by its oid; one that is being built is not valid yet."""

    oid: int
    name: str
    table: int
    btree: bool
    valid: bool
    building: bool
    pages: int
    file: str


@dataclass(frozen=True)
class Job:
    """A statement that a connection runs for a check of an object; its size in pages orders the queue."""

    check: str
    name: str
    statement: str
    arguments: Tuple[Any, ...]
    pages: int


def fingerprint_jobs(tables: Iterable[Table], part: int = PART_PAGES) -> List[Job]:
    """Return the statements for the fingerprints of all tables that are compared, the largest first.

    :param part: into how many pages large tables are cut, so that several connections share one table.
    """
    jobs = []
    for table in tables:
        if table.compared:
            jobs += [
                Job("fingerprints", table.name, _fingerprint(table.name, condition), (), pages)
                for condition, pages in _ranges(table.pages, part)
            ]
    return _largest_first(jobs)


def _ranges(pages: int, part: int) -> List[Tuple[str, int]]:
    """Return conditions that cut a table into parts; the last one is open, for pages that are added meanwhile."""
    if pages <= part:
        return [("", pages)]
    starts = list(range(0, pages, part))
    ranges = [
        (f"WHERE t.ctid >= '({start},0)'::tid AND t.ctid < '({start + part},0)'::tid", part) for start in starts[:-1]
    ]
    return [*ranges, (f"WHERE t.ctid >= '({starts[-1]},0)'::tid", pages - starts[-1])]


def _fingerprint(name: str, condition: str) -> str:
    """Return a statement that prints each row once (OFFSET keeps the two sums from printing it twice)."""
    rows = f'SELECT (t.*)::text COLLATE "C" AS r FROM ONLY {name} AS t {condition} OFFSET 0'
    return f"SELECT count(*), sum(hashtextextended(r, 0)), sum(hashtextextended(r, 1)) FROM ({rows}) AS rows"


def combine(parts: Sequence[Tuple[int, Any, Any]]) -> Dict[str, Any]:
    """Return rows and fingerprint of a table from those of its parts.

    >>> combine([(1, -1, 2), (1, 3, None)])
    {'rows': 2, 'fingerprint': '00000000000000020000000000000002'}
    """
    first, second = (sum(int(part[column] or 0) for part in parts) % 2**64 for column in (1, 2))
    return {"rows": sum(part[0] for part in parts), "fingerprint": f"{first:016x}{second:016x}"}


def heap_jobs(tables: Iterable[Table], schema: str) -> List[Job]:
    """Return the statements of amcheck that look at every table, the largest first.

    :param schema: where the extension is.
    """
    statement = (
        "SELECT blkno, offnum, attnum, msg, count(*) OVER () "
        f"FROM {schema}.verify_heapam(%s::oid::regclass, check_toast => true) LIMIT {DAMAGES_SHOWN}"
    )
    return _largest_first([Job("heaps", table.name, statement, (table.oid,), table.pages) for table in tables])


def index_jobs(indexes: Iterable[Index], schema: str, damaged: Collection[int]) -> List[Job]:
    """Return the statements of amcheck that look at every valid B-tree and for an entry of every row.

    :param damaged: the oids of damaged tables. Their rows are not compared with their indexes: that would find the
        tables' damage again, and call it the indexes'.
    """
    statement = f"SELECT {schema}.bt_index_check(%s::oid::regclass, %s)"
    return _largest_first(
        [
            Job("indexes", index.name, statement, (index.oid, index.table not in damaged), index.pages)
            for index in indexes
            if index.btree and index.valid
        ]
    )


def _largest_first(jobs: List[Job]) -> List[Job]:
    return sorted(jobs, key=lambda job: (-job.pages, job.name, job.statement))


def damages(rows: Sequence[Sequence[Any]]) -> str:
    """Return what verify_heapam says, from rows of block, tuple, column, words and the number of all places."""
    more = rows[0][4] - len(rows)
    places = [_damage(row) for row in rows] + ([f"and {more} more places"] if more > 0 else [])
    return "; ".join(places)


def _damage(row: Sequence[Any]) -> str:
    block, offset, attribute, message = row[:4]
    place = f"block {block}" + (f", tuple {offset}" if offset is not None else "")
    place += f", column {attribute}" if attribute is not None else ""
    return f"{place}: {message}"
