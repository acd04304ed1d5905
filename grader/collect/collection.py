"""From places to one row a student: what is graded, what was mended, who has to look at what, who is missing.

A hand-in whose student is not certain is held: it makes a row and no submission.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from grader.collect import layouts, places
from grader.collect.choosing import Wanted, upload_that_counts
from grader.collect.entries import refused_entry
from grader.collect.handed_in import NO_FILE, submission_in
from grader.collect.places import Place
from grader.collect.remarks import Remark, Weight, listed
from grader.collect.teammates import Theirs, about_team, with_teammates
from grader.collect.times import late_minutes, on_the_clock, shown, shown_late
from grader.collect.titles import by_title, not_read, under_others
from grader.collect.uploads import SITE, Hints, Known, Passed, Upload
from grader.course.extensions import Extension
from grader.course.people import ALIAS, INSIDE, RECODED, SWAPPED, Match, Person, Roster
from grader.course.teams import Team
from grader.errors import UsageError
from grader.schema import Assignment, Submission
from grader.submission.text import letters

AUTO = "auto"
NAMELESS = "its name holds no letter or digit: name it for its student"
UNLISTED = "not on the roster; taken because the file was named"
CALLED_LIKE_IT = "called like the assignment, which names no student: call it STUDENT.ipynb, or put it into STUDENT/"
MOST_PROPOSALS = 60  # people for whom likely students are looked up; more than that is another class's roster


class State(enum.Enum):
    """What became of a hand-in, or of a student without one."""

    READ = "read"
    MENDED = "mended"  # something was decided, and the row says what
    NEEDS_YOU = "needs you"  # collected, and a person should look
    MISSING = "missing"  # on the roster, and nothing was found
    UNKNOWN = "unknown"  # held: nobody knows whose it is; not graded


@dataclass(frozen=True)
class Row:
    """One student, or one hand-in that is nobody's. `student` is then what the platform calls them."""

    state: State
    student: str
    name: str = ""
    file: str = ""
    place: str = ""
    time: datetime | None = None
    marked_late: bool = False
    late_minutes: Decimal = Decimal(0)
    how: str = ""  # by what the student was found
    remarks: tuple[Remark, ...] = ()
    near: tuple[str, ...] = ()  # students that are likely, for an unknown one
    named: bool = True  # False of a hand-in whose name says nothing


@dataclass(frozen=True)
class Found:
    """One row, and what is to be recorded of it; None for what is held or missing."""

    row: Row
    submission: Submission | None = None


@dataclass(frozen=True)
class Source:
    """One place as it was read: its layout, its uploads, what belongs to nobody, what was refused."""

    place: str
    layout: str
    uploads: int
    left: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    single: bool = False
    of_one: str = ""  # the student whose folder the place is, by what is in it
    passed: tuple[tuple[str, tuple[str, ...]], ...] = ()  # titles that were not read, and who handed in under them


@dataclass(frozen=True)
class Search:
    """What is looked for, and by which rules."""

    assignment: Assignment
    roster: Roster
    wanted: Wanted
    layout: str = AUTO
    title: str = ""
    timezone: str = ""
    deadline: datetime | None = None
    anybody: bool = False  # single files are taken whoever's they are
    release: str = ""  # the current one of the assignment
    extended: Mapping[str, Extension] = field(default_factory=dict)  # by student
    teams: Mapping[str, Team] = field(default_factory=dict)  # by student

    def deadline_of(self, student: str) -> datetime | None:
        """Until when a student may hand in; None where there is no deadline."""
        return self.extended[student].deadline if student in self.extended else self.deadline


