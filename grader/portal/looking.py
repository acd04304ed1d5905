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
from grader.collect.checking import said_of
from grader.collect.choosing import Wanted
from grader.collect.disk import entry
from grader.collect.handed_in import taken
from grader.collect.names import checked_path
from grader.collect.remarks import Weight
from grader.course import releases
from grader.course.config import read_assignment
from grader.errors import GraderError, SubmissionError
from grader.paths import Paths
from grader.schema import Submission
from grader.submission import notebook
from grader.submission.program import looked_at

LONGEST_S = 20.0
UNREAD = "It could not be looked at here. It is taken all the same; grading will say what is wrong with it."
MOST_LINES = 400


@dataclass(frozen=True)
class Looked:
    """What was found in an upload. lines: as `validate` says them;  submission: where no more than that was wanted"""

    lines: tuple[str, ...]
    submission: Submission | None = None


class Readers:
    """A few reader processes, each for one file at a time."""

    def __init__(self, root: Path, number: int = 2) -> None:
        self._root = root
        self._idle: list[_Reader] = []
        self._number, self._free = number, threading.Semaphore(number)
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Begin the readers: the first students are not to wait for them."""
        with self._lock:
            self._idle += (_Reader(self._root) for _ in range(self._number - len(self._idle)))

    def look(self, file: Path, filename: str, student: str, assignment: str, words: bool = True) -> Looked:
        """What there is to say of an uploaded file, else (words=False) what is in it."""
        with self._free:
            with self._lock:
                reader = self._idle.pop() if self._idle else None
            reader = reader or _Reader(self._root)
            looked = reader.look(file, filename, student, assignment, words)
            if looked is None:
                reader.end()
                return Looked((UNREAD,))
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
    """Read one upload, its notebook once. A file that is none is a submission all the same, and the lines say so."""
    assignment = read_assignment(paths, assignment_id)
    names = frozenset(assignment.names)
    uploaded = entry(file, called(filename), file.stat().st_size)
    found = taken((uploaded,), student, assignment, Wanted(assignment_id, names))
    submission, remarks = found.submission, found.remarks
    if submission is None or not words:
        return Looked(tuple(f"  note: {remark.text}" for remark in remarks), submission)
    try:
        book = notebook.read(submission.content, submission.filename)
        remarks = [*remarks, *said_of(book, assignment, releases.current(paths, assignment_id))]
        with TemporaryDirectory() as empty:
            beside = Path(empty)
            for name, _ in submission.extras:
                with contextlib.suppress(OSError):  # a name that no file system takes
                    (beside / name).parent.mkdir(parents=True, exist_ok=True)
                    (beside / name).touch()
            named = beside / Path(submission.filename).name
            said, _ = looked_at(named, submission.content, book, released(paths, assignment))
    except GraderError as reason:
        return Looked((str(reason),))
    notes = (f"  note: {remark.text}" for remark in remarks if remark.weight is not Weight.NOTE)
    seen = dict.fromkeys([*said, *notes])
    return Looked(tuple(seen)[:MOST_LINES])


def called(filename: str, otherwise: str = "notebook.ipynb") -> str:
    """A browser's name for a file as one that can be kept; it is never a path."""
    bare = filename.replace("\\", "/").rsplit("/", 1)[-1]
    try:
        return checked_path(bare)[:200]
    except SubmissionError:
        return otherwise
