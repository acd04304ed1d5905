"""Reading what students uploaded, in a process of its own: what a file does to its reader is no matter to the server.

Nothing of a notebook is run. A reader that takes too long, or ends, is replaced; the file is then taken unread.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.bookkeeping.asked import released
from grader.collect.choosing import Wanted
from grader.collect.disk import entry
from grader.collect.handed_in import submission_in
from grader.collect.names import checked_path
from grader.collect.remarks import Weight
from grader.course import releases
from grader.course.config import read_assignment
from grader.errors import GraderError, SubmissionError
from grader.paths import Paths
from grader.schema import Submission
from grader.submission.program import looked_at

LONGEST_S = 20.0
UNREAD = "It could not be looked at here. It is taken all the same; grading will say what is wrong with it."
MOST_LINES = 400


@dataclass(frozen=True)
class Looked:
    """What was found in an upload. lines: as `validate` says them;  complete: nothing is missing, nothing to be said"""

    lines: tuple[str, ...]
    complete: bool
    submission: Submission | None


class Readers:
    """A few reader processes, each for one file at a time."""

    def __init__(self, root: Path, number: int = 2) -> None:
        self._root = root
        self._idle: list[_Reader] = []
        self._free = threading.Semaphore(number)
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Begin one reader: the first student is not to wait for it."""
        with self._lock:
            self._idle.append(_Reader(self._root))

    def look(self, file: Path, filename: str, student: str, assignment: str, words: bool = True) -> Looked:
        """What is in an uploaded file, and (words) what there is to say of it."""
        with self._free:
            with self._lock:
                reader = self._idle.pop() if self._idle else None
            reader = reader or _Reader(self._root)
            looked = reader.look(file, filename, student, assignment, words)
            if looked is None:
                reader.end()
                return Looked((UNREAD,), False, None)
            with self._lock:
                self._idle.append(reader)
            return looked

    def close(self) -> None:
        for reader in self._idle:
            reader.end()
        self._idle = []


class _Reader:
    def __init__(self, root: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_read, args=(theirs, root), daemon=True)
        self._process.start()
        theirs.close()

    def look(self, *wanted: object) -> Looked | None:
        try:
            self._pipe.send(wanted)
            if not self._pipe.poll(LONGEST_S):
                return None
            looked: Looked = self._pipe.recv()
            return looked
        except (EOFError, OSError):
            return None

    def end(self) -> None:
        self._pipe.close()
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.join()


def _read(pipe: Connection, root: Path) -> None:
    """A reader's life: until the server is gone."""
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            pipe.send(looked(Paths(root), *pipe.recv()))


def looked(paths: Paths, file: Path, filename: str, student: str, assignment_id: str, words: bool = True) -> Looked:
    """Read one upload. A file that is no notebook is a submission all the same, and the lines say what it is."""
    assignment = read_assignment(paths, assignment_id)
    names = frozenset(name for question in assignment.questions for name in question.names)
    uploaded = entry(file, called(filename), file.stat().st_size)
    release = releases.current(paths, assignment_id)
    submission, remarks = submission_in((uploaded,), student, assignment, Wanted(assignment_id, names), release)
    if submission is None or not words:
        return Looked(tuple(f"  note: {remark.text}" for remark in remarks), False, submission)
    lines = [f"  note: {remark.text}" for remark in remarks if remark.weight is not Weight.NOTE]
    try:
        with TemporaryDirectory() as empty:
            beside = Path(empty)
            for name, _ in submission.extras:
                with contextlib.suppress(OSError):  # a name that no file system takes
                    (beside / name).parent.mkdir(parents=True, exist_ok=True)
                    (beside / name).touch()
            asked = released(paths, assignment_id)
            said, code = looked_at(beside / Path(submission.filename).name, submission.content, asked)
    except GraderError as reason:
        return Looked((str(reason),), False, submission)
    seen = dict.fromkeys([*said, *lines])
    return Looked(tuple(seen)[:MOST_LINES], code == 0, submission)


def called(filename: str, otherwise: str = "notebook.ipynb") -> str:
    """A browser's name for a file as one that can be kept; it is never a path."""
    bare = filename.replace("\\", "/").rsplit("/", 1)[-1]
    try:
        return checked_path(bare)[:200]
    except SubmissionError:
        return otherwise
