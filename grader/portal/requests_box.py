"""Questions that students ask about their marks, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grader.errors import UsageError
from grader.languages.translating import tr
from grader.portal.database import Database, now, read, written


@dataclass(frozen=True)
class Asked:
    """One request. granted: what was done, in words; "" where nothing was, None while it is open"""

    id: int
    student: str
    assignment: str
    question: str
    about: str
    text: str
    made: datetime
    answer: str | None = None
    granted: str | None = None
    who: str = ""

    @property
    def open(self) -> bool:
        return self.answer is None


COLUMNS = (
    "requests.id, student, assignment, question, about, requests.text, requests.made, answers.text, granted, who"
    " FROM requests LEFT JOIN answers ON request = requests.id"
)


def of_student(database: Database, student: str) -> list[Asked]:
    rows = database.select(f"SELECT {COLUMNS} WHERE student = ? ORDER BY requests.id DESC", student)
    return [_asked(*row) for row in rows]


def open_requests(database: Database) -> list[Asked]:
    """What waits for an answer, the oldest first."""
    return [_asked(*row) for row in database.select(f"SELECT {COLUMNS} WHERE request IS NULL ORDER BY requests.id")]


def answered(database: Database, most: int = 100) -> list[Asked]:
    rows = database.select(f"SELECT {COLUMNS} WHERE request IS NOT NULL ORDER BY requests.id DESC LIMIT ?", most)
    return [_asked(*row) for row in rows]


def find(database: Database, request: int) -> Asked | None:
    rows = database.select(f"SELECT {COLUMNS} WHERE requests.id = ?", request)
    return _asked(*rows[0]) if rows else None


def counts(database: Database) -> list[tuple[str, str, str, int]]:
    """(assignment, question, about, requests), those asked about most first: many requests mean a bad check."""
    return database.select(
        "SELECT assignment, question, about, count(*) FROM requests GROUP BY assignment, question, about"
        " ORDER BY count(*) DESC, assignment, question, about LIMIT 20"
    )


def ask(database: Database, most: int, student: str, assignment: str, question: str, about: str, text: str) -> int:
    """Ask. Raises UsageError where a student has as many open requests as are allowed."""
    with database.transaction():
        there = [each for each in of_student(database, student) if each.open]
        if len(there) >= most:
            raise UsageError(
                tr("you have {n} open requests, which is the limit; wait for an answer to one", n=len(there))
            )
        return database.insert(
            "requests",
            student=student,
            assignment=assignment,
            question=question,
            about=about,
            text=text,
            made=written(now()),
        )


def answer(database: Database, request: int, text: str, granted: str, who: str) -> None:
    """Answer, once. Raises UsageError where somebody else was quicker."""
    with database.transaction():
        if database.select("SELECT 1 FROM answers WHERE request = ?", request):
            raise UsageError(tr("somebody answered this request meanwhile; open it again"))
        database.insert("answers", request=request, text=text, granted=granted, who=who, made=written(now()))


def _asked(
    number: int,
    student: str,
    assignment: str,
    question: str,
    about: str,
    text: str,
    made: str,
    answer: str | None,
    granted: str | None,
    who: str | None,
) -> Asked:
    return Asked(number, student, assignment, question, about, text, read(made), answer, granted, who or "")
