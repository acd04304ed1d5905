"""The labels of a competition, in a public and a private part. Only the scoring process reads them."""

from __future__ import annotations

import csv
import enum
import hashlib
import hmac
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.competition.predictions import Value, value_of
from grader.course.competition import MOST_ROWS, PART, Competition, Kind
from grader.errors import AuthoringError
from grader.paths import Paths


class Part(enum.Enum):
    """Which rows a score is about."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True)
class Labels:
    """id -> what is right, and which ids are in which part. key: changes with everything that a score depends on"""

    right: Mapping[str, Value] = field(repr=False)
    parts: Mapping[Part, Sequence[str]] = field(repr=False)
    key: str

    @property
    def ids(self) -> Sequence[str]:
        return tuple(self.right)


def read_labels(paths: Paths, competition: Competition) -> Labels:
    """The labels. Raises AuthoringError naming the line that is wrong."""
    path = paths.competition(competition.id) / competition.labels
    where = f"competitions/{competition.id}/{competition.labels}"
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise AuthoringError(f"{where}: {problem.strerror}; it holds the right answers") from None
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except (UnicodeDecodeError, csv.Error) as problem:
        raise AuthoringError(f"{where}: no CSV table in UTF-8: {problem}") from None
    _, header = rows[0] if rows else (1, [])
    plain = [competition.id_column, competition.prediction]
    if header not in (plain, [*plain, PART]):
        raise AuthoringError(f"{where}, line 1: expected the columns {', '.join(plain)} and perhaps {PART}")
    if len(rows) > MOST_ROWS:
        raise AuthoringError(f"{where}: {len(rows)} rows; {MOST_ROWS} are the limit")
    right, named = _read(rows[1:], header, competition, where)
    parts = _named_parts(named, where) if PART in header else _drawn_parts(list(right), competition)
    for part, ids in parts.items():
        if not ids:
            raise AuthoringError(f"{where}: the {part.value} part has no rows")
    return Labels(right, parts, _key(content, competition))


def _read(
    rows: Sequence[tuple[int, list[str]]], header: Sequence[str], competition: Competition, where: str
) -> tuple[dict[str, Value], dict[str, str]]:
    """id -> what is right, and id -> the part that the table names."""
    right: dict[str, Value] = {}
    named: dict[str, str] = {}
    as_class = competition.kind is not Kind.NUMBER
    asked = replace(competition, metric="accuracy") if as_class else competition  # labels are classes, never shares
    for line, cells in rows:
        if len(cells) != len(header):
            raise AuthoringError(f"{where}, line {line}: expected {len(header)} cells, got {len(cells)}")
        row = dict(zip(header, cells, strict=True))
        name = row[competition.id_column]
        if not name or name in right:
            raise AuthoringError(f"{where}, line {line}: {name!r} is {'there already' if name else 'no id'}")
        try:
            right[name] = value_of(row, asked)
        except ValueError as why:
            raise AuthoringError(f"{where}, line {line}: {why}") from None
        named[name] = row.get(PART, "")
    return right, named


def _named_parts(named: Mapping[str, str], where: str) -> dict[Part, list[str]]:
    parts: dict[Part, list[str]] = {part: [] for part in Part}
    for name, word in named.items():
        if word not in (part.value for part in Part):
            raise AuthoringError(f"{where}: {name}: {PART} is {word!r}; expected public or private")
        parts[Part(word)].append(name)
    return parts


def _drawn_parts(ids: Sequence[str], competition: Competition) -> dict[Part, list[str]]:
    """Which rows are public follows from the seed alone, so that a label can be corrected without moving others."""
    if not competition.seed:
        raise AuthoringError(
            f"competitions/{competition.id}/competition.toml: which rows are public? Write seed = a text that nobody "
            f"guesses, or a column {PART} into {competition.labels}"
        )
    secret = competition.seed.encode()
    drawn = sorted(ids, key=lambda name: hmac.new(secret, name.encode(), hashlib.sha256).digest())
    public = set(drawn[: round(len(ids) * competition.public_share)])
    return {
        Part.PUBLIC: [name for name in ids if name in public],
        Part.PRIVATE: [name for name in ids if name not in public],
    }


def _key(content: bytes, competition: Competition) -> str:
    about = (competition.metric, competition.classes, competition.columns, competition.public_share, competition.seed)
    return hashlib.sha256(content + repr(about).encode()).hexdigest()[:32]
