"""Find out who of the roster is meant: by downloads, by tables of platforms, by exports, all by these rules.

Only what fits exactly counts, and what fits two people counts for neither. An id or an address says more than a name:
where one is given that is not the student's, the name alone proves nothing. What is near is proposed, never taken.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from grader.course.sheets import Student
from grader.course.spreadsheet_ids import without_zeros
from grader.submission.text import letters

NAME, SWAPPED, INSIDE, RECODED = "name", "name, last name first", "id in its name", "name in another encoding"
ALIAS = "alias"
LOGIN = "e-mail name"  # what stands in front of the @ is a login nearly everywhere
MOST_PROPOSED = 3
NEAR = 0.6
ENCODINGS = (  # of Windows and of its zips, which are written in the older of the two
    "cp1252", "cp850", "cp1250", "cp852", "cp1251", "cp866", "cp1253", "cp737", "cp1254", "cp857", "cp1255", "cp862",
    "cp1256", "gb18030", "cp950", "cp932", "cp949",
)  # fmt: skip
ZIP_ENCODING = "cp437"  # in which names in a zip are read that do not say theirs
ZIP_BACKSLASH = "\u29f5"  # stands for the byte of a backslash that is half of a letter (Big5, Shift-JIS), no separator
_WORD = re.compile(r"[^\s_.()\[\],;-]+")
_LONG_ENOUGH, _DIGITS_ENOUGH = 4, 3  # letters and digits of an id that may be found inside a longer name
_APOSTROPHES = str.maketrans(dict.fromkeys("'\u2019\u2018\u02bc\u00b4`", ""))

Index = dict[str, set[str]]


@dataclass(frozen=True)
class Person:
    """Somebody as a platform calls them.

    keys: ids, logins and e-mail addresses: every one is this person's and nobody else's;  lms_id: a number of the
    platform, no other kind of id;  name: for people;  glued: the name without blanks
    texts: what may be an id, an address or a name, the surest first;  within: a text that an id may be part of
    account: what tells people apart at one place: two accounts are two people
    """

    name: str = ""
    keys: tuple[str, ...] = ()
    lms_id: str = ""
    glued: str = ""
    within: str = ""
    texts: tuple[str, ...] = ()
    account: str = ""

    def __str__(self) -> str:
        first = (*self.texts, *self.keys)[:1]
        return self.name or self.glued or (first[0] if first else self.within)

    @property
    def label(self) -> str:
        """What tells this person from another one of the same name."""
        return f"{self} ({self.account})" if self.account and self.account != str(self) else str(self)


@dataclass(frozen=True)
class Match:
    """Who is meant: the ids of one student, or of a group; none where nobody, or more than one, fits.

    how: by what;  sure: by something that nobody else has, not by a name;  doubt: why nobody was taken, if there is a
    reason to name;  near: ids that are likely
    """

    students: tuple[str, ...] = ()
    how: str = ""
    doubt: str = ""
    near: tuple[str, ...] = ()
    sure: bool = False


@dataclass
class _Found:
    """The students that something fits, by what it was found, and whom each of that names."""

    students: set[str] = field(default_factory=set)
    how: str = ""
    by: dict[str, set[str]] = field(default_factory=dict)

    def add(self, students: set[str], how: str) -> None:
        self.how = self.how or (how if students else "")
        self.students |= students
        if students:
            self.by[how] = self.by.get(how, set()) | students


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
            if not key:
                continue
            self._aliases[key] = tuple(dict.fromkeys((*self._aliases.get(key, ()), *ids)))
        self._by_key: dict[str, Index] = {"id": {}, "e-mail": {}, LOGIN: {}}
        self._by_lms_id: Index = {}
        self._by_name: Index = {}
        self._by_turned: Index = {}  # names whose last words stand first
        self._by_glued: Index = {}
        for student in students:
            self._enter(student)
        self._inner = {letter for student in students for letter in student.id if not letter.isalnum()}
        self._near = self._words_of_all()

    def name(self, student: str) -> str:
        known = self.students.get(student)
        return known.name if known else ""

    def match(self, person: Person, propose: bool = True) -> Match:
        """Who a person is. Where an id and a name are those of two different people, nobody is taken."""
        by_key = self._by_keys(person)
        settled = self._settled(person, (*person.keys, person.lms_id, person.label if person.account else ""))
        if settled:
            return Match(settled, ALIAS, sure=True)
        if len(by_key.students) > 1:
            return self._of_several(by_key)
        settled = self._settled(person, (person.name, person.glued, *person.texts, person.within))
        by_name = self._by_names(person)
        if settled and not by_key.students and by_name.students - set(settled):
            return self._doubtful(by_name.students | set(settled))  # an alias that is somebody else's name
        if settled and by_key.students <= set(settled):
            return Match(settled, ALIAS)
        if by_key.students:
            (who,) = by_key.students
            others = set(settled or by_name.students) - {who}
            if others and (settled or who not in by_name.students):
                other = min(others)
                return Match(doubt=f"its {by_key.how} is that of {who}, its name that of {other}", near=(who, other))
            foreign = self._foreign(person, who) if by_key.how == LOGIN else ""
            if foreign:
                return Match(doubt=f"its {LOGIN} is that of {who}, and {foreign} is not", near=(who,))
            alike = self._alike(who) if person.name and who not in by_name.students else ()
            if alike and not self._reached(person, who):
                why = f"its id is that of {who}, {alike[0]} differs by zeros alone, and its name is nobody's"
                return Match(doubt=why, near=(who, *alike)[:MOST_PROPOSED])
            return Match((who,), by_key.how, sure=True)
        for found in self._in_turn(person, by_name):
            if len(found.students) == 1:
                (who,) = found.students
                foreign = self._foreign(person, who) if found is by_name else ""
                if foreign:
                    return Match(doubt=f"its name is that of {who}, and {foreign} is not", near=(who,))
                return Match((who,), found.how)
            if found.students:
                return self._doubtful(found.students)
        return Match(near=self._proposed(person) if propose else ())

    def is_student(self, text: str) -> bool:
        """Whether a text alone says exactly who is meant."""
        return bool(text) and bool(self.match(Person(texts=(text,), within=text), propose=False).students)

    def is_login(self, text: str) -> bool:
        """Whether a text is an id, an address or the name in an address of exactly one student."""
        return bool(text) and len(self._by_keys(Person(keys=(text,))).students) == 1

    def _in_turn(self, person: Person, by_name: _Found) -> Iterator[_Found]:
        """What may tell who a person is where no id does, the surest first."""
        yield by_name
        for text in person.texts:
            found = self._by_keys(Person(keys=(text,), lms_id=text))
            named = self._by_names(Person(text))
            found.add(named.students, named.how)
            yield found
        yield _Found(self._inside(person.within), INSIDE)

    def _alike(self, who: str) -> tuple[str, ...]:
        """Other students whose ids are the same but for zeros, which spreadsheets take away."""
        short = without_zeros(folded(who))
        return tuple(sorted(each for each in self.students if each != who and without_zeros(folded(each)) == short))

    def _reached(self, person: Person, who: str) -> bool:
        """Whether an address or a platform's own number says that it is this student, whatever the id."""
        at = [self._by_key["e-mail"].get(folded(key), set()) for key in person.keys]
        at += [self._by_lms_id.get(folded(person.lms_id), set())] if person.lms_id else []
        return any(who in students for students in at)

    def _doubtful(self, students: set[str]) -> Match:
        return Match(doubt=f"{len(students)} students fit", near=tuple(sorted(students)))

    def _of_several(self, by_key: _Found) -> Match:
        """Of keys that name several students: which names whom, where each is one's."""
        ones = {how: next(iter(students)) for how, students in by_key.by.items() if len(students) == 1}
        for (how, who), (how2, other) in combinations(ones.items(), 2):
            if who != other:
                return Match(doubt=f"its {how} is that of {who}, its {how2} that of {other}", near=(who, other))
        return self._doubtful(by_key.students)

    # ------------------------------------------------------------------------------------------ what names a student

    def _enter(self, student: Student) -> None:
        keys = {"id": student.id, "e-mail": student.email, LOGIN: _login(student)}
        for kind, key in keys.items():
            if key:
                self._by_key[kind].setdefault(folded(key), set()).add(student.id)
        if student.lms_id:
            self._by_lms_id.setdefault(folded(student.lms_id), set()).add(student.id)
        for words in _spelt(student.name):
            self._by_name.setdefault(" ".join(words), set()).add(student.id)
            for turn in range(1, len(words)):
                self._by_turned.setdefault(" ".join(words[turn:] + words[:turn]), set()).add(student.id)
            for turn in range(len(words)):  # a platform may write the last name first, and glue all names together
                self._by_glued.setdefault("".join(words[turn:] + words[:turn]), set()).add(student.id)

    def _settled(self, person: Person, texts: Sequence[str]) -> tuple[str, ...]:
        return next((self._aliases[letters(text)] for text in texts if letters(text) in self._aliases), ())

    def _by_keys(self, person: Person) -> _Found:
        """Everybody whom one of the keys names, of whichever kind it is."""
        found = _Found()
        if person.lms_id:
            found.add(self._by_lms_id.get(folded(person.lms_id), set()), "LMS id")
        for kind, index in self._by_key.items():
            for key in person.keys:
                found.add(index.get(folded(key), set()), kind)
        return found

    def _by_names(self, person: Person) -> _Found:
        """Everybody who has the name, also with the last name first, without apostrophes or in another encoding."""
        found = self._named(person.name)
        if not found.students and not person.name.isascii():
            for name in _recoded(person.name):
                found.add(self._named(name).students, RECODED)
        if not found.students and person.glued:
            found.add(self._by_glued.get(letters(person.glued.translate(_APOSTROPHES)).replace(" ", ""), set()), NAME)
        return found

    def _named(self, name: str) -> _Found:
        found = _Found()
        for words in _spelt(name):
            found.add(self._by_name.get(" ".join(words), set()), NAME)
        if "," not in name:  # a comma says itself which name is the last
            for words in _spelt(name):
                found.add(self._by_turned.get(" ".join(words), set()), SWAPPED)
        return found

    def _foreign(self, person: Person, student: str) -> str:
        """What a person has that is not this student's; "" where nothing speaks against a name."""
        known = self.students[student]
        if person.lms_id and known.lms_id:  # it is not theirs, or it would have been found
            return f"the number {person.lms_id}"
        for key in person.keys:
            if folded(key) == folded(_login(known)):
                continue
            if "@" not in key:
                return f"the id {key}"
            if known.email or "@" in known.id:
                return f"the address {key}"
        return ""

    def _inside(self, text: str) -> set[str]:
        """Students whose whole id stands inside a longer name: a1_CS21B001_final.

        Not where it may be a part of a longer id: beside a sign that ids of this roster have, a number beside one, or
        behind a number and a dash.
        """
        found: set[str] = set()
        words = list(_WORD.finditer(text))
        for place, word in enumerate(words):
            id_like = len(word[0]) >= _LONG_ENOUGH and sum(map(str.isdigit, word[0])) >= _DIGITS_ENOUGH
            beside = [other[0] for other in words[max(place - 1, 0) : place] + words[place + 1 : place + 2]]
            signs = text[max(word.start() - 1, 0) : word.start()] + text[word.end() : word.end() + 1]
            numbered = re.search(r"(?:^|[^0-9A-Za-z])\d+-$", text[: word.start()]) is not None
            longer = numbered or (word[0].isdigit() and any(map(_has_digit, beside)))
            if id_like and not longer and not self._inner.intersection(signs):
                found |= self._by_key["id"].get(folded(word[0]), set())
        return found

    # ------------------------------------------------------------------------------------------ who may be meant

    def _words_of_all(self) -> dict[str, str]:
        near: dict[str, str] = {}
        for student in self.students.values():
            for text in (student.id, student.name, student.email.partition("@")[0]):
                if text:
                    near.setdefault(letters(text), student.id)
        for glued, ids in self._by_glued.items():
            near.setdefault(glued, min(ids))
        return near

    def _proposed(self, person: Person) -> tuple[str, ...]:
        """The students whose id or name is most like what stands there, the nearest first."""
        scores: dict[str, float] = {}
        for word in _WORD.findall(person.within):
            for student in self._by_key["id"].get(folded(word), set()):
                scores[student] = 1.0
        for text in {letters(text) for text in (*person.keys, *person.texts, person.name, person.glued) if text}:
            for close in difflib.get_close_matches(text, self._near, n=2 * MOST_PROPOSED, cutoff=NEAR):
                score = difflib.SequenceMatcher(None, text, close).ratio()
                student = self._near[close]
                scores[student] = max(scores.get(student, 0.0), score)
        return tuple(sorted(scores, key=lambda student: (-scores[student], student))[:MOST_PROPOSED])


def _login(student: Student) -> str:
    return student.email.partition("@")[0]


def folded(key: str) -> str:
    """An id or an address to compare by: case and blanks around it do not count."""
    return key.strip().casefold()


def first_name_first(name: str) -> str:
    """Lovelace, Ada -> Ada Lovelace."""
    last, comma, first = name.partition(",")
    return f"{first} {last}" if comma and "," not in first else name


def _spelt(name: str) -> list[list[str]]:
    """The words of a name, first name first; twice where it has apostrophes, which platforms keep, blank or drop."""
    ordered = first_name_first(name)
    spellings = [letters(ordered).split(), letters(ordered.translate(_APOSTROPHES)).split()]
    return [words for place, words in enumerate(spellings) if words and words not in spellings[:place]]


def _recoded(name: str) -> Iterator[str]:
    """What a name of a zip may be that was packed in the encoding of its own system and does not say so."""
    try:
        packed = name.replace(ZIP_BACKSLASH, "\\").encode(ZIP_ENCODING)
    except UnicodeEncodeError:
        return
    for encoding in ENCODINGS:
        try:
            yield packed.decode(encoding)
        except UnicodeDecodeError:
            continue


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
