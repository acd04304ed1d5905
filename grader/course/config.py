"""Read `course.toml` and `assignments/*/assignment.toml`, strictly: an unknown key or a wrong type is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from grader.course import toml_values as toml
from grader.course.close_words import did_you_mean as did_you_mean
from grader.course.cluster import Cluster, clusters
from grader.course.curve import Curve
from grader.course.scheme import Component, LateRule, Scheme
from grader.course.showing import Showing, showings
from grader.course.sign_in import SignIn, sign_in
from grader.errors import AuthoringError, UsageError
from grader.languages.translating import ENGLISH, languages
from grader.paths import Paths
from grader.schema import ASSIGNMENT_ID, NAMED, Assignment, Limits, Question

CLOSE_NAMES = ("report", "grade")  # a misspelt function: tell the student only, or grade it all the same
COURSE_KEYS = "name close_names release_address rounding_digits when_all_excused timezone language".split()
COURSE_TABLES = "late deadlines component curve cluster portal sign_in".split()


@dataclass(frozen=True)
class Course:
    """One course as `course.toml` describes it. `release_address` (may be empty): where public files are fetched.

    timezone: of the learning platform's clock (IANA; may be empty);  deadlines: assignment -> a time with its zone
    language: of pages and messages (a folder of grader/languages)
    clusters: by the name that the command line has for them
    """

    name: str
    scheme: Scheme
    close_names: str = "report"
    release_address: str = ""
    timezone: str = ""
    deadlines: Mapping[str, datetime] = field(default_factory=dict)
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    portal: Mapping[str, Showing] = field(default_factory=dict)  # under "" what holds for the others
    sign_in: SignIn | None = None
    language: str = ENGLISH

    def __post_init__(self) -> None:
        if self.close_names not in CLOSE_NAMES:
            raise AuthoringError(f"close_names must be one of {', '.join(CLOSE_NAMES)}, got {self.close_names!r}")
        if self.release_address and not self.release_address.startswith(("https://", "http://")):
            raise AuthoringError(f"release_address must start with https://, got {self.release_address!r}")
        if self.timezone and self.timezone not in available_timezones():
            close = did_you_mean(self.timezone, available_timezones())
            raise AuthoringError(f"timezone must be a name like 'Asia/Kolkata', got {self.timezone!r}{close}")
        if self.language not in languages():
            raise AuthoringError(f"language must be one of {', '.join(languages())}, got {self.language!r}")
        for name in self.portal:
            if name and name not in self.assignments:
                raise AuthoringError(f"portal: {name!r} is no assignment{did_you_mean(name, self.assignments)}")
        for name, deadline in self.deadlines.items():
            if name not in self.assignments:
                close = did_you_mean(name, self.assignments)
                raise AuthoringError(f"deadlines: {name!r} is no assignment of a component{close}")
            if deadline.utcoffset() is None:
                raise AuthoringError(
                    f"deadlines: {name}: whose clock? Write {deadline.isoformat()}+05:30 or set timezone"
                )

    @property
    def assignments(self) -> tuple[str, ...]:
        """Every assignment, in the order of the course."""
        return tuple(dict.fromkeys(item for component in self.scheme.components for item in component.assignments))

    def showing(self, assignment: str) -> Showing:
        """What the portal shows of an assignment."""
        return self.portal.get(assignment) or self.portal.get("") or Showing()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every item whose marks come from the tables in marks/."""
        return tuple(dict.fromkeys(item for component in self.scheme.components for item in component.columns))


def read_course(paths: Paths) -> Course:
    """The course; AuthoringError when course.toml is wrong or names an assignment that is not there."""
    course = _course(_load(paths.course_toml, "course.toml"), "course.toml")
    there_is = assignment_ids(paths)
    for assignment_id in course.assignments:
        if assignment_id not in there_is:
            raise AuthoringError(f"course.toml: {_no_assignment(paths, assignment_id, there_is)}")
    return course


def assignment_ids(paths: Paths) -> tuple[str, ...]:
    """The folders of assignments/ that hold an assignment.toml."""
    found = (path.parent.name for path in paths.assignments.glob("*/assignment.toml"))
    return tuple(sorted(name for name in found if ASSIGNMENT_ID.fullmatch(name)))


