"""Put roster, tables, rulings and attempts together into one mark per student; drop nothing silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from grader.course.config import Course, did_you_mean, read_assignment, read_course
from grader.course.entries import Entry, State
from grader.course.extensions import Extension, read_deadlines
from grader.course.scheme import Scheme, plain
from grader.course.sheets import (
    Column,
    Ruling,
    Student,
    read_aliases,
    read_marks,
    read_roster,
    read_rulings,
    require_id,
)
from grader.course.spreadsheet_ids import may_be
from grader.course.teams import Teams, read_teams
from grader.course.unread_files import unread_files
from grader.errors import AuthoringError, UsageError
from grader.marks.changes import Change, by_hand
from grader.marks.manual import WAITS
from grader.marks.outdated import as_asked
from grader.marks.policy import ComponentMark, CourseMark, ItemMark, course_mark, so_far
from grader.paths import Paths
from grader.schema import WHOLE, Assignment, Attempt, Kind, Outcome, Status

Pair = tuple[str, str]  # (student, item)
NOTHING_HANDED_IN = "nothing was handed in"


@dataclass(frozen=True)
class Record:
    """What grading knows, of the submission that counts. `ungraded`: that submission has no attempt yet.

    extended: who had more time, by which late_minutes are counted already;  teams: who handed in together
    """

    attempts: Mapping[Pair, Attempt]
    late_minutes: Mapping[Pair, Decimal] = field(default_factory=dict)
    ungraded: Collection[Pair] = ()
    changes: Sequence[Change] = ()
    extended: Mapping[Pair, Extension] = field(default_factory=dict)
    teams: Teams = field(default_factory=dict)

    @cached_property
    def begun(self) -> frozenset[str]:
        """The assignments of which anything was handed in."""
        return frozenset(assignment for _, assignment in (*self.attempts, *self.ungraded))


@dataclass(frozen=True)
class Sources:
    """Everything that decides the marks. `graded_here`: the assignments with questions, by id."""

    course: Course
    graded_here: Mapping[str, Assignment]
    roster: Sequence[Student]
    columns: Mapping[str, Column]
    rulings: Mapping[Pair, Ruling]
    record: Record

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(student.id for student in self.roster)

    @cached_property
    def schemes(self) -> Mapping[str, Scheme]:
        """How each student is marked. Raises AuthoringError where a group is not settled."""
        scheme = self.course.scheme
        by_group = {group: scheme.of(group) for group in scheme.groups or ("",)}
        return {each.id: by_group[scheme.group_of(each.id, each.groups)] for each in self.roster}


@dataclass(frozen=True)
class Line:
    """One student of the roster and the mark."""

    student: Student
    mark: CourseMark

    def item(self, name: str) -> ItemMark | None:
        """One item; None where the student's scheme has none of this name."""
        return next((item for item in self.mark.items if item.item == name), None)

    def part(self, name: str) -> ComponentMark | None:
        """One component; None where the student's scheme has none of this name."""
        return next((part for part in self.mark.components if part.component.id == name), None)

    @cached_property
    def so_far(self) -> Decimal | None:
        """The total over what is there; None where nothing is."""
        return so_far(self.mark).total


@dataclass(frozen=True)
class Stranger:
    """Somebody who is not on the roster and so is not counted. `found`: where; `hint`: an id like it, if any."""

    id: str
    found: tuple[str, ...]
    hint: str


@dataclass(frozen=True)
class Gradebook:
    course: Course
    lines: tuple[Line, ...]  # in the order of the roster
    strangers: tuple[Stranger, ...]
    notices: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what platforms call students

    def line(self, student: str) -> Line:
        """The line of one student; UsageError when the roster has none."""
        for line in self.lines:
            if line.student.id == student:
                return line
        require_id(student, [line.student for line in self.lines])
        close = did_you_mean(student, [line.student.id for line in self.lines])
        raise UsageError(f"no student {student!r} on the roster{close}")

    @cached_property
    def is_final(self) -> bool:
        """Whether everybody has a total."""
        return all(line.mark.total is not None for line in self.lines)


