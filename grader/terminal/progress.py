"""How a batch goes, on stderr: a bar and what each worker is busy with on a screen, now and then a line elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.languages.formats import figure
from grader.languages.translating import speaking, spoken, tr
from grader.marks.marksheet import clean
from grader.terminal.tables import cut, padded, width_of
from grader.terminal.telling import say

if TYPE_CHECKING:
    from rich.text import Text

LINE_EVERY_S = 60.0  # the longest that finished work goes unmentioned where lines are written
MOST_WORKERS = 8  # that are shown with what they are busy with
BAR, LEAST_BAR = 40, 8  # columns; a shorter one says nothing that the percentage does not say
NAME = 40  # columns of what a worker is busy with
DONE, TO_DO = "\u2501", "\u2500"  # a heavy and a light line: told apart without colour


@contextmanager
def progress(total: int, title: str, workers: Sequence[str], quiet: bool = False) -> Iterator[Progress]:
    """Show on stderr how far a batch of `total` submissions is; `workers` are names by slot. Nothing where quiet."""
    shown = (Progress if quiet else _Live if is_screen() else _Lines)(total, title, workers)
    try:
        yield shown
    finally:
        shown.end()


def is_screen() -> bool:
    """Whether stderr is a terminal that can go back over what it shows."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


class Progress:
    """How far a batch is, how fast, and what every worker is busy with. By itself it shows nothing."""

    def __init__(
        self, total: int, title: str, workers: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.total, self.title, self.workers, self.clock = total, clean(title), workers, clock
        self.started, self.finished, self.ran = clock(), 0, 0
        self.now: dict[int, tuple[str, float]] = {}  # slot -> what it is busy with, and since when

    def busy(self, slot: int, what: str) -> None:
        """A worker begins something, or (an empty text) has nothing to do."""
        if what:
            self.now[slot] = (clean(what), self.clock())
        else:
            self.now.pop(slot, None)

    def done(self, what: str, again: bool = False) -> None:
        """One more is done; again: nothing had to be run for it."""
        self.finished += 1
        self.ran += not again

    def end(self) -> None:
        """Leave the screen as it is to stay."""

    @property
    def percent(self) -> int:
        return 100 * self.finished // self.total if self.total else 100

    def facts(self) -> Iterator[str]:
        """How far, how long it will take if it goes on like this, how fast: what is worth most comes first."""
        yield f"{self.percent} %"
        yield tr("{n} of {all}", n=self.finished, all=self.total)
        passed_s = self.clock() - self.started
        if self.ran and passed_s > 0:
            if self.finished < self.total:
                yield tr("{time} left", time=duration(passed_s / self.ran * (self.total - self.finished)))
            yield rate(self.ran / passed_s)

    def summary(self) -> str:
        known = {"n": self.finished, "all": self.total, "time": duration(self.clock() - self.started)}
        done = tr("{n} of {all} submissions done in {time}", **known)
        before = self.finished - self.ran
        return done + (tr(", {n} graded before", n=before) if before else "")


def duration(seconds: float) -> str:
    """A time in words: 40 s, 13 min, 2 h 5 min."""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def rate(per_second: float) -> str:
    """How many in a minute, or in an hour where that is less than one."""
    minute = 60 * per_second
    if minute < 1:
        return tr("{n} an hour", n=f"{60 * minute:.0f}")
    return tr("{n} a minute", n=figure(f"{minute:.{0 if minute >= 10 else 1}f}"))


# ---------------------------------------------------------------------------------------------------- no screen


class _Lines(Progress):
    """A line for every tenth of the batch, and once a minute where that takes longer."""

    said, said_at = 0, float("-inf")

    def done(self, what: str, again: bool = False) -> None:
        super().done(what, again)
        if self.percent // 10 > self.said // 10 or self.clock() - self.said_at >= LINE_EVERY_S:
            self.said, self.said_at = self.percent, self.clock()
            say(tr("{facts}; the last: {what}", facts=", ".join(self.facts()), what=what))

    def end(self) -> None:
        say(self.summary())


# ---------------------------------------------------------------------------------------------------- a screen


def head_line(shown: Progress, width: int) -> str:
    """Title, bar and facts in one line: as many facts as fit, and a bar where there is room left."""
    title = cut(shown.title, width // 3)
    line = ""
    for fact in shown.facts():
        longer = f"{line}  {fact}".strip()
        if width_of(title) + 2 + width_of(longer) > width:
            break
        line = longer
    room = min(width - width_of(title) - width_of(line) - 4, BAR)
    full = room * shown.percent // 100
    bar = DONE * full + TO_DO * (room - full) if room >= LEAST_BAR else ""
    return "  ".join(filter(None, (title, bar, line)))


def busy_lines(shown: Progress, width: int, most: int) -> Iterator[str]:
    """A line for every worker; where these are too many, for those that are busy with one thing the longest."""
    now, names = dict(shown.now), shown.workers
    longest = sorted(range(len(names)), key=lambda slot: now.get(slot, ("", shown.clock()))[1])
    slots = sorted(longest if len(names) <= most else longest[: most - 1])
    left = max((width_of(names[slot]) for slot in slots), default=0)
    room = max(min(width - left - 14, NAME), 5)
    for slot in slots:
        what, since = now.get(slot, (tr("idle"), None))
        took = "" if since is None else duration(shown.clock() - since)
        yield f"  {padded(names[slot], left)}  {padded(cut(what, room), room)}{took:>10}".rstrip()
    if len(slots) < len(names):
        yield "  " + tr("and {n} more", n=len(names) - len(slots))


class _Live(Progress):
    """Lines at the end of the screen that change; what else is written to stderr stands above them."""

    def __init__(self, total: int, title: str, workers: Sequence[str]) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(total, title, workers)
        self.language = spoken()  # another thread draws the lines
        self.console = Console(stderr=True)
        self.live = Live(console=self.console, get_renderable=self.lines, transient=True, redirect_stdout=False)
        self.live.start()
        self.console.show_cursor(True)  # it is to be there after Ctrl-Z, and after a kill that nobody can catch

    def lines(self) -> Text:
        with speaking(self.language):
            return self._lines()

    def _lines(self) -> Text:
        from rich.text import Text

        width = self.console.width - 1  # whoever writes into the last column may find himself in the next line
        most = min(MOST_WORKERS, self.console.height - 3)
        text = Text(head_line(self, width), no_wrap=True, overflow="crop")
        text.highlight_regex(f"{DONE}+", "cyan")
        for line in busy_lines(self, width, most) if most > 1 else ():
            text.append(f"\n{line}", "dim")
        return text

    def end(self) -> None:
        self.live.stop()
        say(self.summary())
