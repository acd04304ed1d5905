"""From what was seen of many submissions to findings: what has one cause is one finding, with whom it concerns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MUTE = (
    "can fail without a word to the student, who never sees what an assertion or pytest.fail says; "
    "use require(condition, text)"
)
TRUSTS = "; array, number and unpack make an answer safe to calculate with"
_RAISED = re.compile(r"\w+Error: ")
_PLACE = re.compile(r"\((\S+, line \d+)\)$")


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be: what it is about (a check, a submission), what happened, to whom."""

    about: str
    says: str
    submissions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """One thing that one submission showed. `check` is the hidden test, "" where it is none's.

    submission: "" for what is seen of a test without one
    """

    kind: str  # one of the functions below, by its name
    check: str
    submission: str
    detail: str = ""


def findings(seen: list[Seen]) -> list[Finding]:
    """One for every cause, in the order of KINDS and, within one, in that of `seen`."""
    return [finding for kind, found in KINDS.items() for finding in found([row for row in seen if row.kind == kind])]


def of_machine(seen: list[Seen]) -> Iterator[Finding]:
    """A fault of ours beside the tests; the same words are the same fault."""
    for detail, rows in _grouped(seen, lambda row: row.detail):
        yield Finding("the machine", f"a fault of ours: {detail}", _submissions(rows))


def broken(seen: list[Seen]) -> Iterator[Finding]:
    """A hidden test fails by itself: what goes wrong at one place of it is one cause, whatever exceptions it raises."""
    for (check, _), rows in _grouped(seen, lambda row: (row.check, _place(row.detail))):
        who = _submissions(rows)
        trusts = "" if "reference" in who or not _RAISED.match(rows[0].detail) else TRUSTS
        yield Finding(check, f"fails by itself: {rows[0].detail}{trusts}", who)


def stopped(seen: list[Seen]) -> Iterator[Finding]:
    """A cell of a known submission does not run: what it should define is what stood there before, the reference's."""
    for detail, rows in _grouped(seen, lambda row: row.detail):
        who = _submissions(rows)
        yield Finding(
            "the reference" if "reference" in who else who[0], f"{detail}; what it defines is not graded", who
        )


def loses(seen: list[Seen]) -> Iterator[Finding]:
    """What is right loses a check: the check's fault where several lose it, else that of the submission."""
    yield from _by_check_or_submission(seen, "what is right loses it")


def elsewhere(seen: list[Seen]) -> Iterator[Finding]:
    """A wrong solution loses a check of another question than its own."""
    yield from _by_check_or_submission(seen, "wrong solutions of other questions lose it")


def uncalled(seen: list[Seen]) -> Iterator[Finding]:
    """A test judges a method itself; rows without a submission say which."""
    for check, rows in _grouped(seen, lambda row: row.check):
        read = list(dict.fromkeys(row.detail for row in rows if row.detail)) or ["what it compares"]
        says = f"{' or '.join(read)} is a method or function that was not called; call it"
        yield Finding(check, says, _submissions(rows))


def unprinted(seen: list[Seen]) -> Iterator[Finding]:
    """A test forbids what the text of its question does not name."""
    for check, rows in _grouped(seen, lambda row: row.check):
        names = ", ".join(dict.fromkeys(row.detail for row in rows))
        yield Finding(check, f"forbids {names}, which the text of its question does not name; name it there, in code")


def passes(seen: list[Seen]) -> Iterator[Finding]:
    """What must fail a check passes it: no answer at all, or a wrong solution whose header names the check."""
    for check, rows in _grouped(seen, lambda row: row.check):
        yield Finding(check, "is passed by what must fail it", _submissions(rows))


def unknown(seen: list[Seen]) -> Iterator[Finding]:
    """The header of a wrong solution names what is no check of its question."""
    for (check, detail), rows in _grouped(seen, lambda row: (row.check, row.detail)):
        yield Finding(check, detail, _submissions(rows))


def harmless(seen: list[Seen]) -> Iterator[Finding]:
    """A wrong solution that loses nothing at all."""
    for row in seen:
        yield Finding(row.submission, row.detail)


def mute(seen: list[Seen]) -> Iterator[Finding]:
    """A check fails and the student reads nothing of why."""
    for check, rows in _grouped(seen, lambda row: row.check):
        yield Finding(check, MUTE, _submissions(rows))


def tells(seen: list[Seen]) -> Iterator[Finding]:
    """What a student reads of a failed check holds numbers that may be hidden ones."""
    for check, rows in _grouped(seen, lambda row: row.check):
        says = f"shows the student numbers, of the hidden inputs or of what is expected: {rows[0].detail!r}"
        yield Finding(check, says, _submissions(rows))


KINDS: dict[str, Callable[[list[Seen]], Iterator[Finding]]] = {
    function.__name__: function
    for function in (of_machine, broken, stopped, uncalled, loses, elsewhere, unprinted, passes, unknown, harmless,
                     mute, tells)
}  # fmt: skip


def _by_check_or_submission(seen: list[Seen], says: str) -> Iterator[Finding]:
    """One finding for a check that several submissions show; what is left, one for each submission."""
    alone = []
    for check, rows in _grouped(seen, lambda row: row.check):
        if len(_submissions(rows)) > 1:
            yield Finding(check, f"{says} ({_most_said(rows)})", _submissions(rows))
        else:
            alone += rows
    for submission, rows in _grouped(alone, lambda row: row.submission):
        lost = {row.check: row.detail for row in rows}
        yield Finding(submission, f"loses {', '.join(f'{check} ({detail})' for check, detail in lost.items())}")


def _grouped(seen: Iterable[Seen], key: Callable[[Seen], Any]) -> Iterable[tuple[Any, list[Seen]]]:
    groups: dict[Any, list[Seen]] = {}
    for row in seen:
        groups.setdefault(key(row), []).append(row)
    return groups.items()


def _submissions(rows: list[Seen]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.submission for row in rows if row.submission))


def _most_said(rows: list[Seen]) -> str:
    details = [row.detail for row in rows]
    return max(details, key=details.count)


def _place(detail: str) -> str:
    """The file and line that an exception's words end with; without them, the words."""
    found = _PLACE.search(detail)
    return found[1] if found else detail
