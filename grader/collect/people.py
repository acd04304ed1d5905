"""Find out who of the roster is meant. Only what fits exactly counts; what is near is proposed, never taken."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.collect.names import letters
from grader.collect.uploads import Person
from grader.course.sheets import Student

INSIDE = "id in its name"
MOST_PROPOSED = 3
NEAR = 0.6
_WORD = re.compile(r"[^\s_.()\[\],;-]+")
_LONG_ENOUGH = 4  # letters of an id that may be found inside a longer name

Index = dict[str, set[str]]


@dataclass(frozen=True)
class Match:
    """Who is meant: the ids of one student, or of a group; none where nobody, or more than one, fits.

    how: by what;  doubt: why nobody was taken, if there is a reason to name;  near: ids that are likely
    """

    students: tuple[str, ...] = ()
    how: str = ""
    doubt: str = ""
    near: tuple[str, ...] = ()


class Roster:
    """Students by everything that names them. `known` is False for a course without a roster: anybody may hand in."""

    def __init__(
        self, students: Sequence[Student], aliases: Mapping[str, tuple[str, ...]] | None = None, known: bool = True
    ) -> None:
        self.students = {student.id: student for student in students}
        self.known = known
        self._aliases: dict[str, tuple[str, ...]] = {}
        for alias, ids in (aliases or {}).items():
            key = letters(alias)
            self._aliases[key] = tuple(dict.fromkeys((*self._aliases.get(key, ()), *ids)))
        self._by_key: dict[str, Index] = {"id": {}, "LMS id": {}, "e-mail": {}, "e-mail name": {}}
        self._by_lms_id: Index = {student.lms_id: {student.id} for student in students if student.lms_id}
        self._by_name: Index = {}
        self._by_glued: Index = {}
        for student in students:
            self._enter(student)
        self._near = self._words_of_all()

    def name(self, student: str) -> str:
        known = self.students.get(student)
        return known.name if known else ""

    def match(self, person: Person, propose: bool = True) -> Match:
        """Who a person is. Where an id and a name are those of two different people, nobody is taken."""
        settled = self._settled(person)
        if settled:
            return Match(settled, "alias")
        by_key, how = self._by_keys(person)
        by_name = self._by_names(person)
        if len(by_key) == 1 and len(by_name) == 1 and by_key != by_name:
            who, other = *by_key, *by_name
            return Match(doubt=f"its {how} is that of {who}, its name that of {other}", near=(who, other))
        for found, by in ((by_key, how), (by_name, "name"), (self._inside(person), INSIDE)):
            if len(found) == 1:
                return Match(tuple(found), by)
            if found:
                return Match(doubt=f"{len(found)} students fit", near=tuple(sorted(found))[:MOST_PROPOSED])
        return Match(near=self._proposed(person) if propose else ())

    def is_student(self, text: str) -> bool:
        """Whether a text alone says exactly who is meant."""
        return bool(text) and bool(self.match(Person(text, (text,), within=text), propose=False).students)

    def _enter(self, student: Student) -> None:
        keys = {
            "id": student.id,
            "LMS id": student.lms_id,
            "e-mail": student.email,
            "e-mail name": student.email.partition("@")[0],
        }
        for kind, key in keys.items():
            if key:
                self._by_key[kind].setdefault(key.casefold(), set()).add(student.id)
        words = letters(_first_name_first(student.name)).split()
        if words:
            self._by_name.setdefault(" ".join(words), set()).add(student.id)
        for turn in range(len(words)):  # a platform may write the last name first, and glue all names together
            self._by_glued.setdefault("".join(words[turn:] + words[:turn]), set()).add(student.id)

    def _settled(self, person: Person) -> tuple[str, ...]:
        for text in (*person.keys, person.name, person.glued, person.within):
            if text and letters(text) in self._aliases:
                return self._aliases[letters(text)]
        return ()

    def _by_keys(self, person: Person) -> tuple[set[str], str]:
        if person.lms_id in self._by_lms_id:
            return self._by_lms_id[person.lms_id], "LMS id"
        for key in person.keys:
            for kind, index in self._by_key.items():
                found = index.get(key.strip().casefold(), set())
                if found:
                    return found, kind
        return set(), ""

    def _by_names(self, person: Person) -> set[str]:
        named = self._by_name.get(letters(_first_name_first(person.name)), set()) if person.name else set()
        if named or not person.glued:
            return named
        return self._by_glued.get(letters(person.glued).replace(" ", ""), set())

    def _inside(self, person: Person) -> set[str]:
        """Students whose whole id stands inside a longer name: a1_CS21B001_final."""
        words = {word.casefold() for word in _WORD.findall(person.within)}
        found: set[str] = set()
        for word in words:
            if len(word) >= _LONG_ENOUGH and any(letter.isdigit() for letter in word):
                found |= self._by_key["id"].get(word, set())
        return found

    def _words_of_all(self) -> dict[str, str]:
        near: dict[str, str] = {}
        for student in self.students.values():
            for text in (student.id, student.name, student.email.partition("@")[0]):
                if text:
                    near.setdefault(letters(text), student.id)
        for glued, ids in self._by_glued.items():
            near.setdefault(glued, next(iter(sorted(ids))))
        return near

    def _proposed(self, person: Person) -> tuple[str, ...]:
        """The students whose id or name is most like what stands there, the nearest first."""
        scores: dict[str, float] = {}
        for text in {letters(text) for text in (*person.keys, person.name, person.glued) if text}:
            for close in difflib.get_close_matches(text, self._near, n=2 * MOST_PROPOSED, cutoff=NEAR):
                score = difflib.SequenceMatcher(None, text, close).ratio()
                student = self._near[close]
                scores[student] = max(scores.get(student, 0.0), score)
        return tuple(sorted(scores, key=lambda student: (-scores[student], student))[:MOST_PROPOSED])


def _first_name_first(name: str) -> str:
    """Lovelace, Ada -> Ada Lovelace."""
    last, comma, first = name.partition(",")
    return f"{first} {last}" if comma and "," not in first else name
