"""The values of TOML files, read strictly: each reader takes a value and where it stands, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import TypeVar

from grader.course.close_words import did_you_mean
from grader.errors import AuthoringError
from grader.schema import as_points

T = TypeVar("T")
D = TypeVar("D")


class Table:
    """One TOML table. `where` is how messages call it. Keys outside `known` are refused at once."""

    def __init__(self, value: object, where: str, known: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise wrong(where, "a table", value)
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
def located(where: str) -> Iterator[None]:
    """Say where, in front of what a value says about itself when it is made. What says so already is left alone."""
    file = where.partition(":")[0]
    try:
        yield
    except AuthoringError as problem:
        raise AuthoringError(str(problem) if str(problem).startswith(file) else f"{where}: {problem}") from None


def wrong(where: str, expected: str, got: object) -> AuthoringError:
    value = str(got) if isinstance(got, Decimal) else repr(got)
    return AuthoringError(f"{where}: expected {expected}, got {value if len(value) <= 60 else value[:57] + '...'}")


def text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise wrong(where, "text in quotes", value)
    return value


def text_or_nothing(value: object, where: str) -> str:
    return "" if value == "" else text(value, where)


def time(value: object, where: str) -> datetime:
    if not isinstance(value, datetime):
        raise wrong(where, "a date and a time like 2026-09-01T23:59:00+05:30, without quotes", value)
    return value


def whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(where, "a whole number", value)
    return value


def yes_or_no(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(where, "true or false, without quotes", value)
    return value


def number(value: object, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
        raise wrong(where, "a number", value)
    return Decimal(value)


def worth(value: object, where: str) -> Fraction:
    return as_points(number(value, where), where)


def seconds(value: object, where: str) -> float:
    return float(number(value, where))


def identifier(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise wrong(where, "a Python name in quotes", value)
    return value


def module(value: object, where: str) -> str:
    if not isinstance(value, str) or not all(part.isidentifier() for part in value.split(".")):
        raise wrong(where, "the name of a module in quotes", value)
    return value


def file(value: object, where: str) -> str:
    """A file of the assignment's folder, as a/relative/path."""
    name = text(value, where)
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path == PurePosixPath("."):
        raise wrong(where, "a path inside the assignment's folder", value)
    return path.as_posix()


def texts(value: object, where: str) -> list[str]:
    return list_of(text)(value, where)


def list_of(read: Callable[[object, str], T]) -> Callable[[object, str], list[T]]:
    def items(value: object, where: str) -> list[T]:
        if not isinstance(value, list):
            raise wrong(where, "a list", value)
        return [read(item, f"{where}[{position}]") for position, item in enumerate(value, 1)]

    return items


def table_of(read: Callable[[object, str], T]) -> Callable[[object, str], dict[str, T]]:
    """Read a table whose keys are free; each value is read by `read`."""

    def entries(value: object, where: str) -> dict[str, T]:
        if not isinstance(value, dict):
            raise wrong(where, "a table", value)
        return {name: read(entry, f"{where}: {name}") for name, entry in value.items()}

    return entries
