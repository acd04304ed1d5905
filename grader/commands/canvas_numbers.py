"""The two numbers by which Canvas takes a page back: the account, and the file that was graded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.collect.archives import unfolded
from grader.collect.choosing import Wanted, notebook_of
from grader.collect.collection import Collected
from grader.collect.entries import Entry
from grader.collect.names import is_checkpoint, is_notebook
from grader.commands.collecting import search_for
from grader.errors import SubmissionError
from grader.languages.translating import mark
from grader.paths import Paths
from grader.record.store import Store
from grader.schema import Assignment, Submission

NO_FILE = mark("the download has no file of")
OF_A_GROUP = mark("the download has a group's file, whose page all of the group would read, of")
UNCERTAIN = mark("the download has a file that could be theirs or somebody else's, of")


@dataclass
class Numbers:
    """By student: the numbers of their account and of their file, or why there are none."""

    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)


def numbers_in(paths: Paths, assignment: Assignment, download: Path) -> Numbers:
    """The numbers of everybody with a submission on record, as Canvas's download has them.

    Nobody whose file is a group's: all of the group would read the page.
    """
    numbers = Numbers()
    search = search_for(paths, assignment, "canvas")
    with Collected(search, [download]) as collection, Store.open(paths.record, read_only=True) as store:
        theirs = collection.by_student()
        owners = Counter(account for of in theirs.values() for account in {each.person.account for each in of})
        current = store.current_digests(assignment.id)
        for student, digest in current.items():
            of_student = theirs.get(student, [])
            accounts = {each.person.account for each in of_student}
            account = next(iter(accounts), "")
            files = [file for each in of_student for file in each.upload.files if not file.refused]
            if len(accounts) > 1 or not (account.isascii() and account.isdigit()) and files:
                numbers.why[student] = UNCERTAIN
            elif owners[account] > 1:
                numbers.why[student] = OF_A_GROUP
            elif files:
                graded = store.submission(digest, student, assignment.id)
                numbers.found[student] = (int(account), _number_of(files, graded, search.wanted))
        others = current.keys() - numbers.found.keys() - numbers.why.keys()
        held = _likely(collection) if others else set()
        numbers.why |= {student: UNCERTAIN if student in held else NO_FILE for student in others}
    return numbers


def _likely(collection: Collected) -> set[str]:
    """Students whose a file may be that is nobody's for certain."""
    return {student for found in collection.found() if found.submission is None for student in found.row.near}


def _number_of(files: Sequence[Entry], graded: Submission, wanted: Wanted) -> int:
    """The number of the file that was graded; of the one that would be where none is the same any more."""
    opened = [replace(entry, rank=file.rank) for file in files for entry in _opened(file, files)]
    same = [entry for entry in opened if _is(entry, graded)]
    called = [entry for entry in same if entry.name == graded.filename]
    chosen, _ = notebook_of(opened, wanted)
    return max(entry.rank for entry in called or same or [chosen or files[-1]])


def _opened(file: Entry, files: Sequence[Entry]) -> Sequence[Entry]:
    """What a file holds where it is an archive, which is looked into as `collect` does: if there is no notebook."""
    notebooks = any(is_notebook(each.name) and not is_checkpoint(each.path) for each in files)
    return [file] if notebooks else unfolded((file,)).entries


def _is(entry: Entry, graded: Submission) -> bool:
    try:
        return entry.size_bytes == len(graded.content) and entry.read() == graded.content
    except SubmissionError:
        return False
