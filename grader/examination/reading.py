"""A submission that no hidden test judges: whether it can be read is all there is to find out."""

from __future__ import annotations

from grader.errors import SubmissionError
from grader.examination.task import Examined, Task
from grader.schema import Status
from grader.submission import notebook


def read_only(task: Task) -> Examined:
    """The notices of a notebook; UNREADABLE with the reason where it is none."""
    try:
        book = notebook.read(task.submission.content, task.submission.filename)
    except SubmissionError as error:
        return Examined(Status.UNREADABLE, notices=(str(error),))
    return Examined(Status.GRADED, notices=book.notices)