class Collected:
    """What the places hold, while the `with` block lasts. `sources`: how each was read; `found()`: a row for everybody.

    Entering raises UsageError for a place that cannot be used.
    """

    def __init__(self, search: Search, paths: Sequence[Path]) -> None:
        self.search = search
        self.sources: list[Source] = []
        self._paths = paths
        self._stack = ExitStack()
        self._uploads: list[Upload] = []
        self._passed: list[tuple[Passed, str]] = []  # with the place

    def __enter__(self) -> Collected:
        with self._stack:
            opened = places.opened(self._paths, self._stack)
            folders = [place.entries for place in opened.places if not place.packed and not place.single]
            singles = [place.entries for place in opened.places if place.single]
            repeated = layouts.plain.repeated(folders) | layouts.plain.repeated(singles)
            for place in opened.places:
                self._read(place, opened.known, repeated)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        self._stack.close()

    def found(self) -> Iterator[Found]:
        """Those who handed in, in order of id, read one after the other; then who is unknown."""
        theirs, unknown = self._by_student()
        alike = self._titles(alike_alone=True)
        for student in sorted({*theirs, *alike}):
            yield self._of_student(student, theirs.get(student, ()), [*map(not_read, alike.get(student, ()))])
        yield from (Found(row) for row in unknown)

    def other_titles(self) -> dict[str, list[str]]:
        """The titles that were passed over under which each student handed in."""
        return self._titles(alike_alone=False)

    def by_student(self) -> dict[str, list[Theirs]]:
        """The uploads of each student whose they certainly are; nothing is read of them."""
        return self._by_student()[0]

    # ------------------------------------------------------------------------------------------ uploads

    def _read(self, place: Place, known: Mapping[str, Mapping[str, Known]], repeated: frozenset[str]) -> None:
        search, hints = self.search, self._hints(place, repeated)
        entries = [*place.entries, *filter(None, map(refused_entry, place.refused))]  # whose they are is told, too
        layout = layouts.chosen(entries, hints)
        if search.layout != AUTO and not place.single:
            layout = layouts.LAYOUTS[search.layout]
        if layout is not layouts.FOLDER and not search.roster.known:
            raise UsageError(
                f"no roster.csv: {place.name} is a download of {layout.NAME}, which needs one to find its students by; "
                "write a CSV with the columns student, name, email (grader init makes an empty one), or make it of the "
                "platform's list of participants: grader roster import FILE"
            )
        reading = layout.read(entries, replace(hints, known=known.get(layout.NAME, {})))
        left = (entry.path for entry in reading.left if not entry.refused)
        refused = map(str, place.refused)
        of_one = "" if place.packed or not reading.of_one else place.folder if place.single else place.stem
        uploads = len(reading.uploads)
        titles = by_title(reading.passed)
        source = Source(place.name, layout.NAME, uploads, tuple(left), tuple(refused), place.single, of_one, titles)
        self.sources.append(source)
        self._passed += ((each, place.name) for each in reading.passed)
        self._uploads += (replace(upload, place=place.name) for upload in reading.uploads)

    def _hints(self, place: Place, repeated: frozenset[str]) -> Hints:
        return Hints(
            assignment=self.search.assignment.id,
            title=self.search.title or self.search.assignment.title,
            titled=bool(self.search.title),
            is_student=self.search.roster.is_student,
            roster=self.search.roster.known,
            is_login=self.search.roster.is_login,
            place=place.stem,
            packed=place.packed,
            single=place.single,
            repeated=repeated,
            folder=place.folder if self._says_whose(place, repeated) else "",
        )

    def _says_whose(self, place: Place, repeated: frozenset[str]) -> bool:
        """Whether the folder of a single file is a student's: by the roster; else where several lie in one each."""
        roster, assignment = self.search.roster, self.search.assignment.id
        return roster.is_student(place.folder) if roster.known else assignment in repeated

    def _by_student(self) -> tuple[dict[str, list[Theirs]], list[Row]]:
        """The uploads of each student, and rows for those that are nobody's."""
        theirs: dict[str, list[Theirs]] = {}
        unknown: dict[Person, Row] = {}
        for upload in self._uploads:
            for person in upload.people:
                match = self._match(person, upload, propose=len(unknown) < MOST_PROPOSALS)
                for student in match.students:
                    theirs.setdefault(student, []).append(Theirs(upload, person, match))
                if not match.students:
                    unknown.setdefault(person, _held(person, upload, match))
        for passed, place in self._passed:
            match = self.search.roster.match(passed.person)
            if passed.alike and not match.students:
                upload = Upload((passed.person,), (), place, remarks=(not_read(passed.title).text,))
                unknown.setdefault(passed.person, _held(passed.person, upload, match))
        for student, of_student in theirs.items():
            theirs[student], others = _of_one_person(of_student)
            match = _of_several(student, of_student)
            for each in others:
                held = _held(each.person, each.upload, match)
                unknown.setdefault(each.person, replace(held, student=each.person.label))
        found = {student: of_student for student, of_student in theirs.items() if of_student}
        found = dict(with_teammates(found, self.search.teams))
        return found, sorted(unknown.values(), key=lambda row: row.student)

    def _titles(self, alike_alone: bool) -> dict[str, list[str]]:
        titles: dict[str, list[str]] = {}
        for each, _ in self._passed:
            if each.alike or not alike_alone:
                for student in self.search.roster.match(each.person, propose=False).students:
                    titles.setdefault(student, []).append(each.title)
        return titles

    def _match(self, person: Person, upload: Upload, propose: bool) -> Match:
        roster = self.search.roster
        called = person.texts[-1] if person.texts else person.name
        if called.casefold() == self.search.assignment.id and not roster.is_student(called):
            return Match(doubt=CALLED_LIKE_IT)
        if not roster.known:
            name = str(person)
            return Match((name,), "name of the file or folder") if letters(name) else Match(doubt=NAMELESS)
        match = roster.match(person, propose)
        single = any(source.place == upload.place and source.single for source in self.sources)
        if not match.students and self.search.anybody and single and letters(str(person)):
            return Match((str(person),), UNLISTED)
        return match

    # ------------------------------------------------------------------------------------------ one student

    def _of_student(self, student: str, theirs: Sequence[Theirs], about_titles: Sequence[Remark]) -> Found:
        search = self.search
        if not theirs:
            return Found(Row(State.NEEDS_YOU, student, search.roster.name(student), remarks=tuple(about_titles)))
        uploads, refused = _without_refused([each.upload for each in theirs])
        moments = [on_the_clock(upload.when, search.timezone) for upload in uploads]
        order = [source.place for source in self.sources]
        upload, remarks = upload_that_counts(uploads, moments, order, search.wanted)
        own = [each for each in theirs if student in each.match.students]
        remarks += _about_person(own or [each for each in theirs if each.upload in uploads])
        remarks += about_team(search.teams.get(student), student, theirs, upload)
        remarks += (Remark(text, Weight.NOTE if upload.files else Weight.ASK) for text in upload.remarks)
        time = on_the_clock(upload.when, search.timezone)
        minutes = late_minutes(time, search.deadline_of(student))
        remarks += _about_time(time, upload.marked_late, minutes, search)
        remarks += [Remark(search.extended[student].words)] if student in search.extended else []
        nothing = [] if refused else [NO_FILE]
        submission, about_files = self._submission(student, upload) if upload.files else (None, nothing)
        remarks += [*refused, *about_files, *about_titles]
        row = Row(
            state=_state(remarks),
            student=student,
            name=search.roster.name(student),
            file=submission.filename if submission else "",
            place=upload.place,
            time=time,
            marked_late=upload.marked_late,
            late_minutes=minutes,
            how=theirs[-1].match.how,
            remarks=tuple(_in_order(remarks)),
        )
        return Found(row, submission)

    def _submission(self, student: str, upload: Upload) -> tuple[Submission | None, list[Remark]]:
        search = self.search
        return submission_in(upload.files, student, search.assignment, search.wanted, search.release)


