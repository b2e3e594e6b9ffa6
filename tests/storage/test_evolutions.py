"""Lineage as tables keep it: families, both directions, and what followed a round."""

import pytest

from storage.evolutions import (
    Evolution,
    add_evolutions,
    get_round,
    lineage_of,
    list_ancestors,
    list_children,
    note_round,
    rounds_of,
)
from storage.samples import add_samples
from tests.conftest import fill, make_sample


def evolution(name: str, parent: str, number: int) -> Evolution:
    return Evolution(name, parent, 1, "constraints", number, f"key-{name}")


@pytest.fixture
def family(workspace):
    """s0 was evolved into a and b, and a into c."""
    fill(workspace, 2)
    for name, parent, number in (("a", "s0", 1), ("b", "s0", 1), ("c", "a", 2)):
        with workspace.database.transaction() as cursor:
            add_evolutions(cursor, [evolution(name, parent, number)])
            add_samples(cursor, [(make_sample(name, "seed0"), "m")])
    return workspace


def test_a_family_is_read_in_both_directions(family):
    with family.database.read() as cursor:
        assert [one.parent_id for one in list_ancestors(cursor, "c")] == ["a", "s0"]
        assert list_ancestors(cursor, "s0") == []
        assert [one.sample_id for one in list_children(cursor, "s0")] == ["a", "b"]
        lineage = lineage_of(cursor, ["s0", "c", "s1", "unknown"])
        assert rounds_of(cursor, ["s0", "b", "c"]) == {"b": 1, "c": 2}
    assert lineage["c"][0]["root_id"] == "s0" and lineage["c"][1] == []
    assert lineage["s0"] == (None, ["a", "b"])
    assert lineage["s1"] == lineage["unknown"] == (None, [])


def test_taking_an_evolution_in_again_changes_nothing(family):
    with family.database.transaction() as cursor:
        add_evolutions(cursor, [evolution("c", "s1", 3)])
        assert [one.parent_id for one in list_ancestors(cursor, "c")] == ["a", "s0"]


def test_a_circle_in_damaged_rows_ends(family):
    with family.database.transaction() as cursor:
        cursor.execute("update evolutions set parent_id = 'c' where sample_id = 'a'")
        assert len(list_ancestors(cursor, "c")) == 2


def test_what_followed_a_round_is_noted_once(family):
    with family.database.transaction() as cursor:
        assert get_round(cursor, "evolve-1") is None
        note_round(cursor, "evolve-1", next_job=None, sentence="No more.")
        note_round(cursor, "evolve-1", next_job="evolve-2")
        assert get_round(cursor, "evolve-1") == (None, "No more.")
