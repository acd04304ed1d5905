"""Colour: only where somebody looks at a terminal, and nothing is told by it alone."""

import io
import re

import pytest

from grader.languages.translating import speaking
from grader.schema import Status
from grader.terminal import colour
from grader.terminal.endings import ended
from grader.terminal.screen import findings_table
from grader.terminal.tables import table

TEXT = table(["student", "points"], [["ada", "9"], ["bob", "unreadable"], ["cy", "7"]]) + "\n  ok  2 passed: a; b\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch):
    for name in ("NO_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    yield
    colour.choose("auto")


@pytest.mark.parametrize(
    ("choice", "name", "value", "on_terminal", "on_file"),
    [
        ("auto", "", "", True, False),
        ("auto", "NO_COLOR", "1", False, False),
        ("auto", "NO_COLOR", "", True, False),
        ("auto", "TERM", "dumb", False, False),
        ("auto", "CLICOLOR_FORCE", "1", True, True),
        ("always", "NO_COLOR", "1", True, True),
        ("never", "CLICOLOR_FORCE", "1", False, False),
    ],
)
def test_who_decides(monkeypatch, choice, name, value, on_terminal, on_file):
    if name:
        monkeypatch.setenv(name, value)
    colour.choose(choice)
    assert (colour.is_shown_on(Terminal()), colour.is_shown_on(io.StringIO())) == (on_terminal, on_file)


def test_painted_text_is_the_same_text():
    shown = colour.painted(TEXT)
    assert re.sub(r"\x1b\[\d+m", "", shown) == TEXT
    assert "\x1b[1mstudent" in shown and "\x1b[33munreadable" in shown and "\x1b[32m  ok " in shown


def test_a_state_stands_out_in_every_language():
    with speaking("de"):
        rows = [["ada", ended(state)] for state in (Status.UNREADABLE, Status.OUTDATED, Status.DEFERRED, Status.GRADED)]
        shown = colour.painted(table(["student", "points"], rows))
    assert re.findall(r"\x1b\[33m([^\x1b]+)", shown) == ["nicht lesbar", "veraltet", "zurückgestellt"]


def test_what_is_not_well_stands_out_in_words_and_colour():
    class Found:
        ok, about, says, advice = False, "docker", "not reachable", "start it"

    shown = colour.painted(findings_table([Found()]))
    assert "\x1b[31mno " in shown and "\x1b[33m" in shown


def test_a_file_gets_no_colour(capsys):
    colour.show(TEXT)
    assert capsys.readouterr().out == TEXT
