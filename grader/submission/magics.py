"""Make a notebook cell plain Python: magics and shell lines become calls, or nothing, and line numbers stay.

Nothing is run here. A cell that is valid Python is never changed, so a `%` inside a string or an expression is safe.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

from grader.submission import magic_lines

MAX_PARSED_CHARS = 200_000  # the parser needs some hundred bytes per character; longer texts are taken as they are
SHOWN_CHARS = 120
TOO_DEEP = "an expression is nested too deeply for Python, or has too many parts; cut it into several"

RUNS_ITS_BODY = frozenset("time timeit capture prun memit mprun lprun heat".split())
NOT_PYTHON = magic_lines.RUN_CELLS | frozenset(
    "cmd perl ruby pypy python2 html HTML javascript js latex "
    "markdown svg SVG cython R julia octave matlab sql bigquery writetemplate cu nvcc cpp".split()
)
_WRITES = re.compile(r"%%(?:writefile|file)[ \t]+(?P<append>-a[ \t]+|--append[ \t]+)?(?P<name>[^ \t].*)")
_PLAIN_NAME = re.compile(r"(?:[A-Za-z_][\w.-]{0,99}/){0,9}[A-Za-z_][\w.-]{0,99}", re.ASCII)
_FUTURE = re.compile(r"^from[ \t]+__future__[ \t]", re.MULTILINE)
_BARE = frozenset(
    "ls ll pwd cd clear who whos lsmagic quickref".split()
)  # magics without a % if they are all of a cell

_REST = r"[^\n]*(?:(?<=\\)\n[^\n]*)*"  # to the end of the line, and of the lines that it continues on
_TARGET = r"(?P<target>[A-Za-z_](?:'[^'\n]*'|\"[^\"\n]*\"|[^=\n#\"'(!%])*=[ \t]*)?"
_EXPORTED = _TARGET + r"get_ipython\(\)[ \t]*\.[ \t]*\w+\("
_SHELL = r"(?:pip3?|conda|mamba|micromamba|uv|cd|ls|mkdir|rmdir|rm|cp|mv|cat|run|env|load_ext|reload_ext|matplotlib)"
_AUTO = rf"{_SHELL}[ \t]+(?=[\w./~-])"  # IPython runs these without a % too
_CANDIDATE = re.compile(rf"^[ \t]*(?:[%!?]|{_AUTO})|\?[ \t;]*$|=[ \t]*[%!]|get_ipython\(\)", re.MULTILINE)
_EXPORTED_CALL = re.compile(rf"(?P<indent>[ \t]*)(?P<body>{_EXPORTED})")
_MAGIC = re.compile(
    rf"(?P<indent>[ \t]*)(?:{_TARGET}(?P<body>[%!]{_REST})"
    rf"|(?P<before>\?{_REST})|(?P<after>[%\w.*\[\]]+\?{{1,2}}[ \t]*(?:;[ \t]*)?)(?=\n|\Z))"
)
_AUTOMAGIC = re.compile(rf"(?P<indent>[ \t]*)(?P<body>{_AUTO}{_REST})")
_INK = re.compile(r"[^ \t\n]")
_TOKEN = re.compile(
    r"(?P<quotes>\"\"\"|'''|\"|')|\#[^\n]*|\\\n|[^\"'\#\\\n()\[\]{}]+"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<newline>\n)|.",
    re.DOTALL,
)
_END_OF_STRING = {
    '"""': re.compile(r'\\.|(?P<end>""")', re.DOTALL),
    "'''": re.compile(r"\\.|(?P<end>''')", re.DOTALL),
    '"': re.compile(r'\\.|(?P<end>"|(?=\n))', re.DOTALL),
    "'": re.compile(r"\\.|(?P<end>'|(?=\n))", re.DOTALL),
}


@dataclass(frozen=True)
class Plain:
    """A cell as plain Python. `code` has a line for every line of the source; `ignored` is what was dropped, in order.

    skipped: nothing of the cell is run and `code` is empty
    file: (name, text) of a `%%writefile name` whose name is a plain path; `appends` for its `-a`
    """

    code: str
    ignored: tuple[str, ...] = ()
    skipped: bool = False
    file: tuple[str, str] | None = None
    appends: bool = False


def plain(source: str, *, checked: bool = True, calls: bool = True, registered: frozenset[str] = frozenset()) -> Plain:
    """Turn a cell's source into Python that runs without IPython. What is still no Python then is left as it is.

    checked: see first whether it is Python already. Only for very long notebooks this is not worth its time; then
        lines are recognised by their look alone.
    calls: what the sandbox can do becomes a call of `get_ipython()`; else nothing is left of it
    registered: names of magics that the notebook makes itself
    """
    lines = source.split("\n")
    imports_future = _FUTURE.search(source)  # which nothing may stand before
    reader = _Reader(checked, calls, registered)
    doubtful = False
    for index, line in enumerate(lines):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith("%%"):
            break
        name, _, options = text[2:].strip().partition(" ")
        if name in NOT_PYTHON or name in registered:
            return _foreign(reader, name, text, lines, index)
        if name not in RUNS_ITS_BODY:
            doubtful = True
            reader.ignored.append(_short(text))
        lines[index] = "" if imports_future else magic_lines.around(name, options, calls)
    if source.strip() in _BARE:
        return Plain(source.replace(source.strip(), "pass"), (source.strip(),))
    code = reader.without_magics("\n".join(lines))
    if doubtful and (not checked or parse(code) is None):
        return Plain("", tuple(reader.ignored), skipped=True)
    return Plain(code, tuple(reader.ignored))


def parse(code: str) -> ast.Module | None:
    """Parse a cell as Python (top-level await allowed); None if it is none or is longer than MAX_PARSED_CHARS."""
    tree, _ = _compiled(code, ast.PyCF_ONLY_AST)
    return tree


@functools.lru_cache(maxsize=8)  # every name that is missing asks why, and a long cell takes a second
def syntax_error(code: str) -> str:
    """Say why this is no Python ("line 3: invalid syntax"); "" if it is, or is too long to try."""
    _, reason = _compiled(code, ast.PyCF_ONLY_AST)
    return reason


@functools.lru_cache(maxsize=256)  # every name that is asked for is looked up in a cell
def compile_error(code: str) -> str:
    """Say why this cannot run, as `syntax_error` does, but for all that the compiler finds, as a `return` outside."""
    _, reason = _compiled(code, 0)
    return reason


def _compiled(code: str, flags: int) -> tuple[Any, str]:
    if len(code) > MAX_PARSED_CHARS:
        return None, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" in a student's string is not our warning
            return compile(code, "<cell>", "exec", flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True), ""
    except SyntaxError as error:
        return None, f"line {error.lineno or 1}: {_short(error.msg or 'invalid syntax')}"
    except ValueError as error:  # a NUL character
        return None, _short(str(error))
    except (RecursionError, MemoryError):  # how Python says so, each version of it at other depths
        return None, TOO_DEEP


def _foreign(reader: _Reader, name: str, magic: str, lines: list[str], index: int) -> Plain:
    """A cell whose body is no Python of the notebook's."""
    body = "\n".join(lines[index + 1 :])
    if not (reader.calls and (name in magic_lines.RUN_CELLS or name in reader.registered)):
        return Plain("", (*reader.ignored, _short(magic)), skipped=True)
    options = magic[2:].strip()[len(name) :].strip()
    code = magic_lines.call("", "run_cell_magic", name, options, body if body.endswith("\n") else body + "\n")
    code = "\n" * index + code + "\n" * (len(lines) - index - 1)
    writes = _WRITES.fullmatch(magic)
    path = writes["name"].strip().strip("\"'") if writes else ""
    file = (path, body.rstrip("\n") + "\n") if _PLAIN_NAME.fullmatch(path) else None
    return Plain(code, tuple(reader.ignored), file=file, appends=bool(writes and writes["append"]))


@dataclass
class _Reader:
    """Reads one cell line by line; `ignored` grows by what is dropped."""

    checked: bool
    calls: bool
    registered: frozenset[str]
    ignored: list[str] = field(default_factory=list)

    def without_magics(self, text: str) -> str:
        if not (_indentation(text) or _CANDIDATE.search(text)):
            return text
        is_python = self.checked and parse(text) is not None
        if is_python and "get_ipython()" not in text:
            return text
        if not is_python:
            text = _dedented(text)
        parts: list[str] = []
        at = 0
        while at < len(text):
            at, part = self._next_part(text, at, is_python)
            parts.append(part)
        return "".join(parts)

    def _next_part(self, text: str, at: int, is_python: bool) -> tuple[int, str]:
        """Return the end of the logical line that starts at `at` and what to run for it."""
        magic = None if is_python else _MAGIC.match(text, at)
        if magic:
            body = magic["body"] or magic["before"] or magic["after"]
            return magic.end(), self._instead(magic["indent"], magic["target"] or "", body)
        if not is_python:
            automagic = _AUTOMAGIC.match(text, at)
            if automagic and parse(automagic[0].strip()) is None:
                return automagic.end(), self._instead(automagic["indent"], "", "%" + automagic["body"])
        end = _logical_end(text, at)
        exported = _EXPORTED_CALL.match(text, at, end)
        return end, self._export(exported, text[at:end]) if exported else text[at:end]

    def _instead(self, indent: str, target: str, body: str) -> str:
        code = magic_lines.replacement(target, body, self.registered)
        if code is None or not (self.calls or "get_ipython()" not in code):
            self.ignored.append(_short(target + body))
            code = target + ("[]" if body.startswith("!") else "None") if target else "pass"
        return indent + code + "\n" * body.count("\n")

    def _export(self, call: re.Match[str], line: str) -> str:
        """Read what an export to .py made of a magic as the magic: `get_ipython().run_line_magic('time', 'x = 1')`."""
        method, arguments = _called(line.strip())
        indent, target, tail = call["indent"], call["target"] or "", "\n" * line.count("\n")
        if method in ("run_line_magic", "magic") and arguments:
            return self._instead(indent, target, "%" + " ".join(arguments)) + tail
        if method in ("system", "getoutput") and len(arguments) == 1:
            mark = "!!" if method == "getoutput" and not target else "!"
            return self._instead(indent, target, mark + arguments[0]) + tail
        if method == "run_cell_magic" and len(arguments) == 3:
            name, options, body = arguments
            if name in RUNS_ITS_BODY and not (indent or target):
                begun = magic_lines.call("", "begin_cell_magic", name, options) + "\n"
                begun = begun if name in magic_lines.AROUND and self.calls else ""
                return begun + self.without_magics(body).rstrip("\n") + tail
            if self.calls and name in magic_lines.RUN_CELLS | self.registered:
                return line
            self.ignored.append(_short(line.strip()))
            return f"{indent}{target}None{tail}" if target else f"{indent}pass{tail}"
        return line


def _called(line: str) -> tuple[str, list[str]]:
    """The method of `get_ipython()` that a line calls, and its arguments if these are texts."""
    tree = parse(line)
    value = getattr(tree.body[0], "value", None) if tree and tree.body else None
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
        return "", []
    texts = [item.value for item in value.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return value.func.attr, texts if len(texts) == len(value.args) else []


def _dedented(text: str) -> str:
    """Take the first line's indentation from every line that has it, as IPython does."""
    indentation = _indentation(text)
    return "\n".join(line.removeprefix(indentation) for line in text.split("\n")) if indentation else text


def _indentation(text: str) -> str:
    """The blanks before the first thing that is written."""
    first = _INK.search(text)
    return text[text.rfind("\n", 0, first.start()) + 1 : first.start()] if first else ""


def _logical_end(text: str, at: int) -> int:
    """Return where the logical line that starts at `at` ends, its newline included."""
    depth = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        kind = token.lastgroup
        if kind == "quotes":
            at = _end_of_string(text, at, token[0])
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "newline" and depth == 0:
            break
    return at


def _end_of_string(text: str, at: int, quotes: str) -> int:
    """Return where the string ends that begins at `at`, behind its quotes; one that is left open ends with its line."""
    ends = (found.end() for found in _END_OF_STRING[quotes].finditer(text, at) if found["end"] is not None)
    return next(ends, len(text))


def _short(text: str) -> str:
    line = "".join(character if character.isprintable() else " " for character in text.split("\n", 1)[0][:SHOWN_CHARS])
    return line + ("..." if len(text) > len(line) else "")
