"""Numbers that stand for students on the pages of marking, and who has which pile."""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.errors import UsageError
from grader.languages.translating import tr
from grader.portal.database import Database, now, written
from grader.record.judgements import Reading

LEAST, MOST = 100_000, 999_999  # numbers of papers; drawn by chance, so that their order says nothing
CHANCE = random.SystemRandom()


def numbers(database: Database, assignment: str, students: Iterable[str]) -> dict[str, int]:
    """Student -> the number of their paper; drawn for those who have none yet."""
    there = _known(database, assignment)
    new = [student for student in students if student not in there]
    if new:
        with database.transaction():
            there = _known(database, assignment)
            for student in (each for each in new if each not in there):
                number = _free(database)
                database.insert("papers", number=number, assignment=assignment, student=student, made=written(now()))
                there[student] = number
    return there


def student_of(database: Database, assignment: str, number: int) -> str | None:
    """Whose a paper is."""
    rows = database.select("SELECT student FROM papers WHERE (assignment, number) = (?, ?)", assignment, number)
    return rows[0][0] if rows else None


def _known(database: Database, assignment: str) -> dict[str, int]:
    return dict(database.select("SELECT student, number FROM papers WHERE assignment = ?", assignment))


def _free(database: Database) -> int:
    while True:
        number = LEAST + secrets.randbelow(MOST - LEAST + 1)
        if not database.select("SELECT 1 FROM papers WHERE number = ?", number):
            return number


# ---------------------------------------------------------------------------------------------------- piles


@dataclass(frozen=True)
class Piles:
    """Who is to mark what. first, second: (question, student) -> the marker's id"""

    first: Mapping[tuple[str, str], str]
    second: Mapping[tuple[str, str], str]

    def of(self, marker: str, question: str) -> set[str]:
        """The students of whom somebody reads a question first."""
        return {student for (asked, student), who in self.first.items() if (asked, who) == (question, marker)}

    def second_of(self, marker: str) -> set[tuple[str, str]]:
        """The (question, student) that somebody reads as the second."""
        return {pair for pair, who in self.second.items() if who == marker}


def piles(database: Database, assignment: str) -> Piles:
    """As they were dealt last; what was given back is nobody's."""
    found: dict[str, dict[tuple[str, str], str]] = {reading.value: {} for reading in Reading}
    for question, student, reading, marker in database.select(
        "SELECT question, student, reading, marker FROM piles WHERE assignment = ? ORDER BY id", assignment
    ):
        if marker:
            found[reading][(question, student)] = marker
        else:
            found[reading].pop((question, student), None)
    return Piles(found[Reading.FIRST.value], found[Reading.SECOND.value])


def by_student(students: Sequence[str], questions: Sequence[str], markers: Sequence[str]) -> dict[tuple[str, str], str]:
    """Each student's answers to one marker, by chance, as evenly as it goes."""
    shuffled = CHANCE.sample(list(students), len(students))
    return {
        (question, student): markers[place % len(markers)]
        for place, student in enumerate(shuffled)
        for question in questions
    }


def by_question(students: Sequence[str], markers: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """All answers to a question to one marker. markers: question -> marker"""
    return {(question, student): marker for question, marker in markers.items() for student in students}


def apart(
    dealt: Mapping[tuple[str, str], str], others: Mapping[tuple[str, str], str], markers: Sequence[str]
) -> dict[tuple[str, str], str]:
    """The same, so that nobody has an answer that they read as the other reader: it goes to another of the markers.

    Raises UsageError where there is no other.
    """
    found = dict(dealt)
    for pair in [pair for pair, marker in dealt.items() if others.get(pair) == marker]:
        free = [marker for marker in markers if marker != others[pair]]
        if not free:
            raise UsageError(
                tr("{who} is the second reader of some answers; tick somebody else, too", who=others[pair])
            )
        found[pair] = CHANCE.choice(free)
    return found


def size_of(text: str, there: int) -> int:
    """How many of so many: a number, or a share as 20 %; one at least. Raises UsageError."""
    digits = text.removesuffix("%").strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 6) or not int(digits):
        raise UsageError(tr("{text} is no size of a sample; write a number (10) or a share (20 %)", text=repr(text)))
    if not text.endswith("%"):
        return int(digits)
    if int(digits) > 100:
        raise UsageError(tr("{text} is more than there is", text=text))
    return max(1, -(-there * int(digits) // 100))


def draw(
    free: Sequence[str], size: int, first: Mapping[str, Collection[str]], markers: Sequence[str]
) -> dict[str, str]:
    """So many students by chance, each to one of the markers who does not read their answer first, evenly.

    first: student -> who has marked or will mark their answer;  raises UsageError where there is nobody for one
    """
    drawn: dict[str, str] = {}
    load = dict.fromkeys(markers, 0)
    for student in CHANCE.sample(list(free), len(free)):
        others = [marker for marker in markers if marker not in first.get(student, ())]
        if others and len(drawn) < size:
            least = min(others, key=lambda marker: (load[marker], CHANCE.random()))
            drawn[student], load[least] = least, load[least] + 1
    if len(drawn) < size:
        raise UsageError(
            tr("{n} answers can be read by somebody else than their first reader; tick more people", n=len(drawn))
        )
    return drawn


def deal(database: Database, assignment: str, dealt: Mapping[tuple[str, str], str], reading: Reading, who: str) -> int:
    """Keep who is to mark what from now on; returns how many changed hands.

    Raises UsageError where one would read an answer both first and second.
    """
    with database.transaction():
        there = piles(database, assignment)
        mine, others = (there.first, there.second) if reading is Reading.FIRST else (there.second, there.first)
        twice = [marker for pair, marker in dealt.items() if others.get(pair) == marker]
        if twice:
            raise UsageError(
                tr(
                    "{who} would read {n} answers twice; deal them to somebody else",
                    who=twice[0],
                    n=twice.count(twice[0]),
                )
            )
        changed = {pair: marker for pair, marker in dealt.items() if mine.get(pair, "") != marker}
        for (question, student), marker in changed.items():
            database.insert(
                "piles",
                assignment=assignment,
                question=question,
                student=student,
                reading=reading.value,
                marker=marker,
                who=who,
                made=written(now()),
            )
        return len(changed)


# ---------------------------------------------------------------------------------------------------- without names


def anonymous(database: Database, assignment: str) -> bool:
    """Whether names are hidden while an assignment is marked."""
    rows = database.select(
        "SELECT anonymous FROM marking_rules WHERE assignment = ? ORDER BY id DESC LIMIT 1", assignment
    )
    return bool(rows and rows[0][0])


def set_anonymous(database: Database, assignment: str, on: bool, who: str) -> None:
    with database.transaction():
        database.insert("marking_rules", assignment=assignment, anonymous=int(on), who=who, made=written(now()))
        database.note(who, f"{'hid' if on else 'showed'} names while {assignment} is marked", "")
