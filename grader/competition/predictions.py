"""A CSV file of predictions, read strictly; what is wrong is said with the line where it stands."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.course.competition import METRICS, Competition, Kind
from grader.course.tables import SEPARATORS, separated
from grader.errors import SubmissionError

MOST_FAULTS = 5  # that are told
MOST_MAGNITUDE = 1e100  # of a number: its square is one, too
ADDS_UP_TO_ONE = 1e-3
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
Value = str | float | tuple[float, ...]


def read_predictions(content: bytes, competition: Competition, ids: Sequence[str]) -> dict[str, Value]:
    """What is predicted of each id. Raises SubmissionError, which says up to five lines that are wrong.

    A class is a str, a number or a probability of the second class a float, several probabilities a tuple of floats.
    """
    text = _text(content)
    separator, below = separated(text, competition.columns)
    if separator not in SEPARATORS:
        raise SubmissionError(f"line 1: {shown(separator)} separates no columns; a comma, a semicolon or a tab does")
    above = text.count("\n") - below.count("\n")
    reader = csv.reader(io.StringIO(below, newline=""), strict=True, delimiter=separator)
    table = _Table(competition, frozenset(ids), commas=separator == ";")
    try:
        table.take_header(above + 1, next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                table.take(above + reader.line_num, [cell.strip() for cell in cells])
    except csv.Error as problem:
        raise SubmissionError(f"line {above + reader.line_num}: this is no CSV: {problem}") from None
    table.end(ids)
    return table.found


def _text(content: bytes) -> str:
    try:
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise SubmissionError(f"line {line}: this is no UTF-8 text; save the table as CSV UTF-8") from None
    if "\x00" in text:
        raise SubmissionError("this is no text; save the table as CSV UTF-8")
    return text


@dataclass
class _Table:
    """What was read so far.

    commas: whether a number may have a decimal comma, in a file whose columns semicolons separate;  marks: which of
    comma and point numbers have had, and where first;  lines: where each id stands;  faults: what is told
    """

    competition: Competition
    ids: frozenset[str]
    commas: bool = False
    marks: dict[str, int] = field(default_factory=dict)
    header: Sequence[str] = ()
    found: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def take_header(self, line: int, cells: Sequence[str]) -> None:
        self.header = [cell.strip() for cell in cells]
        wanted = self.competition.columns
        if sorted(self.header) != sorted(wanted):
            there = ", ".join(map(shown, self.header[:12])) or "nothing"
            raise SubmissionError(f"line {line}: the columns are {there}; expected: {', '.join(wanted[:12])}")

    def take(self, line: int, cells: Sequence[str]) -> None:
        if len(cells) != len(self.header):
            return self._fault(line, f"{len(cells)} cells, and {len(self.header)} columns")
        row = dict(zip(self.header, cells, strict=True))
        if self.commas and self.competition.kind is not Kind.CLASS:
            row |= {name: self._with_point(line, row[name]) for name in self.competition.columns[1:]}
        name = row[self.competition.id_column]
        if name not in self.ids:
            return self._fault(line, f"{self.competition.id_column} {shown(name)} is none of the {len(self.ids)} ids")
        if name in self.lines:
            return self._fault(line, f"{shown(name)} is there already, in line {self.lines[name]}")
        self.lines[name] = line
        try:
            self.found[name] = value_of(row, self.competition)
        except ValueError as why:
            self._fault(line, str(why))
        return None

    def _with_point(self, line: int, cell: str) -> str:
        """A number with a point for its decimal comma; as it is where the file has numbers with points, too."""
        for mark in set(",.").intersection(cell):
            self.marks.setdefault(mark, line)
        return cell.replace(",", ".") if "," in cell and len(self.marks) == 1 else cell

    def end(self, ids: Sequence[str]) -> None:
        """Raise SubmissionError for all that was wrong, and for ids that are not there."""
        missing = [name for name in ids if name not in self.lines]
        if missing and not self.faults:
            few = ", ".join(map(shown, missing[:3]))
            self.faults.append(f"{len(missing)} of {len(ids)} ids have no row, the first of them {few}")
        if len(self.marks) > 1 and not self.faults:
            self.faults.append(
                f"numbers have a decimal comma in line {self.marks[',']} and a point in line {self.marks['.']}, "
                "and all must be written alike"
            )
        if self.faults:
            raise SubmissionError("; ".join(self.faults))

    def _fault(self, line: int, text: str) -> None:
        self.faults.append(f"line {line}: {text}")
        if len(self.faults) == MOST_FAULTS:
            raise SubmissionError("; ".join(self.faults))


def value_of(row: Mapping[str, str], competition: Competition) -> Value:
    """What a row predicts. Raises ValueError saying what its cell should be."""
    if competition.kind is Kind.CLASS:
        word = row[competition.prediction]
        if word not in competition.classes:
            raise ValueError(f"{competition.prediction} is {shown(word)}; expected one of {_few(competition.classes)}")
        return word
    columns = competition.columns[1:]
    numbers = tuple(_numbers(row, columns, competition))
    if len(columns) == 1:
        return numbers[0]
    if abs(math.fsum(numbers) - 1) > ADDS_UP_TO_ONE:
        raise ValueError(f"the probabilities add up to {math.fsum(numbers):.4g}, not to 1")
    return numbers


def _numbers(row: Mapping[str, str], columns: Sequence[str], competition: Competition) -> Iterator[float]:
    lowest, highest = METRICS[competition.metric].lowest, math.inf
    if competition.kind is Kind.PROBABILITY:
        lowest, highest = 0.0, 1.0
    for column in columns:
        cell = row[column]
        number = float(cell) if len(cell) <= 60 and _NUMBER.fullmatch(cell) else math.nan
        if not abs(number) <= MOST_MAGNITUDE:
            raise ValueError(f"{column} is {shown(cell)}; expected a number")
        if lowest is not None and not lowest <= number <= highest:
            bounds = "from 0 to 1" if highest == 1 else f"not below {lowest:g}"
            raise ValueError(f"{column} is {shown(cell)}; expected a number {bounds}")
        yield number


def _few(words: Sequence[str]) -> str:
    return ", ".join(words[:8]) + (f" and {len(words) - 8} more" if len(words) > 8 else "")


def shown(cell: str) -> str:
    """A cell in a message: whatever is in it is in quotes, escaped, and short."""
    text = ascii(cell) if not cell.isprintable() else repr(cell)
    return text if len(text) <= 40 else f"{text[:36]}...{text[-1]}"