def read_gradebook(
    paths: Paths,
    attempts: Mapping[Pair, Attempt],
    late_minutes: Mapping[Pair, Decimal] | None = None,
    ungraded: Collection[Pair] = (),
    changes: Sequence[Change] = (),
) -> Gradebook:
    """The gradebook of a course folder and its attempts, one per (student, assignment): the one that counts.

    late_minutes: after the deadline, of the submission that counts; ungraded: that submission has no attempt yet;
    changes: of points, made by hand.
    """
    course = read_course(paths)
    assignments = [read_assignment(paths, name) for name in course.assignments]
    graded_here = {assignment.id: assignment for assignment in assignments if assignment.max_points}
    from_tables = [item for item in course.scheme.items if item not in graded_here]
    roster = read_roster(paths)
    ids = [student.id for student in roster]
    caps = {item: course.scheme.cap(item) for item in from_tables}
    columns = read_marks(paths, from_tables, graded_here, roster, caps)
    _check_out_of(course.scheme, graded_here)
    rulings = read_rulings(paths, course.scheme.items, ids)
    teams = read_teams(paths, course.assignments, ids)
    extended = read_deadlines(paths, course, roster, teams).extended
    record = Record(attempts, late_minutes or {}, ungraded, changes, extended, teams)
    book = gradebook(Sources(course, graded_here, roster, columns, rulings, record))
    return replace(book, aliases=read_aliases(paths, ids), notices=(*book.notices, *unread_files(paths)))


def _check_out_of(scheme: Scheme, graded_here: Mapping[str, Assignment]) -> None:
    """Raise AuthoringError where an assignment is to be out of more points than it has."""
    for part in scheme.components:
        for item, points in part.out_of.items():
            worth = graded_here[item].max_points if item in graded_here else Fraction(0)
            if points > worth:
                has = f"it has {plain(worth)}" if worth else "its table says its points"
                raise AuthoringError(f"course.toml: component {part.id}: out_of: {item} = {plain(points)}, and {has}")


def gradebook(sources: Sources) -> Gradebook:
    """Every student's mark. Pure."""
    lines = tuple(Line(student, _mark(sources, student.id)) for student in sources.roster)
    return Gradebook(sources.course, lines, _strangers(sources), tuple(_notices(sources)))


def _mark(sources: Sources, student: str) -> CourseMark:
    scheme = sources.schemes[student]
    return course_mark(scheme, {item: _entry(sources, student, item) for item in scheme.items})


def _entry(sources: Sources, student: str, item: str) -> Entry:
    """The entry of one item: what was graded or written down, then what marks/status.csv says about it."""
    if item in sources.graded_here:
        entry = _circumstances(sources.record, (student, item), _from_record(sources, student, item))
    else:
        entry = _from_table(sources.columns.get(item), student, item, sources.ids)
    ruling = sources.rulings.get((student, item))
    return _ruled(entry, ruling) if ruling else entry


def _circumstances(record: Record, pair: Pair, entry: Entry) -> Entry:
    """The entry, with what else is known of it: a later deadline, a team."""
    student, item = pair
    extension, team = record.extended.get(pair), record.teams.get(item, {}).get(student)
    of_team = team and (pair in record.attempts or pair in record.ungraded)
    words = [f"of team {team.name}" if team and of_team else "", extension.words if extension else "", entry.reason]
    source = "; ".join(filter(None, [extension.source if extension else "", entry.source]))
    return replace(entry, reason="; ".join(filter(None, words)), source=source)


