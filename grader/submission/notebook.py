"""Read what a student handed in, a notebook or a Python file: bytes in, values out. Nothing of it is run."""

from __future__ import annotations

import codecs
import difflib
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from grader.errors import SubmissionError
from grader.submission import text_cells
from grader.submission.bindings import bound_names, paragraphs
from grader.submission.ipynb import RawCell, RawNotebook, read_json
from grader.submission.magics import parse, plain, syntax_error
from grader.submission.percent import PercentCell, exported_cells, percent_cells
from grader.submission.wrong_files import DOWNLOAD, refuse_conflict, refuse_foreign

__all__ = [
    "Cell",
    "Notebook",
    "PercentCell",
    "definitions",
    "from_percent",
    "nearest",
    "percent_cells",
    "read",
    "read_cells",
]

_COMMENT = re.compile(r"^# ?", re.MULTILINE)
MAX_SOURCE_CHARS = 10 * 2**20
MAX_LINES = 200_000
MAX_CELLS = 10_000
MAX_CHECKED_CHARS = 2**19  # of a longer notebook the rest is not parsed, some seconds a MiB at the worst
MAX_NOTICES = 50
MOST_NEAR = 2000  # names among which a misspelt one is looked for, ten microseconds each at the worst
NO_CODE = "there is no code in it"
NEAR = 0.86  # softmax_los is near softmax_loss (0.95), decoder is not near encoder (0.857)

_EXPERIMENT = re.compile(r"\s*#\s*experiment\b", re.IGNORECASE)
_DECORATED = re.compile(r"^[ \t]*((?:@[^\n]*\n[ \t]*)+)(?:def[ \t]+(\w+))?", re.MULTILINE)
_MAKES_MAGIC = re.compile(r"@(?:\w+\.)*(?:register_)?(?:line|cell|line_cell)_magic\b")
_REGISTERED = re.compile(r"register_magic_function\(([^\n]*)")  # without its end: where there is none, this fits too
_WORD = re.compile(r"\w+")
_NO_DIGIT = re.compile(r"\D")
_DEFINED = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)", re.MULTILINE)
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Cell:
    """One code cell.

    number: position among all cells of the file, from 1
    source: as written, lines ended by \\n;  code: what is run, line by line the same but without magics
    ignored: the magic and shell lines that were dropped
    experiment: its first line is `# experiment...`; not run when graded
    """

    number: int
    source: str
    code: str
    ignored: tuple[str, ...] = ()
    experiment: bool = False


@dataclass(frozen=True)
class Notebook:
    """The code cells in order, what the student should be told, and the files that `%%writefile` cells write.

    files: (path, text as it is in the end)
    release: the id of the release that it was made from, "" where it does not say
    """

    cells: tuple[Cell, ...]
    notices: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    release: str = ""


def read(content: bytes, filename: str) -> Notebook:
    """Read a notebook or Python file; raise SubmissionError saying what the file is instead."""
    return _assembled(_read(content, filename), _shown(filename))


def read_cells(content: bytes, filename: str) -> list[RawCell]:
    """Read all cells, texts too, lines ended by \\n; raise SubmissionError as `read` does."""
    cells = _read(content, filename, texts=True).cells
    _refuse_much_code(cells, _shown(filename))
    return [replace(cell, source=_tidy(cell.source)) for cell in cells]


def _read(content: bytes, filename: str, texts: bool = False) -> RawNotebook:
    name = _shown(filename)
    is_script = filename.lower().endswith(".py")
    refuse_foreign(content, name)
    text = _as_utf8(content)
    if text is not content:
        refuse_foreign(text, name)
    if text[:4096].lstrip().startswith(b"{" if is_script else (b"{", b"[")):
        try:
            return read_json(text, name, texts)
        except SubmissionError:
            if not is_script or syntax_error(text[:MAX_SOURCE_CHARS].decode("utf-8", "replace")):
                raise
    return _read_script(text, name, is_script)


def from_percent(text: str) -> tuple[str, ...]:
    """Return the sources of the code cells of percent-format text."""
    return tuple(cell.source for cell in percent_cells(text) if cell.kind == "code")


