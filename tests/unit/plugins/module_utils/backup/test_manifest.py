"""What is in a copy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.backup import manifest
from ansible_collections.freeagentics.platform.plugins.module_utils.backup.manifest import (
    Entry,
    Manifest,
    ManifestError,
)

ONE = Manifest({"globals.sql": Entry(3, "aa" * 32)}, {"server": {"member": "db2"}})

manifests = st.builds(
    Manifest,
    st.dictionaries(st.text(min_size=1), st.builds(Entry, st.integers(0), st.text(alphabet="0123456789abcdef"))),
    st.dictionaries(st.text().filter(lambda key: key not in ("format", "files")), st.integers() | st.text()),
)


def test_the_text():
    assert manifest.render(ONE) == (
        '{\n "files": {\n  "globals.sql": {\n   "sha256": "' + "aa" * 32 + '",\n   "size": 3\n  }\n },\n "format": 1,\n'
        ' "server": {\n  "member": "db2"\n }\n}\n'
    )


@given(manifests)
def test_it_is_read_as_it_was_written(one):
    assert manifest.parse(manifest.render(one)) == one


def test_sizes_are_summed():
    assert Manifest({"a": Entry(3, ""), "b": Entry(4, "")}, {}).size == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "manifest.json cannot be read: KeyError: 'format'"),
        ('{"format": 2, "files": {}}', "manifest.json has format 2; this program knows format 1"),
        ("half", "manifest.json cannot be read: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("1", "manifest.json cannot be read: AttributeError: 'int' object has no attribute 'pop'"),
    ],
)
def test_what_is_no_manifest(text, message):
    with pytest.raises(ManifestError) as error:
        manifest.parse(text)
    assert str(error.value) == message


def test_differences():
    wanted = Manifest({"a": Entry(1, "1" * 64), "b": Entry(2, "2" * 64), "c": Entry(3, "3" * 64)}, {})
    found = {"a": Entry(1, "1" * 64), "b": Entry(2, "4" * 64), "d": Entry(4, "4" * 64)}
    assert manifest.differences(wanted, found) == (
        "b has 2 bytes with SHA-256 4444444444444444 instead of 2 bytes with SHA-256 2222222222222222",
        "c is not there",
        "d is not in manifest.json",
    )
    assert manifest.differences(wanted, wanted.files) == ()
