"""Read the tables that people keep as spreadsheets leave them, where what they mean is certain; else say what is there.

Certain are: UTF-8, and UTF-16 that begins with its mark; the separator with which the header has the columns that must
be there, or that a first line `sep=;` names; decimal commas; columns at the end without a heading and without a cell;
`="0042"`, by which exports keep a spreadsheet from reading a number; marks without width around a cell; known headings
in capitals. Any other encoding is a guess in a table of a few names, so that it is said and not read.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import string
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course.config import did_you_mean
from grader.errors import AuthoringError, UnknownEncoding
from grader.submission.text import JOINERS

SEPARATORS = (",", ";", "\t", "|")
MOST_SHOWN = 400  # letters of a header
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"  # as spreadsheets set them
REVERSED = "\u202d\u202e"  # as nobody needs them
TEXTS = ("name", "reason", "comment")  # columns in which any kind of blank may stand; ids are taken as they are
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
SEPARATOR_LINE = re.compile(r"(?:\"?)sep=(.)(?:\"?)(?:\r\n|\r|\n)", re.IGNORECASE)
_TEXT_OF_FORMULA = re.compile(r'="([^"]*)"')
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
Line = tuple[int, list[str]]
csv.field_size_limit(64 * 2**20)  # for the whole process; Moodle's worksheets hold what was typed into the browser
_DECIMAL_COMMA = re.compile(r"([0-9]{1,9}),([0-9]{1,2}|[0-9]{4,9})")  # three digits may be thousands


@dataclass(frozen=True)
class Encoded:
    """The text of a file, and how it is written: `mark` are the bytes in front that say so."""

    text: str
    codec: str = "utf-8"
    mark: bytes = b""

    def bytes_of(self, text: str) -> bytes:
        """Another text, written like this one."""
        return self.mark + text.encode(self.codec)


@dataclass(frozen=True)
class Row:
    """One row of a table: its cells by column, and where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def where(self, column: str) -> str:
        return f"{self.file}, line {self.line}, column {column}"


def decoded(raw: bytes, file: str, encoding: str = "") -> Encoded:
    """The text of a table. Raises AuthoringError saying what the file is instead.

    encoding: the one that somebody named, for files that do not say theirs
    """
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return Encoded(_decoded(raw[len(mark) :], codec, file), codec, mark)
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise AuthoringError(f"{file}: a workbook, not a CSV table; save it as CSV UTF-8")
    return Encoded(_decoded(raw, encoding or "utf-8", file), encoding or "utf-8")


def _decoded(raw: bytes, codec: str, file: str) -> str:
    if codec == "utf-8" and b"\0" in raw:
        raise UnknownEncoding(f"{file}: it holds bytes of zero, as UTF-16 without its mark does; save it as CSV UTF-8")
    try:
        return raw.decode(codec)
    except LookupError:
        raise AuthoringError(f"there is no encoding {codec!r}; try cp1252, cp1250 or gb18030") from None
    except UnicodeDecodeError as problem:
        what = f"{file}: not UTF-8 text" if codec == "utf-8" else f"{file}: not {codec} text"
        raise UnknownEncoding(f"{what}{_looks_like(raw, problem.start)}; save it as CSV UTF-8") from None


_SHARED = "ÄÖÜÅäöüåßéáóúíýâîçë".encode("cp1252")  # but for Å the same bytes in cp1250


def _looks_like(raw: bytes, place: int) -> str:
    """What the bytes around a place may say, for a person to judge."""
    from charset_normalizer import from_bytes

    if _is_western(raw):
        return _read_as("cp1252", raw, place)
    best = from_bytes(raw).best()
    return _read_as(best.encoding, raw, place) if best else ""


def _is_western(raw: bytes) -> bool:
    """Whether the letters beyond ASCII are those that Windows has in one place in its western and central code pages,
    as in German, and stand alone or in twos between others, as those of two bytes do not."""
    runs = re.findall(rb"[\x80-\xff]+", raw)
    return bool(runs) and all(len(run) <= 2 and not run.translate(None, _SHARED) for run in runs)


def _read_as(codec: str, raw: bytes, place: int) -> str:
    number = raw.count(b"\n", 0, place) + 1
    line = raw.splitlines()[number - 1] if raw.splitlines() else b""
    try:
        return f"; read as {codec}, line {number} is {line.decode(codec)!r}"
    except UnicodeDecodeError:
        return ""


