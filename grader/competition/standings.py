"""Who is where on a leaderboard: on the public part while it runs, on the private part at its end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Entry:
    """One file of predictions that was scored. public, private: None while the score is not known"""

    number: int
    student: str
    received: datetime
    public: float | None
    private: float | None = None
    filename: str = ""
    note: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Side:
    """Whoever takes part: a student, or a team whose entries are counted together. chosen: numbers of final entries"""

    name: str
    students: tuple[str, ...]
    entries: Sequence[Entry] = field(repr=False)
    chosen: Collection[int] = ()


@dataclass(frozen=True)
class Row:
    """A line of the leaderboard. place: None for a baseline;  public_place: at the end, where it would have been"""

    place: int | None
    name: str
    score: float | None
    entries: int = 0
    last: datetime | None = None
    students: tuple[str, ...] = ()
    public_place: int | None = None


def best(entries: Sequence[Entry], higher: bool, final: bool = False) -> Entry | None:
    """The best entry, of equal ones the earliest; None where none has a score."""
    scored = [each for each in entries if _score(each, final) is not None]
    return min(scored, key=lambda each: (_order(_score(each, final), higher), each.number), default=None)


def finals(side: Side, choose: int, higher: bool) -> tuple[Entry, ...]:
    """The entries that count at the end: those chosen, and, where these are fewer, the best public ones."""
    chosen = [each for each in side.entries if each.number in side.chosen]
    others = [each for each in side.entries if each.number not in side.chosen and each.public is not None]
    others.sort(key=lambda each: (_order(each.public, higher), each.number))
    return tuple(sorted([*chosen, *others][:choose], key=lambda each: each.number))


def final_score(side: Side, choose: int, higher: bool) -> float | None:
    """The best score of the final entries on the private part."""
    found = best(finals(side, choose, higher), higher, final=True)
    return found.private if found else None


def public_board(sides: Sequence[Side], baselines: Mapping[str, float], higher: bool) -> list[Row]:
    """While it runs: the best of each on the public part, with the baselines where they are."""
    scored = [(side, best(side.entries, higher)) for side in sides]
    rows = [_row(side, entry, entry.public) for side, entry in scored if entry]
    return _placed(rows, baselines, higher)


def final_board(sides: Sequence[Side], baselines: Mapping[str, float], choose: int, higher: bool) -> list[Row]:
    """At the end: by the best of the final entries on the private part."""
    public = {row.students: row.place for row in public_board(sides, {}, higher)}
    scored = [(side, best(finals(side, choose, higher), higher, final=True)) for side in sides]
    rows = [_row(side, entry, entry.private, public.get(side.students)) for side, entry in scored if entry]
    return _placed(rows, baselines, higher)


def _row(side: Side, entry: Entry, score: float | None, public_place: int | None = None) -> Row:
    return Row(None, side.name, score, len(side.entries), entry.received, side.students, public_place)


def _placed(rows: Sequence[Row], baselines: Mapping[str, float], higher: bool) -> list[Row]:
    """In order; equal scores share a place, and baselines have none."""
    staff = [Row(None, name, score) for name, score in baselines.items()]

    def order(row: Row) -> tuple[float, bool, float]:
        return _order(row.score, higher), bool(row.students), row.last.timestamp() if row.last else 0.0

    return list(_with_places(sorted([*staff, *rows], key=order)))


def _with_places(rows: Sequence[Row]) -> Iterator[Row]:
    counted, place, before = 0, 0, None
    for row in rows:
        if not row.students:
            yield row
            continue
        counted += 1
        place = place if counted > 1 and row.score == before else counted
        before = row.score
        yield Row(place, row.name, row.score, row.entries, row.last, row.students, row.public_place)


def _score(entry: Entry, final: bool) -> float | None:
    return entry.private if final else entry.public


def _order(score: float | None, higher: bool) -> float:
    """The better, the smaller."""
    if score is None:
        return float("inf")
    return -score if higher else score
