"""What is written is read again, and a file that is not whole is refused before a key is taken from it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.archive import (
    ArchiveError,
    Writer,
    check,
    read,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import Copied

FOREIGN = "it is no file that a run with state=saved wrote; write it again"
BROKEN = "its checksum is wrong: it was cut off or changed on its way; bring it over again"
KEYS = st.builds(
    Copied,
    st.binary(max_size=40),
    st.binary(max_size=200),
    st.none() | st.integers(0, 2**62),
    st.sampled_from(["FREQ", "IDLETIME"]),
    st.integers(0, 2**31),
)


def written(keys, max_bytes=10**6):
    file = io.BytesIO()
    writer = Writer(file, {"keys_of": "here"}, max_bytes)
    kept = [key for key in keys if writer.add(key)]
    writer.close()
    assert writer.bytes == len(file.getvalue())
    return file.getvalue(), kept


@given(st.lists(KEYS, max_size=5))
def test_what_is_written_is_read_again(keys):
    content, _kept = written(keys)
    file = io.BytesIO(content)
    about, end = check(file)
    assert about == {"format": "keys of a Redis cluster, format 1", "keys_of": "here"}
    assert list(read(file, end)) == keys


def test_a_file_becomes_no_larger_than_it_may():
    key = Copied(b"k" * 10, b"p" * 100, None, "FREQ", 1)
    content, kept = written([key] * 10, 600)
    assert (len(kept), len(content) <= 600, len(content) > 600 - 134) == (3, True, True)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: b"", FOREIGN),
        (lambda content: b"\x00" * 9000, FOREIGN),
        (lambda content: b"[]\n", FOREIGN),
        (lambda content: b'{"format": "another"}\n', FOREIGN),
        (lambda content: content[:-1], BROKEN),
        (lambda content: content[:100], BROKEN),
        (lambda content: content + b"more", BROKEN),
        (lambda content: content.replace(b"payload", b"PAYLOAD"), BROKEN),
    ],
)
def test_a_file_that_is_not_whole_is_refused(spoil, message):
    content, _kept = written([Copied(b"key", b"payload", None, "FREQ", 1)])
    with pytest.raises(ArchiveError) as caught:
        check(io.BytesIO(spoil(content)))
    assert str(caught.value) == message
