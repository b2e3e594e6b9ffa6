import pytest

from storage.errors import WinnowError
from storage.reviews import Decision, add_decision, count_verdicts, list_decisions
from tests.conftest import fill


def decide(workspace, name, verdict, decision_id, undoes=None):
    decision = Decision(decision_id, name, verdict, "ada", undoes)
    with workspace.database.transaction() as cursor:
        return add_decision(cursor, decision)


def test_a_decision_sets_the_verdict_and_undo_restores_the_one_before(workspace):
    fill(workspace)
    assert decide(workspace, "s0", "accepted", "d1") == "accepted"
    assert decide(workspace, "s0", "rejected", "d2") == "rejected"
    assert decide(workspace, "s0", "undone", "d3", undoes="d2") == "accepted"
    assert decide(workspace, "s0", "undone", "d4", undoes="d1") == "undecided"
    with workspace.database.read() as cursor:
        rows = cursor.execute("select id, verdict from decisions order by position").fetchall()
    assert rows == [("d1", "accepted"), ("d2", "rejected"), ("d3", "undone"), ("d4", "undone")]


def test_a_decision_sent_twice_is_saved_once(workspace):
    fill(workspace)
    assert decide(workspace, "s1", "accepted", "same") == "accepted"
    assert decide(workspace, "s1", "accepted", "same") == "accepted"
    with workspace.database.read() as cursor:
        assert len(list_decisions(cursor)) == 1
        assert count_verdicts(cursor) == {"undecided": 2, "accepted": 1, "rejected": 0}


def test_a_skip_is_kept_but_decides_nothing(workspace):
    fill(workspace)
    assert decide(workspace, "s2", "skipped", "d1") == "undecided"
    with workspace.database.read() as cursor:
        assert [row["verdict"] for row in list_decisions(cursor)] == ["skipped"]


@pytest.mark.parametrize(
    ("name", "verdict", "undoes", "words"),
    [
        ("nobody", "accepted", None, "does not exist"),
        ("s0", "maybe", None, "is no decision"),
        ("s0", "undone", "d9", "not there to be undone"),
    ],
)
def test_bad_decisions_are_refused_in_one_sentence(workspace, name, verdict, undoes, words):
    fill(workspace)
    with pytest.raises(WinnowError, match=words):
        decide(workspace, name, verdict, "d1", undoes)
