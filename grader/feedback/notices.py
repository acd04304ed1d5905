"""What a page says besides the questions: what became of the file, where there are no marks, and the receipt."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from grader.collect.times import shown, stated
from grader.feedback.parts import Source, Stage
from grader.feedback.plain_words import LOADING, OwnWords, cut
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.marks.marksheet import clean
from grader.schema import FLAWED, TAKEN_FOR, Attempt, Question, digest_of
from grader.submission import magic_lines

MOST_IGNORED = 8
_BINDS = re.compile(r"(?P<names>[A-Za-z_][^=!%]*?)[ \t]*=[ \t]*[%!]")
PRINTED_LINES, PRINTED_CHARS = 40, 4000  # of what the cells printed


def explanation(stage: Stage, source: Source) -> Iterator[str]:
    """What to know and to do where there are no marks."""
    if stage is Stage.UNREADABLE and source.grading is not None:
        name = clean(source.handed_in.filename)
        notice = clean(source.grading.attempt.notices[-1]) if source.grading.attempt.notices else ""
        what, _, advice = notice.removeprefix(f"{name}: ").partition("; ")
        what = recorded(what) or tr("it is of an unknown form")
        yield tr("No notebook could be read from your file {file}: {what}.", file=cut(name, 80), what=what)
        advice = recorded(advice) or tr("open your notebook, see that it works, save it, and hand that file in")
        yield tr("What to do: {advice}.", advice=advice)
        yield _worth_nothing(bool(source.changes))
    if stage is Stage.DEFERRED:
        yield tr("The grading of your submission is not finished: the grading machine failed, not your code.")
        yield tr("Nothing was lost: your file is on record (see the receipt) and will be graded. You need do nothing.")
    if stage is Stage.OUTDATED:
        yield tr(
            "Your submission is being graded again: the points of the assignment were changed after it was graded."
        )
        yield tr("Nothing was lost: your file is on record (see the receipt). You need do nothing.")
    if stage is Stage.WAITING:
        yield tr("Your submission is on record (see the receipt) and was not graded yet. You need do nothing.")
    if stage is Stage.NOTHING:
        yield tr("There is no file of yours for this assignment. What the staff gave all the same stands above.")
        yield tr("If you handed something in, ask the staff about it, with the receipt that you were given.")


def _worth_nothing(given: bool) -> str:
    """What a file that cannot be read is worth. given: the staff gave points, or a comment, all the same"""
    if given:
        return tr(
            "As it is, the file is worth 0 points; what the staff gave all the same stands above. "
            "Whether a readable one may still be handed in, the staff can tell."
        )
    return tr(
        "As it is, the file is worth 0 points. Whether a readable one may still be handed in, the staff can tell."
    )


def notices(source: Source, attempt: Attempt, own: OwnWords) -> Iterator[str]:
    """What the student should know about the file: what was mended, raised, taken for something, left out."""
    for notice in attempt.notices:
        if notice.startswith(FLAWED):
            continue
        if notice.startswith(LOADING):
            yield f"Your notebook could not be run to its end: {cut(clean(notice.removeprefix(LOADING)), 300)}"
        else:
            yield cut(re.sub(r"<(cell \d+)>", r"\1", clean(notice)), 300)
    for question in source.assignment.questions:
        yield from _about_names(question, own, source.course.close_names == "grade")
    ignored = [(cell.number, line) for cell in own.notebook.cells for line in cell.ignored if not cell.experiment]
    ignored.sort(key=lambda one: not _is_missed(one[1]))  # what is missed first
    for number, line in ignored[:MOST_IGNORED]:
        yield f"cell {number}: {cut(clean(line), 80)} {_left_out(line)}"
    if len(ignored) > MOST_IGNORED:
        yield f"{len(ignored) - MOST_IGNORED} more lines that are no Python were left out"
    if own.experiments:
        yield f"not run, because marked as experiments: {_cells(sorted(own.experiments))}"


def _is_missed(line: str) -> bool:
    """Whether a line that was left out would have bound a name or brought a file."""
    return bool(_BINDS.match(line)) or magic_lines.fetches(line) or line.startswith("%run")


def _left_out(line: str) -> str:
    bound = _BINDS.match(line)
    if bound:
        return f"is no Python and was left out: {cut(bound['names'], 40)} is {'empty' if '!' in line else 'None'} there"
    if magic_lines.fetches(line):
        return "was left out: there is no network when it is graded; hand in the file that it fetches"
    if line.startswith("%run"):
        return "was left out: another notebook is not run; hand in its code as a .py file"
    return "is no Python and was left out"


def _about_names(question: Question, own: OwnWords, close_names: bool) -> Iterator[str]:
    for name in question.names:
        close = None if name in own.defined or not close_names else own.near(name)
        if close:
            yield f"{question.id}: {close} (cell {own.defined[close][-1]}) {TAKEN_FOR} {name}"


def _cells(numbers: Collection[int]) -> str:
    shown = [str(number) for number in numbers][:20]
    more = f" and {len(numbers) - 20} more" if len(numbers) > 20 else ""
    return f"cell{'s' if len(numbers) > 1 else ''} {', '.join(shown)}{more}"


def receipt(source: Source) -> Iterator[tuple[str, str]]:
    handed_in, grading = source.handed_in, source.grading
    if not handed_in.digest:
        yield tr("File"), tr("none")
        return
    yield tr("File"), tr("{file}, {n} bytes", file=cut(clean(handed_in.filename), 120), n=handed_in.size_bytes)
    yield tr("SHA-256 of the file"), handed_in.sha256
    yield tr("Submission"), handed_in.digest
    if handed_in.came:
        yield tr("Handed in"), _time(handed_in.came, source.course.timezone)
    if grading is None:
        return
    evidence = grading.attempt.evidence
    if grading.at:
        yield tr("Graded"), _time(grading.at, source.course.timezone)
    tests = [f"{question} {digest}".encode() for question, digest in sorted(evidence.tests)]
    yield tr("Tests, version"), digest_of(tests)[:16]
    yield tr("Grading image"), evidence.image
    yield tr("Device"), evidence.device


def _time(recorded: str, timezone: str) -> str:
    """A time of the record, which is ISO 8601 in UTC, for people: on the course's clock."""
    return shown(stated(recorded), timezone) + (f" ({timezone})" if timezone else "")


def tail(printed: str) -> str:
    """The end of what the cells printed."""
    lines = printed.rstrip().split("\n")
    text = "\n".join(cut(line, 200) for line in lines[-PRINTED_LINES:])
    left_out = len(lines) > PRINTED_LINES or len(text) > PRINTED_CHARS
    return f"...\n{text[-PRINTED_CHARS:]}" if left_out else text