def read_assignment(paths: Paths, assignment_id: str) -> Assignment:
    """One assignment; UsageError when there is none of this id, AuthoringError when its file is wrong."""
    there_is = assignment_ids(paths)
    if assignment_id not in there_is:
        raise UsageError(_no_assignment(paths, assignment_id, there_is))
    where = f"assignments/{assignment_id}/assignment.toml"
    return _assignment(_load(paths.assignment_toml(assignment_id), where), where, assignment_id)


def asked_question(assignment: Assignment, question_id: str) -> Question:
    """The question that a command line names: q5, Q5 or 5. Raises UsageError."""
    there_is = [question.id for question in assignment.questions]
    meant = [name for name in (question_id, question_id.lower(), f"q{question_id}") if name in there_is]
    if not meant:
        close = did_you_mean(question_id, there_is)
        raise UsageError(f"{assignment.id} has no question {question_id!r}{close}; there is: {', '.join(there_is)}")
    return assignment.question(meant[0])


def _no_assignment(paths: Paths, assignment_id: str, there_is: Collection[str]) -> str:
    folder = paths.assignment(assignment_id)
    if folder.is_symlink() and not folder.exists():
        told = f"assignments/{assignment_id} is a link to {folder.readlink()}, which is not there"
        return f"{told}; copy a course with what its links lead to (cp -rL)"
    close = did_you_mean(assignment_id, there_is)
    return f"no assignment {assignment_id!r}{close} in assignments/; there is: {', '.join(there_is) or 'none'}"


def _load(path: Path, where: str) -> object:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        raise UsageError(f"no {where} in {path.parent}") from None
    except UnicodeDecodeError as problem:
        raise AuthoringError(f"{where}: not UTF-8 text at byte {problem.start}") from None
    except tomllib.TOMLDecodeError as problem:
        raise AuthoringError(f"{where}: not valid TOML: {problem}") from None


def _course(value: object, where: str) -> Course:
    table = toml.Table(value, where, COURSE_KEYS + COURSE_TABLES)
    with toml.located(where):
        scheme = Scheme(
            components=tuple(table.take("component", toml.list_of(_component))),
            late=table.get("late", _late_rule, LateRule()),
            rounding_digits=table.get("rounding_digits", toml.whole, 2),
            when_all_excused=table.get("when_all_excused", toml.text, "incomplete"),
            curves=_curves(table),
        )
        timezone = table.get("timezone", toml.text_or_nothing, "")
        return Course(
            name=table.take("name", toml.text),
            scheme=scheme,
            close_names=table.get("close_names", toml.text, "report"),
            release_address=table.get("release_address", toml.text_or_nothing, ""),
            timezone=timezone,
            deadlines=table.get("deadlines", _deadlines(timezone), {}),
            clusters=table.get("cluster", clusters, {}),
            portal=table.get("portal", showings, {"": Showing()}),
            sign_in=table.get("sign_in", sign_in, None),
            language=table.get("language", toml.text, ENGLISH),
        )


def _deadlines(timezone: str) -> Callable[[object, str], dict[str, datetime]]:
    """Read the table of deadlines; a time that names no zone is on the course's clock."""

    def deadlines(value: object, where: str) -> dict[str, datetime]:
        read = toml.table_of(toml.time)(value, where)
        return {name: in_zone(time, timezone) for name, time in read.items()}

    return deadlines


def in_zone(time: datetime, timezone: str) -> datetime:
    """A time; one that names no zone is on the course's clock, if it has one."""
    zone = _zone(timezone)
    return time if time.tzinfo or not zone else time.replace(tzinfo=zone)


@cache
def _zone(timezone: str) -> ZoneInfo | None:
    """The zone of a name; None where there is none of it, which the course says."""
    return ZoneInfo(timezone) if timezone in available_timezones() else None


