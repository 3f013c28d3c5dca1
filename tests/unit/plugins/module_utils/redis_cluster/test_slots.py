# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import SLOTS
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.slots import Transfer, balance


def after(owner, transfers):
    """Return who has each slot after the transfers, each of which must come from who has the slots."""
    owner = dict(owner)
    for transfer in transfers:
        for slot in transfer.slots:
            assert owner.get(slot, "") == transfer.source
            owner[slot] = transfer.target
    return owner


def test_new_masters_get_one_range_each():
    assert [(t.source, t.target, t.slots[0], t.slots[-1], len(t.slots)) for t in balance({}, ["a", "b", "c"])] == [
        ("", "a", 0, 5461, 5462),
        ("", "b", 5462, 10922, 5461),
        ("", "c", 10923, 16383, 5461),
    ]


def test_what_is_even_stays():
    owner = after({}, balance({}, ["a", "b", "c"]))
    assert balance(owner, ["a", "b", "c"]) == []
    assert balance(owner, ["c", "a", "b"]) == []


def test_a_new_master_takes_from_all_alike():
    owner = after({}, balance({}, ["a", "b", "c"]))
    assert [(t.source, t.target, len(t.slots)) for t in balance(owner, ["a", "b", "c", "d"])] == [
        ("a", "d", 1366),
        ("b", "d", 1365),
        ("c", "d", 1365),
    ]


def test_a_single_slot_in_excess_moves_alone():
    owner = dict.fromkeys(range(8193), "a") | dict.fromkeys(range(8193, SLOTS), "b")
    assert balance(owner, ["a", "b"]) == [Transfer("a", "b", (8192,))]


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.data())
def test_shares_are_even_and_no_fewer_slots_could_move(data):
    names = [f"n{number}" for number in range(data.draw(st.integers(1, 9)))]
    cuts = sorted(data.draw(st.lists(st.integers(0, SLOTS), max_size=12)))
    owner = {}
    for begin, end in zip([0, *cuts], [*cuts, SLOTS]):
        holder = data.draw(st.sampled_from([*names, "retired", ""]))
        owner.update({slot: holder for slot in range(begin, end) if holder})
    transfers = balance(owner, names)
    count = Counter(after(owner, transfers).values())
    assert set(count) == set(names)
    assert max(count.values()) - min(count.values()) <= 1
    least, more = divmod(SLOTS, len(names))
    held = sorted((Counter(owner.values())[name] for name in names), reverse=True)
    stays = sum(min(have, least + (rank < more)) for rank, have in enumerate(held))
    assert sum(len(transfer.slots) for transfer in transfers) == SLOTS - stays
