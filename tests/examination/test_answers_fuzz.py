"""Stored replies of candidates, and replies made of them by chance: none makes a check ours, or is told without bounds.

The long test goes on for GRADER_FUZZ_S seconds and stores what fails in `tests/seeds/answers` (see `tests/fuzzing.py`).
"""

import time
from typing import Any

import fuzzing
import pytest
from forged import LOADED, OURS, TESTS, everything_shown, judged

from grader import wire

STORED = fuzzing.seeds("answers")


def decoded(frame: bytes) -> Any:
    return wire.decode(frame, lambda ref: ref)


def hold(reply: Any, name: str, test: str) -> None:
    """A reply, as the candidate of a function `name` gives it to a test, is judged as the student's."""
    outcome, message, notices = judged(LOADED, reply, name, TESTS[test])
    assert outcome not in OURS, message
    for text in (message, *notices):
        assert len(text) <= 1000 and text.isprintable(), text
    assert all(everything_shown(outcome, message))


@pytest.mark.parametrize("seed", sorted(STORED))
def test_a_stored_reply_is_judged_as_the_students(seed):
    reply = decoded(STORED[seed])
    for name in ("f", "g", "h"):
        for test in TESTS:
            hold(reply, name, test)


def test_there_are_stored_replies_of_every_form():
    forms = {key for frame in STORED.values() for key in decoded(frame)}
    assert {"value", "fault", "asked", "effects", "output"} <= forms


@pytest.mark.long
def test_replies_that_were_changed_by_chance_are_judged_as_the_students():
    chance, draw = fuzzing.drawn()
    known = [decoded(frame) for frame in STORED.values()]
    until, tried = time.monotonic() + fuzzing.FUZZ_S, 0
    while time.monotonic() < until:
        reply = chance.choice(known)
        for _ in range(chance.choice([1, 1, 2, 4])):
            changed = fuzzing.altered(chance, reply, known)
            reply = changed if type(changed) is dict and all(type(key) is str for key in changed) else reply
        try:
            frame = wire.encode({key: part for key, part in reply.items() if key != "id"})
        except wire.WireError:  # no candidate's encoder would send it
            continue
        try:
            hold(decoded(frame), chance.choice("fgh"), chance.choice(sorted(TESTS)))
        except BaseException:  # noqa: BLE001 - whatever it is, the reply is kept
            pytest.fail(f"draw {draw}: {fuzzing.keep('answers', frame)}", pytrace=True)
        tried += 1
    assert tried > fuzzing.FUZZ_S  # more than one in a second