def _from_table(column: Column | None, student: str, item: str, roster: Collection[str]) -> Entry:
    if column is None:
        return Entry(State.DEFERRED, reason=f"no table in marks/ has a column {item} yet")
    spoilt = "" if student in column.entries else _spoilt(student, column, roster)
    if spoilt:
        why = f"no row, and that of {spoilt!r} may be theirs, written by a spreadsheet; correct the id in {column.file}"
        return Entry(State.DEFERRED, reason=why, source=column.entries[spoilt].source)
    entry = column.entries.get(student, Entry(State.MISSING, reason=f"no row in {column.file}"))
    if entry.state is State.MISSING and not column.begun:
        why = f"nobody has a mark in column {item} of {column.file} yet"
        return Entry(State.DEFERRED, max_points=column.max_points, reason=why, most=column.most)
    return entry


def _spoilt(student: str, column: Column, roster: Collection[str]) -> str:
    """The id of a row, nobody's on the roster, that a spreadsheet may have made of a student's; "" where none is."""
    return next((other for other in column.entries if other not in roster and may_be(other, student)), "")


def _from_record(sources: Sources, student: str, item: str) -> Entry:
    record, pair = sources.record, (student, item)
    attempt, assignment = record.attempts.get(pair), sources.graded_here[item]
    changes = [change for change in record.changes if (change.student, change.assignment) == pair]
    if attempt is None and pair not in record.ungraded:
        points, reasons, whom = _changed(None, assignment, changes)
        if any(change.kind is not Kind.COMMENT for change in changes):
            reason = "; ".join([NOTHING_HANDED_IN, *reasons])
            return Entry(State.GRADED, points, assignment.max_points, reason=reason, source="; ".join(whom))
        if item not in record.begun:
            return Entry(State.DEFERRED, max_points=assignment.max_points, reason="not graded yet for anybody")
        return Entry(State.MISSING, reason="; ".join([NOTHING_HANDED_IN, *reasons]))
    late = record.late_minutes.get(pair, Decimal(0))
    if attempt is None or pair in record.ungraded:
        why = "handed in, and not graded yet"
        return Entry(State.DEFERRED, max_points=assignment.max_points, late_minutes=late, reason=why)
    return replace(_graded(attempt, assignment, changes), late_minutes=late)


def _graded(attempt: Attempt, assignment: Assignment, changes: Sequence[Change]) -> Entry:
    """An attempt as an entry. One that the machine spoilt, or that was made for other points, is no mark."""
    attempt, max_points = as_asked(attempt, assignment), assignment.max_points
    source = _provenance(attempt)
    if attempt.status is Status.OUTDATED:
        return Entry(State.DEFERRED, max_points=max_points, reason=attempt.notices[-1], source=source)
    if attempt.status is Status.DEFERRED or any(check.outcome is Outcome.DEFERRED for check in attempt.results):
        why = "the machine failed while grading; it will be run again"
        return Entry(State.DEFERRED, max_points=max_points, reason=why, source=source)
    waiting = _waiting(attempt, assignment) if attempt.status is not Status.UNREADABLE else ""
    if waiting:
        return Entry(State.DEFERRED, max_points=max_points, reason=waiting, source=source)
    points, reasons, whom = _changed(attempt, assignment, changes)
    unreadable = attempt.status is Status.UNREADABLE
    if unreadable:
        reasons = ["no notebook could be read", *attempt.notices, *reasons]
    reason, source = "; ".join(reasons), "; ".join([*whom, source])
    return Entry(State.GRADED, points, max_points, reason=reason, source=source, unreadable=unreadable)


def _waiting(attempt: Attempt, assignment: Assignment) -> str:
    """Which questions a person has still to mark, and why."""
    marks = [(question.id, attempt.mark_of(question.id)) for question in assignment.manual]
    waiting = [f"{name} {mark.why if mark else WAITS}" for name, mark in marks if not mark or mark.points is None]
    return "; ".join(waiting)


