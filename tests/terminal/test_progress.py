"""How a batch goes: figures that hold, lines that fit, a screen that is left as it was found, and silence on demand."""

from __future__ import annotations

import io
import os
import re
import signal
import sys

import pexpect
import pytest
from tiny import RIGHT, ipynb, small_course

from grader import cli
from grader.paths import PACKAGE
from grader.terminal import progress as showing
from grader.terminal.progress import Progress, busy_lines, duration, head_line, rate
from grader.terminal.tables import width_of

NAMES = ["anna", "李小梅", "அருண்", "😀 smile", "cs101-with-a-rather-long-roll-number-of-one-person", "zoë"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def under_way(clock, workers=6, total=300):
    """A batch in its fifth minute: 60 of 300 were run, 30 more were known, and every worker is busy."""
    shown = Progress(total, "a1_mlp", [f"worker {n}" for n in range(1, workers + 1)], clock)
    for number in range(90):
        shown.done(f"s{number}", again=number < 30)
    for slot in range(workers):
        clock.now = 10.0 * slot
        shown.busy(slot, NAMES[slot % len(NAMES)])
    clock.now = 240.0
    return shown


# ---------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (99, "99 s"), (100, "2 min"), (794, "13 min"), (5970, "1 h 40 min"), (7500, "2 h 5 min")],
)
def test_a_time_is_said_in_words(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("per_second", "words"), [(2, "120 a minute"), (0.1, "6.0 a minute"), (0.001, "4 an hour")])
def test_a_rate_is_said_in_words(per_second, words):
    assert rate(per_second) == words


def test_what_was_graded_before_counts_as_done_and_makes_nothing_look_faster(clock):
    assert list(under_way(clock).facts()) == ["30 %", "90 of 300", "14 min left", "15 a minute"]


def test_nothing_is_foretold_before_anything_was_run_and_after_all_is_done(clock):
    shown = Progress(2, "a1_mlp", ["worker 1"], clock)
    shown.done("anna", again=True)
    clock.now = 5.0
    assert list(shown.facts()) == ["50 %", "1 of 2"]
    shown.done("ben")
    assert list(shown.facts()) == ["100 %", "2 of 2", "12 a minute"]
    assert shown.summary() == "2 of 2 submissions done in 5 s, 1 graded before"


def test_a_batch_of_nothing_is_done(clock):
    assert list(Progress(0, "a1_mlp", [], clock).facts()) == ["100 %", "0 of 0"]


# ---------------------------------------------------------------------------------------------------- a screen


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_screen_and_what_matters_most_is_left(clock, width):
    shown = under_way(clock)
    lines = [head_line(shown, width), *busy_lines(shown, width, 8)]
    assert max(map(width_of, lines)) <= width
    assert "30 %" in lines[0] and "14 min left" in lines[0]
    assert ("15 a minute" in lines[0], showing.DONE in lines[0]) == (width >= 80, width >= 80)


def test_a_line_for_each_worker_ends_in_one_column(clock):
    lines = list(busy_lines(under_way(clock), 80, 8))
    assert {width_of(line) for line in lines} == {62}
    assert lines[1].split() == ["worker", "2", "李小梅", "4", "min"]


def test_of_many_workers_those_are_shown_that_hang(clock):
    shown = under_way(clock, workers=30)
    shown.busy(3, "")
    shown.busy(3, "just begun")
    shown.busy(4, "")
    lines = list(busy_lines(shown, 80, 8))
    assert len(lines) == 8 and lines[-1] == "  and 23 more"
    assert [line.split()[1] for line in lines[:-1]] == ["1", "2", "3", "6", "7", "8", "9"]


def test_who_is_idle_is_said_to_be(clock):
    shown = Progress(3, "a1_mlp", ["gpu 0", "gpu 1"], clock)
    shown.busy(1, "anna")
    assert [line.split() for line in busy_lines(shown, 80, 8)] == [["gpu", "0", "idle"], ["gpu", "1", "anna", "0", "s"]]


def test_a_name_brings_no_escape_codes(clock):
    shown = Progress(3, "a\x1b[2J", ["worker 1"], clock)
    shown.busy(0, "\x1b]0;title\x07eve")
    assert not {"\x1b", "\x07"} & set("".join([head_line(shown, 80), *busy_lines(shown, 80, 8)]))


# ---------------------------------------------------------------------------------------------------- lines