def separated(
    text: str, needed: Collection[str], known: Collection[str] = (), names: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """(the separator, the text below a line that names it): with it the header has the needed columns.

    known: columns that may be there;  names: other names of columns -> those that are meant
    """
    found = SEPARATOR_LINE.match(text)
    if found:
        return found[1], text[found.end() :]
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    cells = {mark: next(csv.reader([first], delimiter=mark), []) for mark in SEPARATORS}
    headers = {mark: [meant(cell, names or {}) for cell in cells[mark]] for mark in SEPARATORS}
    whole = [mark for mark in SEPARATORS if set(map(str.casefold, needed)) <= set(map(str.casefold, headers[mark]))]
    asked = {name.casefold() for name in known}

    def columns(mark: str) -> tuple[int, int]:
        """How many columns are known ones, and how many there are."""
        return len(asked.intersection(map(str.casefold, headers[mark]))), len(headers[mark])

    return max(whole or SEPARATORS, key=columns), text


def meant(heading: str, names: Mapping[str, str]) -> str:
    """The column that a heading means: names has other names of columns, whose capitals do not count."""
    called = heading.strip()
    alike = {other.casefold(): column for other, column in names.items()}
    return names.get(called) or alike.get(called.casefold(), called)


def lines(
    encoded: Encoded, file: str, needed: Collection[str], known: Collection[str] = (), comments: bool = True
) -> list[Line]:
    """(line number, stripped cells) of every row that is neither empty nor a comment, without empty last columns.

    comments: whether rows that begin with # are comments
    """
    separator, text = separated(encoded.text, needed, known)
    above = encoded.text.count("\n") - text.count("\n")
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        found = [(above + reader.line_num, list(map(bare, cells))) for cells in reader]
    except csv.Error as problem:
        raise AuthoringError(f"{file}: not a CSV table: {problem}") from None
    found = [(line, cells) for line, cells in found if any(cells) and not (comments and cells[0].startswith("#"))]
    width = max((place for _, header in found[:1] for place, cell in enumerate(header, 1) if cell), default=0)
    return [(line, cells if any(cells[width:]) else cells[:width]) for line, cells in found]


def bare(cell: str) -> str:
    """A cell without blanks and marks without width around it, and without the formula that keeps it text."""
    cell = cell.replace("\r\n", "\n")
    if not cell.isascii():
        unseen = {letter for letter in cell if unicodedata.category(letter) == "Cf"} - {*JOINERS, *REVERSED}
        cell = cell.strip("".join(unseen | set(string.whitespace)))
    text = _TEXT_OF_FORMULA.fullmatch(cell.strip())
    return text[1].strip() if text else cell.strip()


def rows(
    path: Path,
    file: str,
    known: Sequence[str],
    needed: int = 1,
    refused: Collection[str] = (),
    running: Collection[str] = (),
    unused: list[str] | None = None,
) -> Iterator[Row]:
    """The rows under the header, cells stripped. The first `needed` of the `known` columns must be there.

    running: columns of running text, in which a cell may have several lines
    unused: takes the names of other columns, unless they are like a known one; None where no other may be there
    """
    try:
        encoded = decoded(path.read_bytes(), file)
    except FileNotFoundError:
        raise AuthoringError(f"no {file} in {path.parent}") from None
    there = iter(lines(encoded, file, known[:needed], known))
    line, header = next(there, (1, []))
    header = [_known_heading(name, header, known) for name in header]
    others = [name for name in header if unused is not None and name not in known and not did_you_mean(name, known)]
    _check_header(f"{file}, line {line}", header, [*known, *others], needed, refused)
    if unused is not None:
        unused += others
    for line, cells in there:
        if len(cells) != len(header):
            raise AuthoringError(
                f"{file}, line {line}: expected {len(header)} cells as in the header, got {len(cells)}"
            )
        by_column = dict(zip(header, cells, strict=True))
        texts = {name: plain_blanks(by_column[name], name in running) for name in TEXTS if name in by_column}
        row = Row(file, line, by_column | texts)
        for column, cell in row.cells.items():
            check_printable(cell.replace("\n", " ") if column in running else cell, f"{file}, line {line}")
        yield row


def _known_heading(name: str, header: Sequence[str], known: Sequence[str]) -> str:
    """A heading as it is known where nothing but capitals differ, and no other column has that heading."""
    alike = [each for each in known if each.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 and alike[0] not in header else name


def number(cell: str) -> str:
    """A number of a cell with a point, "" where it is none: 7,5 is 7.5; 1,234 may be a thousand and is none."""
    found = _DECIMAL_COMMA.fullmatch(cell)
    text = f"{found[1]}.{found[2]}" if found else cell
    return text if _NUMBER.fullmatch(text) else ""


def headings(header: Sequence[str]) -> str:
    """The headings that are there, for a sentence; what is no table may have a whole file in its first line."""
    text = ", ".join(" ".join(name.split()) for name in header if name) or "nothing"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def plain_blanks(text: str, running: bool = False) -> str:
    """Text with a plain blank for every kind of blank, and, in running text, a plain line break for every kind.

    Without marks of the direction of writing, which every program sets by itself.
    """
    if running:
        text = "\n".join(text.splitlines())
    written = (letter for letter in text if letter not in DIRECTIONS)
    return "".join(" " if letter.isspace() and letter != "\n" else letter for letter in written)


def check_printable(cell: str, where: str) -> None:
    if not all(letter.isprintable() or letter in JOINERS for letter in cell):
        raise AuthoringError(f"{where}: a cell holds a line break or an invisible character: {cell!r}")


def _check_header(
    where: str, header: Sequence[str], known: Sequence[str], needed: int, refused: Collection[str]
) -> None:
    for name in known[:needed]:
        if name not in header:
            raise AuthoringError(f"{where}: no column {name!r} in the header; there is: {headings(header)}")
    for name in header:
        check_printable(name, where)
        if name in refused:
            raise AuthoringError(f"{where}, column {name}: {name} is graded here; its marks do not come from a table")
        if name not in known:
            raise AuthoringError(
                f"{where}: unknown column {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}"
            )
        if header.count(name) > 1:
            raise AuthoringError(f"{where}: column {name} is there twice")
