"""Read `course.toml` and `assignments/*/assignment.toml`, strictly: an unknown key or a wrong type is an error."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from grader.course.scheme import Component, LateRule, Scheme
from grader.course.spreadsheet_ids import without_zeros
from grader.errors import AuthoringError, UsageError
from grader.paths import Paths
from grader.schema import ASSIGNMENT_ID, Assignment, Limits, Question, as_points

CLOSE_NAMES = ("report", "grade")  # a misspelt function: tell the student only, or grade it all the same
COURSE_KEYS = "name close_names release_address rounding_digits when_all_excused timezone".split()
COURSE_TABLES = "late deadlines component".split()
T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True)
class Course:
    """One course as `course.toml` describes it. `release_address` (may be empty): where public files are fetched.

    timezone: of the learning platform's clock (IANA; may be empty);  deadlines: assignment -> a time with its zone
    """

    name: str
    scheme: Scheme
    close_names: str = "report"
    release_address: str = ""
    timezone: str = ""
    deadlines: Mapping[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.close_names not in CLOSE_NAMES:
            raise AuthoringError(f"close_names must be one of {', '.join(CLOSE_NAMES)}, got {self.close_names!r}")
        if self.release_address and not self.release_address.startswith(("https://", "http://")):
            raise AuthoringError(f"release_address must start with https://, got {self.release_address!r}")
        if self.timezone and self.timezone not in available_timezones():
            close = did_you_mean(self.timezone, available_timezones())
            raise AuthoringError(f"timezone must be a name like 'Asia/Kolkata', got {self.timezone!r}{close}")
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
        return tuple(item for component in self.scheme.components for item in component.assignments)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every item whose marks come from the tables in marks/."""
        return tuple(item for component in self.scheme.components for item in component.columns)


def read_course(paths: Paths) -> Course:
    """The course; AuthoringError when course.toml is wrong or names an assignment that is not there."""
    course = _course(_load(paths.course_toml, "course.toml"), "course.toml")
    there_is = assignment_ids(paths)
    for assignment_id in course.assignments:
        if assignment_id not in there_is:
            raise AuthoringError(f"course.toml: {_no_assignment(assignment_id, there_is)}")
    return course


def assignment_ids(paths: Paths) -> tuple[str, ...]:
    """The folders of assignments/ that hold an assignment.toml."""
    found = (path.parent.name for path in paths.assignments.glob("*/assignment.toml"))
    return tuple(sorted(name for name in found if ASSIGNMENT_ID.fullmatch(name)))


def read_assignment(paths: Paths, assignment_id: str) -> Assignment:
    """One assignment; UsageError when there is none of this id, AuthoringError when its file is wrong."""
    there_is = assignment_ids(paths)
    if assignment_id not in there_is:
        raise UsageError(_no_assignment(assignment_id, there_is))
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


_DIGIT = re.compile(r"\d")


def did_you_mean(word: str, known: Collection[str]) -> str:
    """ " (did you mean 'weight'?)" for a word that resembles a known one, else nothing.

    Of ids that are alike but for their digits none is named: each is as likely to be somebody else's as the next.
    """
    spelt = {other.casefold(): other for other in sorted(known, reverse=True)}
    asked = word.casefold()
    same = [other for other in spelt if without_zeros(other) == without_zeros(asked)]
    close = [asked] if asked in spelt else same or difflib.get_close_matches(asked, sorted(spelt), n=1)
    if not close or (_DIGIT.sub("0", close[0]) == _DIGIT.sub("0", asked) and close[0] != asked):
        return ""
    return f" (did you mean {spelt[close[0]]!r}?)"


def _no_assignment(assignment_id: str, there_is: Collection[str]) -> str:
    return f"no assignment {assignment_id!r} in assignments/; there is: {', '.join(there_is) or 'none'}"


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
    table = _Table(value, where, COURSE_KEYS + COURSE_TABLES)
    with _located(where):
        scheme = Scheme(
            components=tuple(table.take("component", _list_of(_component))),
            late=table.get("late", _late_rule, LateRule()),
            rounding_digits=table.get("rounding_digits", _whole, 2),
            when_all_excused=table.get("when_all_excused", _text, "incomplete"),
        )
        timezone = table.get("timezone", _text_or_nothing, "")
        return Course(
            name=table.take("name", _text),
            scheme=scheme,
            close_names=table.get("close_names", _text, "report"),
            release_address=table.get("release_address", _text_or_nothing, ""),
            timezone=timezone,
            deadlines=table.get("deadlines", _deadlines(timezone), {}),
        )


def _deadlines(timezone: str) -> Callable[[object, str], dict[str, datetime]]:
    """Read the table of deadlines; a time that names no zone is on the course's clock."""

    def deadlines(value: object, where: str) -> dict[str, datetime]:
        if not isinstance(value, dict):
            raise _wrong(where, "a table", value)
        read = {name: _time(time, f"{where}: {name}") for name, time in value.items()}
        zone = ZoneInfo(timezone) if timezone in available_timezones() else None
        return {name: time if time.tzinfo or not zone else time.replace(tzinfo=zone) for name, time in read.items()}

    return deadlines


def _component(value: object, where: str) -> Component:
    table = _Table(value, where, ("id", "title", "weight", "assignments", "columns", "best"))
    component_id = table.take("id", _text)
    with _located(f"{where} ({component_id})"):
        return Component(
            id=component_id,
            title=table.take("title", _text),
            weight=table.take("weight", _number),
            assignments=tuple(table.get("assignments", _texts, [])),
            columns=tuple(table.get("columns", _texts, [])),
            best=table.get("best", _whole, None),
        )


