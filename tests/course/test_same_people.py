"""One person takes part in a competition once, under however many ids of the roster."""

from __future__ import annotations

import pytest

from grader.course.same_people import mailbox, one_person_once
from grader.course.sheets import Student
from grader.course.teams import Team
from grader.errors import AuthoringError

ROSTER = [
    Student("ann", "Ann", "ann@example.org"),
    Student("bob", "Bob"),
    Student("ann2", "Ann", "Ann+late@Example.org"),
    Student("cy", "Cy", "cy@example.org"),
    Student("dee", "Dee"),
]
RED, BLUE = Team("red", ("ann", "cy")), Team("blue", ("ann2", "bob"))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Ann@Example.org", "ann@example.org"),
        ("ann+two+3@example.org", "ann@example.org"),
        ("", ""),
        ("ann", ""),
        ("a.nn@example.org", "a.nn@example.org"),
    ],
)
def test_what_is_one_mailbox(address: str, expected: str):
    assert mailbox(address) == expected


def test_ids_of_one_mailbox_are_one_entrant_and_nobody_without_an_address_is():
    found = one_person_once({}, ["kaggle"], ROSTER)
    assert {who: team.students for who, team in found["kaggle"].items()} == dict.fromkeys(
        ("ann", "ann2"), ("ann", "ann2")
    )


def test_a_team_has_all_ids_of_its_members_in_competitions_alone():
    teams = {"kaggle": dict.fromkeys(RED.students, RED), "a1": dict.fromkeys(RED.students, RED)}
    found = one_person_once(teams, ["kaggle"], ROSTER)
    assert found["kaggle"]["ann2"].students == found["kaggle"]["cy"].students == ("ann", "cy", "ann2")
    assert found["a1"] == teams["a1"]


def test_one_person_in_two_teams_is_refused():
    teams = {"kaggle": dict.fromkeys(RED.students, RED) | dict.fromkeys(BLUE.students, BLUE)}
    with pytest.raises(AuthoringError, match="ann and ann2 have one mailbox .* teams red and blue of kaggle"):
        one_person_once(teams, ["kaggle"], ROSTER)
