"""Look into a notebook before it is graded: what its student, or whoever collects, will want to know early."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from grader.collect.remarks import Remark, Weight, listed
from grader.course.releases import told
from grader.errors import SubmissionError
from grader.schema import Assignment, Submission
from grader.submission import notebook

_DEFINED = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)", re.MULTILINE)
NOTHING_ASKED = "it defines nothing that"
MOST_SAID = 5  # of the names of one notebook


def look_into(submission: Submission, assignment: Assignment, release: str = "") -> list[Remark]:
    """What is to be said of a submission, or why it cannot be read. Nothing is run. release: the current one"""
    try:
        book = notebook.read(submission.content, submission.filename)
    except SubmissionError as reason:
        return [Remark(str(reason), Weight.ASK)]
    return said_of(book, assignment, release)


def defines_nothing(submission: Submission, assignment: Assignment) -> bool:
    """Whether the assignment asks for names and none is defined here, or nearly; so it is with what cannot be read."""
    try:
        defined = notebook.definitions(notebook.read(submission.content, submission.filename))
    except SubmissionError:
        defined = {}
    return bool(assignment.names) and not _any_defined(defined, assignment.names)


def _any_defined(defined: Collection[str], asked: Collection[str]) -> bool:
    others = [name for name in defined if name not in asked]
    return any(name in defined or notebook.nearest(name, others) for name in asked)


def said_of(book: notebook.Notebook, assignment: Assignment, release: str = "") -> list[Remark]:
    """What reading it said, names that are nearly right, names that are defined more than once."""
    notices = [notice for notice in book.notices if not (assignment.by_hand_alone and notice == notebook.NO_CODE)]
    remarks = [Remark(notice, Weight.MENDED if _mends(notice) else Weight.NOTE) for notice in told(notices, release)]
    asked = {name: question.id for question in assignment.questions for name in question.names}
    about = [] if _has_each_once(book, asked) else _about_names(notebook.definitions(book), asked, assignment.id)
    more = [Remark(f"and {len(about) - MOST_SAID} more names")] if len(about) > MOST_SAID else []
    return [*remarks, *about[:MOST_SAID], *more]


def _mends(notice: str) -> bool:
    """Whether a notice tells of a file that is not as it should be, and not of one cell."""
    return not notice.startswith("cell ")


def _has_each_once(book: notebook.Notebook, asked: Collection[str]) -> bool:
    """Whether a look at the lines finds every name defined once: then there is nothing to say, and no need to parse."""
    found = Counter(name for cell in book.cells for name in _DEFINED.findall(cell.code))
    return all(found[name] == 1 for name in asked)


def _about_names(defined: dict[str, tuple[int, ...]], asked: Mapping[str, str], assignment: str) -> list[Remark]:
    """asked: name -> question"""
    others = [name for name in defined if name not in asked]
    remarks: list[Remark] = []
    twice: dict[tuple[int, ...], list[str]] = {}
    if asked and not _any_defined(defined, asked):
        return [Remark(f"{NOTHING_ASKED} {assignment} asks for; another assignment's notebook?", Weight.ASK)]
    for name, question in asked.items():
        cells = defined.get(name, ())
        near = notebook.nearest(name, others) if not cells else None
        if near is not None:
            what = f"looked for {name}; your notebook defines {near} (cell {defined[near][-1]})"
            remarks.append(Remark(f"{question}: {what}"))
        elif len(cells) > 1:
            twice.setdefault(cells, []).append(name)
    return [*remarks, *(Remark(_defined_in(cells, names, asked)) for cells, names in twice.items())]


def _defined_in(cells: tuple[int, ...], names: list[str], asked: Mapping[str, str]) -> str:
    """What is said, last of all, of names that the same cells define."""
    where = f"{', '.join(map(str, cells[:-1]))} and {cells[-1]}"
    questions = ", ".join(dict.fromkeys(asked[name] for name in names))
    what = f"{listed(names)} {'is' if len(names) == 1 else 'are'} defined in cells {where}"
    return f"{questions}: {what}; the last one counts"
