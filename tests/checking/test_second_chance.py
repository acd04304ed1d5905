"""When a training has a second chance, and what decides then."""

import math

import pytest

from grader.checking import margins
from grader.checking.compare import Mismatch
from grader.checking.second_chance import best_of_two
from grader.errors import AuthoringError


def trained(*scores):
    """The scores of two trainings, and the turns that were asked for."""
    turns = []

    def score(turn):
        turns.append(turn)
        return scores[turn]

    return score, turns


@pytest.mark.parametrize(
    ("scores", "bound", "trainings"),
    [
        pytest.param((0.9, 0.0), {"low": 0.9}, 1, id="reached"),
        pytest.param((0.875, 0.9), {"low": 0.9}, 2, id="reached by the second"),
        pytest.param((0.1, 0.5), {"high": 0.1}, 1, id="reached from above"),
        pytest.param((0.125, 0.1), {"high": 0.1}, 2, id="reached from above by the second"),
    ],
)
def test_a_bound_is_reached_by_one_of_two(scores, bound, trainings):
    score, turns = trained(*scores)
    best_of_two(score, **bound, narrow=0.03, says="too low")
    assert turns == [0, 1][:trainings]


@pytest.mark.parametrize(
    ("scores", "tries", "trainings"),
    [
        pytest.param((0.9,), 3, 1, id="reached"),
        pytest.param((0.88, 0.1, 0.91), 3, 3, id="a second one far off ends nothing"),
        pytest.param((0.88, 0.95), 3, 2, id="as soon as one reaches it"),
    ],
)
def test_there_are_as_many_tries_as_are_given(scores, tries, trainings):
    score, turns = trained(*scores)
    best_of_two(score, low=0.9, narrow=0.03, says="too low", tries=tries)
    assert turns == [0, 1, 2][:trainings]


@pytest.mark.parametrize(("tries", "trainings"), [(1, 1), (2, 2), (3, 3)])
def test_the_tries_come_to_an_end(tries, trainings):
    score, turns = trained(0.88, 0.89, 0.875, 0.95)
    with pytest.raises(Mismatch, match="too low"):
        best_of_two(score, low=0.9, narrow=0.03, says="too low", tries=tries)
    assert turns == list(range(trainings))


@pytest.mark.parametrize(
    ("scores", "bound", "trainings"),
    [
        pytest.param((0.5, 0.95), {"low": 0.9}, 1, id="far off"),
        pytest.param((0.88, 0.89), {"low": 0.9}, 2, id="missed twice"),
        pytest.param((0.5, 0.05), {"high": 0.1}, 1, id="far off from above"),
        pytest.param((0.12, 0.11), {"high": 0.1}, 2, id="missed twice from above"),
        pytest.param((math.nan, 0.95), {"low": 0.9}, 1, id="NaN"),
    ],
)
def test_whoever_misses_by_more_or_twice_is_told_so(scores, bound, trainings):
    score, turns = trained(*scores)
    with pytest.raises(Mismatch, match="too low"):
        best_of_two(score, **bound, narrow=0.03, says="too low")
    assert turns == [0, 1][:trainings]


def test_an_audit_sees_the_better_score_beside_its_bound():
    with margins.noted() as seen:
        best_of_two(trained(0.88, 0.93)[0], low=0.9, narrow=0.03, says="too low")
    assert [(margin.value, margin.low) for margin in seen] == [(0.93, 0.9)]


@pytest.mark.parametrize(
    "options", [{}, {"low": 0.1, "high": 0.9}, {"low": 0.1, "narrow": -1.0}, {"low": 0.1, "tries": 0}]
)
def test_an_author_gives_one_bound(options):
    with pytest.raises(AuthoringError, match="best_of_two takes low or high"):
        best_of_two(trained(0.5)[0], **{"narrow": 0.1, **options}, says="too low")
