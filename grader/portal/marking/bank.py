"""Comments that are used again: a list for each question, which everybody of the staff adds to."""

from __future__ import annotations

from dataclasses import dataclass

from grader.errors import UsageError
from grader.languages.translating import tr
from grader.portal.database import Database, now, written

MOST_ENTRIES, MOST_TEXT = 200, 1000
SHOWN = 70  # characters of an entry where one is chosen


@dataclass(frozen=True)
class Entry:
    id: int
    text: str
    who: str

    @property
    def short(self) -> str:
        line = " ".join(self.text.split())
        return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}\u2026"


def entries(database: Database, assignment: str, question: str) -> list[Entry]:
    """What there is to choose from, in order of the words."""
    rows = database.select(
        "SELECT id, text, bank.who FROM bank LEFT JOIN bank_ends ON entry = id"
        " WHERE (assignment, question) = (?, ?) AND entry IS NULL",
        assignment,
        question,
    )
    return sorted((Entry(*row) for row in rows), key=lambda each: each.text.casefold())


def keep(database: Database, assignment: str, question: str, text: str, who: str) -> None:
    """Add a comment, unless it is there. Raises UsageError for one that is too long, or too many."""
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not text or len(text) > MOST_TEXT:
        raise UsageError(
            tr("a comment of the bank has 1 to {most} characters, this one has {n}", most=MOST_TEXT, n=len(text))
        )
    with database.transaction():
        there = entries(database, assignment, question)
        if any(each.text == text for each in there):
            return
        if len(there) >= MOST_ENTRIES:
            raise UsageError(
                tr("the bank of {question} has {n} comments; take one out first", question=question, n=MOST_ENTRIES)
            )
        database.insert("bank", assignment=assignment, question=question, text=text, who=who, made=written(now()))
        database.note(who, f"added a comment to the bank of {question}, {assignment}", text)


def take_out(database: Database, assignment: str, question: str, entry: int, who: str) -> None:
    """Offer a comment no more; where it was used it stays."""
    with database.transaction():
        found = [each for each in entries(database, assignment, question) if each.id == entry]
        if not found:
            raise UsageError(tr("this comment is not in the bank any more"))
        database.insert("bank_ends", entry=entry, who=who, made=written(now()))
        database.note(who, f"took a comment out of the bank of {question}, {assignment}", found[0].text)
