"""The submission in what one student handed in: the notebook, the files that go with it, what is to be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.collect import disk
from grader.collect.archives import unfolded
from grader.collect.checking import look_into
from grader.collect.choosing import Wanted, extras_of, notebook_of
from grader.collect.entries import DOWNLOAD, MIB, Entry, Refusal
from grader.collect.names import is_checkpoint, is_notebook
from grader.collect.remarks import MOST_LISTED, Remark, Weight
from grader.errors import SubmissionError
from grader.schema import Assignment, Submission

NO_FILE = Remark("no file was handed in: nothing is recorded", Weight.ASK)
MOST_SHOWN = 120  # letters of a path that is not read
EXTRAS_SHARE = 2  # of the sandbox's disk, this part at most is for files that were handed in


def submission_in(
    uploaded: tuple[Entry, ...], student: str, assignment: Assignment, wanted: Wanted, release: str = ""
) -> tuple[Submission | None, list[Remark]]:
    """The submission in uploaded files, looked into; None where no file can be read: somebody has to get it again."""
    found = taken(uploaded, student, assignment, wanted)
    if found.submission is None:
        return None, found.remarks
    seen = look_into(found.submission, assignment, release)
    if found.closed and any(remark.weight is Weight.ASK for remark in seen):
        seen = []  # why it could not be opened says more
    return found.submission, [*found.remarks, *seen]


def submission_of(
    folder: Path, student: str, assignment: Assignment, wanted: Wanted
) -> tuple[Submission | None, list[Remark]]:
    """The submission in a folder that is this student's, whatever its files are called; None where there is none.

    Only regular files are read, and nothing of the folder is copied. Raises UsageError if it cannot be opened.
    """
    inside = disk.folder(folder, DOWNLOAD)
    found = taken(inside.entries, student, assignment, wanted)
    return found.submission, [*_not_read(inside.refused), *found.remarks]


def _not_read(refused: Sequence[Refusal]) -> list[Remark]:
    """Files that were refused, the first few of many."""
    told = []
    for each in refused[:MOST_LISTED]:
        path = each.path if len(each.path) <= MOST_SHOWN else f"{each.path[: MOST_SHOWN - 12]}...{each.path[-9:]}"
        told.append(Remark(f"{path} is not read: {each.reason}", Weight.ASK))
    more = len(refused) - len(told)
    return [*told, Remark(f"and {more} more that are not read", Weight.ASK)] if more else told


@dataclass(frozen=True)
class Taken:
    """What is taken of uploaded files, and what is said of the choice. closed: an archive that could not be opened"""

    submission: Submission | None
    remarks: list[Remark]
    closed: bool = False


def taken(uploaded: tuple[Entry, ...], student: str, assignment: Assignment, wanted: Wanted) -> Taken:
    """The submission in uploaded files, not looked into; None where no file can be read."""
    has_notebook = any(is_notebook(file.name) and not is_checkpoint(file.path) for file in uploaded)
    inside = unfolded(uploaded) if not has_notebook else None
    files = uploaded if inside is None else inside.entries
    remarks = [Remark(str(refusal), Weight.ASK) for refusal in (inside.refused if inside else ())]
    chosen, about = notebook_of(files, wanted)
    remarks += about
    if chosen is None:
        return Taken(None, [*remarks, NO_FILE])
    try:
        content = chosen.read()
    except SubmissionError as reason:
        return Taken(None, [*remarks, Remark(f"{chosen.path} is not on record: {reason}", Weight.ASK)])
    most_bytes = assignment.limits.disk_mib * MIB // EXTRAS_SHARE
    extras, about = extras_of(files, chosen, most_bytes)
    submission = Submission(student, assignment.id, chosen.name, content, tuple(extras))
    closed = any(refusal.path == chosen.path for refusal in (inside.refused if inside else ()))
    return Taken(submission, [*remarks, *about], closed)