def _component(value: object, where: str) -> Component:
    table = toml.Table(value, where, [item.name for item in fields(Component)])
    component_id = table.take("id", toml.text)
    with toml.located(f"{where} ({component_id})"):
        return Component(
            id=component_id,
            title=table.take("title", toml.text),
            weight=table.take("weight", toml.number),
            assignments=tuple(table.get("assignments", toml.texts, [])),
            columns=tuple(table.get("columns", toml.texts, [])),
            best=table.get("best", toml.whole, None),
            drop=table.get("drop", toml.whole, None),
            weights=table.get("weights", toml.table_of(toml.number), {}),
            out_of=table.get("out_of", toml.table_of(toml.number), {}),
            cap=table.get("cap", toml.number, Decimal(100)),
            bonus=table.get("bonus", toml.yes_or_no, False),
            groups=tuple(table.get("groups", toml.texts, [])),
        )


def _curves(course: toml.Table) -> dict[str, Curve]:
    """The curves that change anything, by what they change."""
    curves = course.get("curve", toml.table_of(_curve), {})
    return {name: curve for name, curve in curves.items() if curve != Curve()}


def _curve(value: object, where: str) -> Curve:
    table = toml.Table(value, where, [item.name for item in fields(Curve)])
    with toml.located(where):
        return Curve(
            sqrt=table.get("sqrt", toml.yes_or_no, False),
            times=table.get("times", toml.number, Decimal(1)),
            add=table.get("add", toml.number, Decimal(0)),
            at_least=table.get("at_least", toml.number, None),
            at_most=table.get("at_most", toml.number, None),
        )


def _late_rule(value: object, where: str) -> LateRule:
    table = toml.Table(value, where, [item.name for item in fields(LateRule)])
    with toml.located(where):
        return LateRule(
            per_day=table.get("per_day", toml.number, Decimal(0)),
            unit=table.get("unit", toml.text, "percent"),
            grace_minutes=table.get("grace_minutes", toml.number, Decimal(0)),
            max_days=table.get("max_days", toml.whole, None),
            free_days=table.get("free_days", toml.whole, 0),
            free_days_each=table.get("free_days_each", toml.whole, None),
        )


def _assignment(value: object, where: str, assignment_id: str) -> Assignment:
    table = toml.Table(
        value, where, ("title", "preload", "hidden_modules", "files", "follow_up_errors", "limits", "question")
    )
    with toml.located(where):
        assignment = Assignment(
            id=assignment_id,
            title=table.take("title", toml.text),
            questions=tuple(table.get("question", toml.list_of(_question), [])),
            limits=table.get("limits", _limits, Limits()),
            preload=tuple(table.get("preload", toml.list_of(toml.module), ["numpy"])),
            hidden_modules=tuple(table.get("hidden_modules", toml.list_of(toml.module), [])),
            files=tuple(table.get("files", toml.list_of(toml.file), [])),
            follow_up_errors=table.get("follow_up_errors", toml.text, NAMED),
        )
    both = sorted(set(assignment.preload) & set(assignment.hidden_modules))
    if both:
        raise AuthoringError(f"{where}: {both[0]} is in preload and in hidden_modules; a module is one or the other")
    return assignment


def _question(value: object, where: str) -> Question:
    table = toml.Table(value, where, ("id", "title", "points", "names", "manual"))
    question_id = table.take("id", toml.text)
    with toml.located(f"{where} ({question_id})"):
        return Question(
            id=question_id,
            title=table.take("title", toml.text),
            points=table.take("points", toml.worth),
            names=tuple(table.get("names", toml.list_of(toml.identifier), [])),
            manual=table.get("manual", toml.yes_or_no, False),
        )


def _limits(value: object, where: str) -> Limits:
    """Limits whose whole-number fields are whole; what is not given keeps its default."""
    kinds = {item.name: type(item.default) for item in fields(Limits)}
    table = toml.Table(value, where, kinds)
    read: dict[str, Callable[[object, str], float]] = {
        name: toml.whole if kind is int else toml.seconds for name, kind in kinds.items()
    }
    with toml.located(where.removesuffix(": limits")):  # Limits says "limits" itself
        return Limits(**{name: table.take(name, read[name]) for name in table.values})  # type: ignore[arg-type]