def _changed(
    attempt: Attempt | None, assignment: Assignment, changes: Sequence[Change]
) -> tuple[Fraction, list[str], list[str]]:
    """Points after the changes made by hand, what was changed, and by whom."""
    made = by_hand(attempt, assignment, changes)
    points = sum((change.by for change in made), attempt.points if attempt else Fraction(0))
    told = [f"{change.question} {change.told}" for change in made]
    return points, told, [f"{change.question} {who}" for change in made for who in dict.fromkeys(change.whom)]


def _provenance(attempt: Attempt) -> str:
    evidence = attempt.evidence
    tests = " ".join(f"{question}:{digest[:8]}" for question, digest in sorted(evidence.tests))
    where = f"{evidence.device}, {evidence.isolation}"
    by_hand = "".join(f"; {mark.question}: {mark.source}" for mark in attempt.manual if mark.source)
    run = f"image {evidence.image[:19]}, tests {tests}, {where}" if tests else "nothing was run"
    return f"submission {evidence.submission[:12]}, {run}{by_hand}"


def _ruled(entry: Entry, ruling: Ruling) -> Entry:
    """A ruling is above what was graded; both sources are kept."""
    source = "; ".join(part for part in (ruling.source, entry.source) if part)
    if ruling.state is not None:
        return Entry(ruling.state, reason=ruling.reason, source=source)
    late = ruling.late_minutes if entry.state in (State.GRADED, State.DEFERRED) else None
    reason = "; ".join(part for part in (ruling.reason, entry.reason) if part)
    return replace(entry, late_minutes=late or Decimal(0), reason=reason, source=source)


def _strangers(sources: Sources) -> tuple[Stranger, ...]:
    """Who is named anywhere but on the roster, with every place."""
    roster = [student.id for student in sources.roster]
    found: dict[str, set[str]] = {}
    for student, place in _everybody(sources):
        if student not in roster:
            found.setdefault(student, set()).add(place)
    return tuple(Stranger(name, tuple(sorted(found[name])), did_you_mean(name, roster)) for name in sorted(found))


def _everybody(sources: Sources) -> Iterator[Pair]:
    """(student, where named) for every place that names a student."""
    for student, assignment in (*sources.record.attempts, *sources.record.ungraded):
        yield student, f"submission of {assignment}"
    for change in sources.record.changes:
        yield change.student, f"points changed by hand in {change.assignment}"
    for column in sources.columns.values():
        for student, entry in column.entries.items():
            yield student, entry.source
    for (student, _), ruling in sources.rulings.items():
        yield student, ruling.source


def _notices(sources: Sources) -> Iterator[str]:
    """Attempts, changes and marks that decide nothing."""
    for student, scheme in sources.schemes.items():
        columns = {item: column.entries for item, column in sources.columns.items() if student in column.entries}
        marks = [item for item, entries in columns.items() if entries[student].state is not State.MISSING]
        for item in [*marks, *(item for who, item in sources.record.attempts if who == student)]:
            if item not in scheme.items and item in sources.course.scheme.items:
                yield f"{item} of {student} not used: it is not in the scheme of that group"
    unused = Counter(name for _, name in sources.record.attempts if name not in sources.graded_here)
    for name, number in sorted(unused.items()):
        why = "has no questions" if name in sources.course.assignments else "is not part of the course"
        yield f"{number} graded {'submission' if number == 1 else 'submissions'} of {name} not used: {name} {why}"
    roster = {student.id for student in sources.roster}
    for change in sources.record.changes:
        pair = (change.student, change.assignment)
        nothing = change.student in roster and change.assignment in sources.graded_here
        if pair not in sources.record.attempts and (pair in sources.record.ungraded or not nothing):
            what = f"{change.student} {change.assignment} {change.question}"
            yield f"points of {what} changed by hand, not used: that submission has no attempt"
    for change in sources.record.changes:
        assignment = sources.graded_here.get(change.assignment)
        asked = [WHOLE, *(question.id for question in assignment.questions)] if assignment else [change.question]
        if change.question not in asked:
            what = f"{change.student} {change.assignment} {change.question}"
            yield f"points of {what} changed by hand, not used: there is no such question any more"