@functools.lru_cache(maxsize=4)  # parsing takes up to seconds, and every name that is missing asks
def definitions(notebook: Notebook) -> dict[str, tuple[int, ...]]:
    """Return the names bound at the top level (def, class, assignment, import) with the cells that bind them, in order.

    Experiment cells are included. A cell that is no Python counts with the `def` and `class` lines in it.
    """
    found: dict[str, list[int]] = {}
    for cell, checked in zip(notebook.cells, _worth_parsing(notebook.cells)):
        tree = parse(cell.code) if checked else None
        names = _DEFINED.findall(cell.code) if tree is None else bound_names(tree)
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(cell.number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant for `name`; None if none is near.

    Case and underscores do not count, digits must be the same (conv1d is not conv2d). Leave out of `names` what is
    itself asked for: logsigmoid is no misspelt log_sigmoid where both are wanted. Of many more names than anybody
    writes by hand, the first MOST_NEAR are looked at.
    """
    digits = _NO_DIGIT.sub("", name)
    likely = (other for other in names if len(other) <= 2 * len(name) and _NO_DIGIT.sub("", other) == digits)
    bare = {_bare(other): other for other in itertools.islice(likely, MOST_NEAR)}
    found = difflib.get_close_matches(_bare(name), bare, n=1, cutoff=NEAR)
    return bare[found[0]] if found else None


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


def _worth_parsing(cells: Iterable[Cell | RawCell]) -> Iterator[bool]:
    """Say for each cell whether it is within the first MAX_CHECKED_CHARS."""
    seen = 0
    for cell in cells:
        seen += len(cell.source)
        yield seen <= MAX_CHECKED_CHARS


def _as_utf8(content: bytes) -> bytes:
    for mark, encoding in _ENCODINGS:
        if content.startswith(mark):
            return content[len(mark) :] if encoding == "utf-8" else _recoded(content, encoding)
    if content[1:2] == b"\0" and content[:1] != b"\0":
        return _recoded(content, "utf-16-le")
    if content[:1] == b"\0" and content[1:2] != b"\0":
        return _recoded(content, "utf-16-be")
    return content


def _recoded(content: bytes, encoding: str) -> bytes:
    return content.decode(encoding, "replace").encode("utf-8", "replace")


def _read_script(text: bytes, name: str, is_script: bool) -> RawNotebook:
    source = _tidy(text.decode("utf-8", "replace"))
    _refuse_much_code([RawCell("code", source)], name)
    cells, how = _cells_of_script(source)
    _refuse_much_code(cells, name)
    tried = [cell for cell, checked in zip(cells, _worth_parsing(cells)) if checked and cell.kind == "code"]
    codes = [plain(cell.source).code for cell in tried]
    wrong = [reason for reason in map(syntax_error, codes) if reason]
    if wrong:
        refuse_conflict(text, name)
    if codes and (len(wrong) == len(codes) or not (is_script or any(map(_defines, codes)))):
        reason = wrong[0] if wrong else "it defines nothing"
        raise SubmissionError(f"{name}: this is neither a notebook nor Python ({reason}); {DOWNLOAD}")
    return RawNotebook(cells, notices=[f"{name} holds plain Python and no notebook: accepted, {how}"])


def _cells_of_script(source: str) -> tuple[list[RawCell], str]:
    for cut, mark in ((percent_cells, "# %%"), (exported_cells, "# In[ ]:")):
        cells = cut(source)
        if len(cells) > 1:
            return [RawCell(cell.kind, _text_of(cell)) for cell in cells], f"cut into cells at its {mark!r} lines"
    parts = paragraphs(source, parse(plain(source).code))
    if 1 < len(parts) <= MAX_CELLS:
        return [RawCell("code", part) for part in parts], f"cut into {len(parts)} cells at blank lines"
    return [RawCell("code", source)], "taken as one cell"


def _text_of(cell: PercentCell) -> str:
    """What a cell says: a script holds its texts as comments."""
    return cell.source if cell.kind == "code" else _COMMENT.sub("", cell.source)


def _defines(code: str) -> bool:
    tree = parse(code)
    return tree is None or any(True for _ in bound_names(tree))


def _refuse_much_code(cells: list[RawCell], name: str) -> None:
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"{name}: {len(cells)} cells, at most {MAX_CELLS} are read; clear out what is not needed")
    sources = [cell.source for cell in cells if cell.kind == "code"]
    size, lines = sum(map(len, sources)), sum(source.count("\n") + source.count("\r") for source in sources)
    if size > MAX_SOURCE_CHARS or lines > MAX_LINES:
        raise SubmissionError(
            f"{name}: {size / 2**20:.1f} MiB of code in {lines} lines, at most {MAX_SOURCE_CHARS // 2**20} MiB and "
            f"{MAX_LINES} lines are read; put large values into a file, not into the code"
        )


def _assembled(raw: RawNotebook, name: str) -> Notebook:
    notices = list(raw.notices)
    if "-checkpoint." in name:
        notices.append(f"{name} is a copy that Jupyter saved by itself; it may be older than your notebook")
    if raw.language and not raw.language.lower().startswith(("python", "ipython")):
        notices.append(f"the notebook's language is {_shown(raw.language)}; it is run as Python")
    _refuse_much_code(raw.cells, name)
    if not any(cell.source.strip() for cell in raw.cells if cell.kind == "code"):
        notices.append(NO_CODE)
    cells: list[Cell] = []
    files: dict[str, str] = {}
    registered, lost = _own_magics(raw.cells), text_cells.meant_as_code(raw.cells)
    for number, (cell, checked) in enumerate(zip(raw.cells, _worth_parsing(raw.cells)), 1):
        if number in lost:
            notices.append(f"cell {number} is a {cell.kind.title()} cell that holds Python: it is run as a code cell")
        if cell.kind == "code" or number in lost:
            source = _tidy(cell.source)
            result = plain(source, checked=checked, registered=registered)
            experiment = bool(_EXPERIMENT.match(source))
            cells.append(Cell(number, source, result.code, result.ignored, experiment))
            if result.skipped and not experiment:
                notices.append(f"cell {number} is not run: {result.ignored[-1]}")
            if result.file and not experiment:
                name, text = result.file
                files[name] = files.get(name, "") + text if result.appends else text
    more = len(notices) - MAX_NOTICES
    shown = notices if more <= 0 else [*notices[:MAX_NOTICES], f"and {more} more notices"]
    return Notebook(tuple(cells), tuple(shown), tuple(files.items()), raw.release)


def _own_magics(cells: Iterable[RawCell]) -> frozenset[str]:
    """The names of magics that the notebook itself makes."""
    sources = [cell.source for cell in cells if "_magic" in cell.source]
    decorated = (found for source in sources for found in _DECORATED.findall(source))
    made = [name for decorators, name in decorated if _MAKES_MAGIC.search(decorators)]
    registered = [text.rpartition(")")[0] for source in sources for text in _REGISTERED.findall(source)]
    return frozenset(word for text in (*made, *registered) for word in _WORD.findall(text))


def _tidy(source: str) -> str:
    """Return the text with \\n at line ends and without lone surrogates, which no encoder takes."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return source.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not _encodes(source) else source


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:100]) or "(no name)"
