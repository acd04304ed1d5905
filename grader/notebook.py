"""Read what a student handed in, a notebook or a Python file: bytes in, values out. Nothing of it is run."""

from __future__ import annotations

import ast
import codecs
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.errors import SubmissionError
from grader.foreign import DOWNLOAD, refuse_conflict, refuse_foreign
from grader.ipynb import RawCell, RawNotebook, read_json
from grader.magics import Plain, parse, plain, syntax_error
from grader.percent import PercentCell, exported_cells, percent_cells

__all__ = ["Cell", "Notebook", "PercentCell", "definitions", "from_percent", "nearest", "percent_cells", "read"]

MAX_SOURCE_CHARS = 10 * 2**20
NEAR = 0.86  # softmax_los is near softmax_loss (0.95), decoder is not near encoder (0.857)

_EXPERIMENT = re.compile(r"\s*#\s*experiment\b", re.IGNORECASE)
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
    """The code cells in order, what the student should be told, and the files that `%%writefile` cells hold."""

    cells: tuple[Cell, ...]
    notices: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def read(content: bytes, filename: str) -> Notebook:
    """Read a notebook or Python file; raise SubmissionError saying what the file is instead."""
    name = _shown(filename)
    is_script = filename.lower().endswith((".py", ".py.txt"))
    refuse_foreign(content, name)
    text = _as_utf8(content)
    if text[:4096].lstrip().startswith(b"{") and not (is_script and parse(text[:4096].decode("utf-8", "replace"))):
        return _assembled(read_json(text, name), name)
    refuse_conflict(text, name)
    return _assembled(_read_script(text, name, is_script), name)


def from_percent(text: str) -> tuple[str, ...]:
    """Return the sources of the code cells of percent-format text."""
    return tuple(cell.source for cell in percent_cells(text) if cell.kind == "code")


def definitions(notebook: Notebook) -> dict[str, tuple[int, ...]]:
    """Return the names bound at the top level (def, class, assignment, import) with the cells that bind them, in order.

    Experiment cells are included. A cell that is no Python counts with the `def` and `class` lines in it.
    """
    found: dict[str, list[int]] = {}
    for cell in notebook.cells:
        tree = parse(cell.code)
        names = _DEFINED.findall(cell.code) if tree is None else _bound(tree.body)
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(cell.number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that a misspelt one most likely stands for; None if none is near.

    Case and underscores do not count, digits must be the same (conv1d is not conv2d). Leave out of `names` what is
    itself asked for: sigmoid_grad is no misspelling.
    """
    wanted = _bare(name)
    digits = re.sub(r"\D", "", name)
    near = [other for other in names if re.sub(r"\D", "", other) == digits and abs(len(other) - len(name)) <= len(name)]
    scored = [(difflib.SequenceMatcher(None, _bare(other), wanted).ratio(), other) for other in near]
    ratio, best = max(scored, default=(0.0, ""))
    return best if ratio >= NEAR else None


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


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
    if len(text) > 4 * MAX_SOURCE_CHARS:
        raise SubmissionError(f"{name}: no notebook, and too long for Python; {DOWNLOAD}")
    source = _tidy(text.decode("utf-8", "replace"))
    told = "a Python file and no notebook" if is_script else "named like a notebook but holds plain Python"
    cells, mark = _marked_cells(source)
    if cells:
        notice = f"{name} is {told}: accepted, cut into {len(cells)} cells at its {mark!r} lines"
        return RawNotebook([RawCell(cell.kind, cell.source) for cell in cells], notices=[notice])
    code = plain(source).code
    wrong = syntax_error(code) or (not is_script and not _defines(code) and "it defines nothing")
    if wrong:
        raise SubmissionError(f"{name}: neither a notebook nor Python ({wrong}); {DOWNLOAD}")
    return RawNotebook([RawCell("code", source)], notices=[f"{name} is {told}: accepted, taken as one cell"])


def _marked_cells(source: str) -> tuple[tuple[PercentCell, ...], str]:
    for cut, mark in ((percent_cells, "# %%"), (exported_cells, "# In[ ]:")):
        cells = cut(source)
        if len(cells) > 1:
            return cells, mark
    return (), ""


def _defines(code: str) -> bool:
    tree = parse(code)
    return tree is None or any(True for _ in _bound(tree.body))


def _assembled(raw: RawNotebook, name: str) -> Notebook:
    notices = list(raw.notices)
    if raw.language and not raw.language.lower().startswith(("python", "ipython")):
        notices.append(f"the notebook's language is {_shown(raw.language)}; it is run as Python")
    code_cells = [(number, cell.source) for number, cell in enumerate(raw.cells, 1) if cell.kind == "code"]
    size = sum(len(source) for _, source in code_cells)
    if size > MAX_SOURCE_CHARS:
        raise SubmissionError(
            f"{name}: {size / 2**20:.1f} MiB of code, at most {MAX_SOURCE_CHARS // 2**20} are read; "
            "put large values into a file, not into the code"
        )
    if not any(source.strip() for _, source in code_cells):
        notices.append("there is no code in it")
    cells: list[Cell] = []
    files: dict[str, str] = {}
    for number, written in code_cells:
        source = _tidy(written)
        result = plain(source)
        experiment = bool(_EXPERIMENT.match(source))
        cells.append(Cell(number, source, result.code, result.ignored, experiment))
        if result.skipped and not experiment:
            notices.append(_skipped(number, result, files))
    return Notebook(tuple(cells), tuple(notices), tuple(files.items()))


def _skipped(number: int, result: Plain, files: dict[str, str]) -> str:
    if result.file is None:
        return f"cell {number} is not run: {result.ignored[-1]}"
    name, text = result.file
    files[name] = files.get(name, "") + text if result.appends else text
    return f"cell {number} is not run: {result.ignored[-1]}; its text is kept as {name}, so that it can be imported"


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


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (item.asname or item.name.partition(".")[0] for item in names)
            case ast.Assign(targets=targets):
                yield from (name for target in targets for name in _targets(target))
            case ast.AnnAssign(target=target, value=ast.expr()) | ast.For(target=target) | ast.AsyncFor(target=target):
                yield from _targets(target)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                yield from (name for item in items if item.optional_vars for name in _targets(item.optional_vars))
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for inner in ("body", "orelse", "finalbody"):
                yield from _bound(getattr(statement, inner, []))
            for handler in getattr(statement, "handlers", []):
                yield from _bound(handler.body)


def _targets(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=items) | ast.List(elts=items):
            yield from (name for item in items for name in _targets(item))
        case ast.Starred(value=value):
            yield from _targets(value)


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:100]) or "(no name)"
