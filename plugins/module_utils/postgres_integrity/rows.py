# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rows differ between two servers in a table whose fingerprints do, found by its primary key.

The rows are sorted into buckets by a hash of their key, and the fingerprints of the buckets are compared; then the rows
of some buckets that differ are. So two passes over the table on each server, and little to send, whatever its size.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

#: About how many rows a bucket has, how many buckets there are at most, how many of those that differ are looked
#: into, and how many rows are told.
BUCKET_ROWS, BUCKETS, BUCKETS_SHOWN, ROWS_SHOWN = 1000, 65536, 5, 5


def buckets_for(rows: int) -> int:
    """Return into how many buckets a table is sorted, a power of two.

    >>> [buckets_for(rows) for rows in (0, 1000, 1001, 10**9)]
    [1, 1, 2, 65536]
    """
    wanted = max(1, -(-rows // BUCKET_ROWS))
    return min(BUCKETS, 1 << (wanted - 1).bit_length())


def buckets_statement(name: str, key: str, buckets: int) -> str:
    """Return the statement for bucket, rows and sums of each bucket.

    :param key: the columns of the primary key, quoted and with commas.
    """
    rows = "sum(hashtextextended(r, 0))::text, sum(hashtextextended(r, 1))::text"
    return f"SELECT bucket, count(*), {rows} FROM ({_rows(name, key, buckets)}) AS rows GROUP BY bucket"


def rows_statement(name: str, key: str, buckets: int) -> str:
    """Return the statement for key and hashes of the rows of some buckets, which are its argument."""
    rows = "k, hashtextextended(r, 0), hashtextextended(r, 1)"
    return f"SELECT {rows} FROM ({_rows(name, key, buckets)}) AS rows WHERE bucket = ANY(%s::int8[])"


def _rows(name: str, key: str, buckets: int) -> str:
    """Return the statement for bucket, key and text of all rows."""
    columns = f'ROW({key})::text COLLATE "C" AS k, (t.*)::text COLLATE "C" AS r'
    keyed = f"SELECT {columns} FROM ONLY {name} AS t OFFSET 0"
    return f"SELECT hashtextextended(k, 0) & {buckets - 1} AS bucket, k, r FROM ({keyed}) AS keyed"


def differing(ours: Sequence[Sequence[Any]], theirs: Sequence[Sequence[Any]]) -> List[int]:
    """Return the buckets that differ, in order."""
    mine, other = ({row[0]: tuple(row[1:]) for row in rows} for rows in (ours, theirs))
    return [bucket for bucket in sorted({*mine, *other}) if mine.get(bucket) != other.get(bucket)]


def describe(
    ours: Sequence[Sequence[Any]], theirs: Sequence[Sequence[Any]], sides: Tuple[str, str], all_seen: bool
) -> str:
    """Return which rows differ, in words.

    :param ours: key and hashes of rows of the original, and ``theirs`` of the copy; ``sides`` are their names.
    :param all_seen: whether these are the rows of all buckets that differ.
    """
    mine, other = _by_key(ours), _by_key(theirs)
    keys = sorted((key for key in {*mine, *other} if mine.get(key) != other.get(key)), key=lambda key: (len(key), key))
    words = [f"{key} {_how(key, mine, other, sides)}" for key in keys[:ROWS_SHOWN]]
    if len(keys) > ROWS_SHOWN or not all_seen:
        words.append("and more" if not all_seen else f"and {len(keys) - ROWS_SHOWN} more")
    return "; ".join(words)


def _by_key(rows: Sequence[Sequence[Any]]) -> Dict[str, Tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in rows}


def _how(key: str, mine: Mapping[str, Any], other: Mapping[str, Any], sides: Tuple[str, str]) -> str:
    if key in mine and key in other:
        return "has other content"
    return f"is only on {sides[0] if key in mine else sides[1]}"
