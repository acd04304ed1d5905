"""Answers too large to be kept: what stays of them, and that judging such a check again is exact all the same."""

import pytest
from tiny import assignment, opened

from grader.examination.transcript import LARGE_BYTES, Transcript, large_in
from grader.sandbox.process import ProcessSandbox

CELL = "import numpy as np\ndef f(n):\n    return np.arange(n, dtype=np.float32)\ndef g():\n    return 3"


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment())
    yield slot
    slot.close()


def read(part):
    transcript = Transcript()
    transcript.read(part)
    return transcript


def asked(submission):
    student = submission.check("test_one")
    return [student.g(), student.f(100_000).tolist(), student.f(200_000).tolist(), student.g()]


@pytest.fixture
def evidence(sandbox):
    """What was asked and answered: two small answers, one of 400 kB and one of 800 kB; the last is left out."""
    with opened(sandbox, CELL) as submission:
        asked(submission)
        transcript = submission.channel.transcript
        whole = transcript.part(["load", "test_one"])
        transcript.bound(500_000)
        return whole, transcript.part(["load", "test_one"])


def test_the_largest_answers_go_until_the_rest_fits(evidence):
    whole, bounded = evidence
    assert len(whole) > 1_200_000 and 400_000 < len(bounded) < 500_000
    [left] = read(bounded).left_out["test_one"].values()
    assert left.size > 800_000
    assert left.words == "ndarray float32 (200000,), from 0.0 to 199999.0, beginning with 0.0, 1.0, 2.0, 3.0, 4.0, 5.0"
    again = read(bounded)
    again.bound(500_000)
    assert again.part(["load", "test_one"]) == bounded == read(bounded).part(["load", "test_one"])
    assert read(whole).left_out == {}


def test_asked_again_it_answers_alike_and_what_is_kept_then_is_the_same(sandbox, evidence):
    _, bounded = evidence
    with opened(sandbox, CELL, transcript=read(bounded)) as again:
        assert asked(again)[2] == list(range(200_000))
        assert (again.channel.opened, again.channel.replayed) == (1, 4)  # the cells, and three answers of the check
        assert again.channel.transcript.otherwise == []
        again.channel.transcript.bound(500_000)
        assert again.channel.transcript.part(["load", "test_one"]) == bounded


def test_another_answer_than_the_one_that_was_left_out_is_noticed(sandbox, evidence):
    _, bounded = evidence
    changed = read(bounded)
    [(key, left)] = changed.left_out["test_one"].items()
    changed.left_out["test_one"][key] = left.__class__(bytes(32), left.size, left.words)
    with opened(sandbox, CELL, transcript=changed) as again:
        asked(again)
        assert again.channel.transcript.otherwise == ["test_one"]


def test_it_is_known_where_in_a_part_the_large_answers_are(evidence):
    whole, bounded = evidence
    for part, many in ((whole, 2), (bounded, 1)):
        found = large_in(part)
        replies = [said.reply for of in read(part).checks.values() for said in of.values()]
        assert [part[begin:end] for begin, end in found] == [reply for reply in replies if len(reply) >= LARGE_BYTES]
        assert len(found) == many and len(part) - sum(end - begin for begin, end in found) < 2000