def handed_in_at(row: Row, time: datetime, marked_late: bool, search: Search) -> Row:
    """The row with a time that is known from elsewhere, and what that says of lateness in place of what it said."""
    said_before = _about_time(row.time, row.marked_late, row.late_minutes, search)
    minutes = late_minutes(time, search.deadline_of(row.student))
    remarks = [remark for remark in row.remarks if remark not in said_before]
    remarks = _in_order([*_about_time(time, marked_late, minutes, search), *remarks])
    return replace(
        row, state=_state(remarks), time=time, marked_late=marked_late, late_minutes=minutes, remarks=tuple(remarks)
    )


def _about_time(time: datetime | None, marked_late: bool, minutes: Decimal, search: Search) -> list[Remark]:
    """What is to say about lateness. What the platform calls late and nobody can count is for a person."""
    if minutes:
        return [Remark(f"{shown_late(minutes)} late ({shown(time, search.timezone)})")]
    if not marked_late:
        return []
    why = "its time is not known" if time is None else "there is no deadline in course.toml"
    if time is not None and search.deadline is not None:
        why = f"it came {shown(time, search.timezone)}, before the deadline in course.toml"
    how = f"settle it in marks/status.csv with late_hours=... for {search.assignment.id}"
    return [Remark(f"marked late, and {why}: not counted as late; {how}", Weight.ASK)]