def lines_of(clock, total, seconds_each, capsys):
    shown = showing._Lines(total, "a1_mlp", ["worker 1"], clock)
    for number in range(total):
        clock.now += seconds_each
        shown.done(f"s{number}")
    shown.end()
    return capsys.readouterr().err.splitlines()


def test_elsewhere_there_is_a_line_for_each_of_a_few_and_for_every_tenth_of_many(clock, capsys):
    assert len(lines_of(clock, 5, 1, capsys)) == 5 + 1
    told = lines_of(clock, 300, 0.1, capsys)
    assert len(told) == 1 + 10 + 1  # the first says that it goes
    assert told[1] == "grader: 10 %, 30 of 300, 27 s left, 600 a minute; the last: s29"
    assert told[-1] == "grader: 300 of 300 submissions done in 30 s"


def test_elsewhere_nobody_waits_longer_than_a_minute_for_a_line(clock, capsys):
    told = lines_of(clock, 300, 20, capsys)
    assert 95 <= len(told) <= 115


# ---------------------------------------------------------------------------------------------------- the commands

SLEEPY = "import time\ntime.sleep({})"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course, and what three students handed in; the last one's notebook takes its time."""
    made = small_course(tmp_path / "course")
    folder = tmp_path / "in"
    folder.mkdir()
    for student, seconds in (("anna", 0), ("李小梅", 0.1), ("zoë", 15)):
        (folder / f"{student}.ipynb").write_bytes(ipynb(*RIGHT, SLEEPY.format(seconds)))
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADER_COURSE", str(made.root))
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    return folder


def grade(folder, *options, **environment):
    """The real command in a terminal of 80 columns."""
    words = ["-m", "grader.cli", "grade", "tiny", str(folder), "--sandbox", "process", "--workers", "2", *options]
    env = {**os.environ, "TERM": "xterm-256color", **environment}
    return pexpect.spawn(sys.executable, words, env=env, dimensions=(24, 80), encoding="utf-8", timeout=60)


def left_on_screen(written):
    """The lines that stay, of a terminal that understands going up, erasing a line, and going back to its beginning."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part.endswith("A") and part[0] == "\x1b":
            row -= int(part[2:-1])
        elif part.endswith("K") and part[0] == "\x1b":
            lines[row] = ""
        elif part[0] not in "\x1b\r":
            lines[row] += part
    return [line for line in lines if line]


def is_cursor_visible(written):
    return not written.count("\x1b[?25l") or written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_ctrl_c_leaves_the_screen_in_order_and_the_cursor_visible(course):
    terminal = grade(course)
    terminal.logfile_read = io.StringIO()
    terminal.expect("2 of 3")
    terminal.expect("zoë")
    terminal.send(chr(3))
    terminal.expect(pexpect.EOF)
    terminal.close()
    text = terminal.logfile_read.getvalue()
    assert terminal.exitstatus == 130
    assert "worker 1" in text and "李小梅" in text
    assert is_cursor_visible(text)
    stays = left_on_screen(text)
    assert not any("worker" in line for line in stays)
    assert stays[-1] == "grader: interrupted: 2 graded, 1 left; the same command goes on from here"
    assert "2 of 3 submissions done" in stays[0]


def test_a_kill_leaves_the_cursor_visible(course):
    terminal = grade(course)
    terminal.expect("zoë")
    seen = terminal.before
    terminal.kill(signal.SIGKILL)
    assert is_cursor_visible(seen)
    terminal.close()


@pytest.mark.parametrize(
    ("environment", "coloured", "changing"),
    [({}, True, True), ({"NO_COLOR": "1"}, False, True), ({"TERM": "dumb"}, False, False)],
)
def test_colour_and_what_moves_are_for_those_who_want_it(course, environment, coloured, changing):
    (course / "zoë.ipynb").unlink()
    terminal = grade(course, **environment)
    written = terminal.read()
    terminal.close()
    assert terminal.exitstatus == 0 and "2 of 2 submissions done" in written
    assert (re.search(r"\x1b\[[\d;]*3\dm", written) is not None) == coloured
    assert ("\x1b" in written) == changing


def test_quiet_says_nothing_beside_the_document(course, capsys):
    (course / "zoë.ipynb").unlink()
    assert cli.main(["grade", "tiny", str(course), "--sandbox", "process", "--json", "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.err == "" and said.out.startswith("{")
    assert cli.main(["regrade", "tiny", "--sandbox", "process", "--json", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