def _late_rule(value: object, where: str) -> LateRule:
    table = _Table(value, where, [item.name for item in fields(LateRule)])
    with _located(where):
        return LateRule(
            per_day=table.get("per_day", _number, Decimal(0)),
            unit=table.get("unit", _text, "percent"),
            grace_minutes=table.get("grace_minutes", _number, Decimal(0)),
            max_days=table.get("max_days", _whole, None),
            free_days=table.get("free_days", _whole, 0),
        )


def _assignment(value: object, where: str, assignment_id: str) -> Assignment:
    table = _Table(value, where, ("title", "preload", "hidden_modules", "files", "limits", "question"))
    with _located(where):
        assignment = Assignment(
            id=assignment_id,
            title=table.take("title", _text),
            questions=tuple(table.get("question", _list_of(_question), [])),
            limits=table.get("limits", _limits, Limits()),
            preload=tuple(table.get("preload", _list_of(_module), ["numpy"])),
            hidden_modules=tuple(table.get("hidden_modules", _list_of(_module), [])),
            files=tuple(table.get("files", _list_of(_file), [])),
        )
    both = sorted(set(assignment.preload) & set(assignment.hidden_modules))
    if both:
        raise AuthoringError(f"{where}: {both[0]} is in preload and in hidden_modules; a module is one or the other")
    return assignment


def _question(value: object, where: str) -> Question:
    table = _Table(value, where, ("id", "title", "points", "names", "manual"))
    question_id = table.take("id", _text)
    with _located(f"{where} ({question_id})"):
        return Question(
            id=question_id,
            title=table.take("title", _text),
            points=table.take("points", _worth),
            names=tuple(table.get("names", _list_of(_identifier), [])),
            manual=table.get("manual", _yes_or_no, False),
        )


def _limits(value: object, where: str) -> Limits:
    """Limits whose whole-number fields are whole; what is not given keeps its default."""
    kinds = {item.name: type(item.default) for item in fields(Limits)}
    table = _Table(value, where, kinds)
    read: dict[str, Callable[[object, str], float]] = {
        name: _whole if kind is int else _seconds for name, kind in kinds.items()
    }
    with _located(where.removesuffix(": limits")):  # Limits says "limits" itself
        return Limits(**{name: table.take(name, read[name]) for name in table.values})  # type: ignore[arg-type]


class _Table:
    """One TOML table. `where` is how messages call it. Keys outside `known` are refused at once."""

    def __init__(self, value: object, where: str, known: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise _wrong(where, "a table", value)
        self.values: dict[str, object] = value
        self.where = where
        for key in value:
            if key not in known:
                raise AuthoringError(
                    f"{where}: unknown key {key!r}{did_you_mean(key, known)}; known: {', '.join(known)}"
                )

    def take(self, key: str, read: Callable[[object, str], T]) -> T:
        """The value of a key that must be there, read by `read`."""
        if key not in self.values:
            raise AuthoringError(f"{self.where}: {key} is missing")
        return read(self.values[key], f"{self.where}: {key}")

    def get(self, key: str, read: Callable[[object, str], T], default: D) -> T | D:
        """The value of a key that may be left out."""
        return self.take(key, read) if key in self.values else default


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Say where, in front of what a value says about itself when it is made. What says so already is left alone."""
    file = where.partition(":")[0]
    try:
        yield
    except AuthoringError as problem:
        raise AuthoringError(str(problem) if str(problem).startswith(file) else f"{where}: {problem}") from None


def _wrong(where: str, expected: str, got: object) -> AuthoringError:
    value = str(got) if isinstance(got, Decimal) else repr(got)
    return AuthoringError(f"{where}: expected {expected}, got {value if len(value) <= 60 else value[:57] + '...'}")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, "text in quotes", value)
    return value


def _text_or_nothing(value: object, where: str) -> str:
    return "" if value == "" else _text(value, where)


def _time(value: object, where: str) -> datetime:
    if not isinstance(value, datetime):
        raise _wrong(where, "a date and a time like 2026-09-01T23:59:00+05:30, without quotes", value)
    return value


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(where, "a whole number", value)
    return value


def _yes_or_no(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false, without quotes", value)
    return value


def _number(value: object, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
        raise _wrong(where, "a number", value)
    return Decimal(value)


def _worth(value: object, where: str) -> Fraction:
    return as_points(_number(value, where), where)


def _seconds(value: object, where: str) -> float:
    return float(_number(value, where))


def _identifier(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise _wrong(where, "a Python name in quotes", value)
    return value


def _module(value: object, where: str) -> str:
    if not isinstance(value, str) or not all(part.isidentifier() for part in value.split(".")):
        raise _wrong(where, "the name of a module in quotes", value)
    return value


def _file(value: object, where: str) -> str:
    """A file of the assignment's folder, as a/relative/path."""
    name = _text(value, where)
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path == PurePosixPath("."):
        raise _wrong(where, "a path inside the assignment's folder", value)
    return path.as_posix()


def _texts(value: object, where: str) -> list[str]:
    return _list_of(_text)(value, where)


def _list_of(read: Callable[[object, str], T]) -> Callable[[object, str], list[T]]:
    def items(value: object, where: str) -> list[T]:
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        return [read(item, f"{where}[{position}]") for position, item in enumerate(value, 1)]

    return items