def _in_order(remarks: Iterable[Remark]) -> list[Remark]:
    """What a person must look at first."""
    return sorted(remarks, key=lambda remark: -remark.weight)


def _without_refused(uploads: Sequence[Upload]) -> tuple[list[Upload], list[Remark]]:
    """The uploads that may count, without the files that were refused; a person should look at each of those."""
    bare = [replace(each, files=tuple(file for file in each.files if not file.refused)) for each in uploads]
    refused = [file for each in uploads for file in each.files if file.refused]
    readable = [new for new, old in zip(bare, uploads, strict=True) if new.files or not old.files]
    return readable or bare, [Remark(f"{file.path} is not read: {file.refused}", Weight.ASK) for file in refused]


def _about_person(theirs: Sequence[Theirs]) -> Iterator[Remark]:
    """What was decided to find the student."""
    names = list(dict.fromkeys(str(each.person) for each in theirs))
    if len(names) > 1:
        yield Remark(f"there under several names: {listed(names)}", Weight.MENDED)
    how = {each.match.how for each in theirs}
    for by, words in ((INSIDE, "the id in"), (SWAPPED, "the last name first in"), (RECODED, "another encoding of")):
        if by in how:
            yield Remark(f"found by {words} {listed(names)}", Weight.MENDED)
    if UNLISTED in how:
        yield Remark(UNLISTED, Weight.MENDED)


def _of_one_person(theirs: Sequence[Theirs]) -> tuple[list[Theirs], list[Theirs]]:
    """The uploads of a student, and those of others who are only called so.

    Two accounts at one place are two people: the one whose id or address is the student's is the student, and so is
    each that an alias names.
    """
    accounts: dict[tuple[str, str], dict[str, bool]] = {}  # by place: account -> whether it is surely the student's
    for each in theirs:
        of_place = accounts.setdefault(_told_apart_at(each.upload), {})
        if account := each.person.account:
            of_place[account] = of_place.get(account, False) or each.match.sure
    kept: list[Theirs] = []
    others: list[Theirs] = []
    for each in theirs:
        of_place = accounts[_told_apart_at(each.upload)]
        sure = [account for account, surely in of_place.items() if surely]
        settled = each.match.sure and each.match.how == ALIAS
        (kept if len(of_place) <= 1 or settled or sure == [each.person.account] else others).append(each)
    return kept, others


def _told_apart_at(upload: Upload) -> tuple[str, str]:
    """Where an account is one person's: in a folder of a place, or on the whole site."""
    return ("" if upload.area == SITE else upload.place, upload.area)


def _of_several(student: str, theirs: Sequence[Theirs]) -> Match:
    names = listed(sorted({each.person.label for each in theirs}))
    return Match(doubt=f"several people could be {student}: {names}", near=(student,))


def _held(person: Person, upload: Upload, match: Match) -> Row:
    files = listed([file.path for file in upload.files])
    remarks = tuple(Remark(text, Weight.ASK) for text in (match.doubt, *upload.remarks) if text)
    called = (person.label if match.doubt else str(person)) if letters(str(person)) else files
    return Row(
        State.UNKNOWN,
        called,
        file=files,
        place=upload.place,
        near=match.near,
        remarks=remarks,
        named=called != files and upload.aliased,
    )


def _state(remarks: Sequence[Remark]) -> State:
    weight = max((remark.weight for remark in remarks), default=Weight.NOTE)
    return {Weight.NOTE: State.READ, Weight.MENDED: State.MENDED, Weight.ASK: State.NEEDS_YOU}[weight]


def missing(search: Search, handed_in: Collection[str], titles: Mapping[str, Sequence[str]]) -> list[Row]:
    """A row for everybody on the roster of whom there is nothing.

    handed_in: who has a row, or is on record;  titles: others than the assignment's, under which a student handed in
    """
    students = [each for each in search.roster.students.values() if each.id not in handed_in]
    others = {each.id: (under_others(titles[each.id]),) for each in students if each.id in titles}
    return [Row(State.MISSING, each.id, each.name, remarks=others.get(each.id, ())) for each in students]
