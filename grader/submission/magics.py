"""Make a notebook cell plain Python: magics and shell lines become inert, and line numbers stay.

Nothing is run here. A cell that is valid Python is never changed, so a `%` inside a string or an expression is safe.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from typing import Any

MAX_PARSED_CHARS = 200_000  # the parser needs some hundred bytes per character; longer texts are taken as they are
SHOWN_CHARS = 120
TOO_DEEP = "an expression is nested too deeply for Python, or has too many parts; cut it into several"

RUNS_ITS_BODY = frozenset("time timeit capture prun memit mprun lprun heat".split())
NOT_PYTHON = frozenset(
    "! !! bash sh sx cmd script system shell perl ruby pypy python python2 python3 html HTML javascript js latex "
    "markdown svg SVG cython R julia octave matlab sql bigquery file writefile writetemplate cu nvcc cpp".split()
)
_WRITES = re.compile(r"%%(?:writefile|file)[ \t]+(?P<append>-a[ \t]+|--append[ \t]+)?(?P<name>[^ \t].*)")
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.-]{0,99}", re.ASCII)

_REST = r"[^\n]*(?:(?<=\\)\n[^\n]*)*"  # to the end of the line, and of the lines that it continues on
_EXPORTED = r"(?P<target>[A-Za-z_][^=\n#\"'(!%]*=[ \t]*)?get_ipython\(\)[ \t]*\.[ \t]*\w+\("
_SHELL = r"(?:pip3?|conda|mamba|micromamba|uv|cd|ls|mkdir|rmdir|rm|cp|mv|cat|run|env|load_ext|reload_ext|matplotlib)"
_AUTO = rf"{_SHELL}[ \t]+(?=[\w./~-])"  # IPython runs these without a % too
_CANDIDATE = re.compile(rf"^[ \t]*(?:[%!?]|{_AUTO})|\?[ \t;]*$|=[ \t]*[%!]|get_ipython\(\)", re.MULTILINE)
_EXPORTED_CALL = re.compile(rf"(?P<indent>[ \t]*)(?P<body>{_EXPORTED})")
_MAGIC = re.compile(
    rf"(?P<indent>[ \t]*)(?:(?P<target>[A-Za-z_][^=\n#\"'(!%]*=[ \t]*)?(?P<body>[%!]{_REST})"
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

    skipped: the whole cell is no Python and `code` is empty
    file: (name, text) of a `%%writefile name` whose name is a plain file name; `appends` for its `-a`
    """

    code: str
    ignored: tuple[str, ...] = ()
    skipped: bool = False
    file: tuple[str, str] | None = None
    appends: bool = False


def plain(source: str, *, checked: bool = True) -> Plain:
    """Turn a cell's source into Python that runs without IPython. What is still no Python then is left as it is.

    checked: see first whether it is Python already. Only for very long notebooks this is not worth its time; then
        lines are recognised by their look alone.
    """
    lines = source.split("\n")
    dropped: list[str] = []
    doubtful = False
    for index, line in enumerate(lines):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith("%%"):
            break
        name = text[2:].split(None, 1)[0] if text[2:].strip() else ""
        dropped.append(_short(text))
        if name in NOT_PYTHON:
            return _foreign(text, lines[index + 1 :], dropped)
        doubtful = doubtful or name not in RUNS_ITS_BODY
        lines[index] = ""
    code, ignored = _without_line_magics("\n".join(lines) if dropped else source, checked)
    if doubtful and (not checked or parse(code) is None):
        return Plain("", tuple(dropped), skipped=True)
    return Plain(code, (*dropped, *ignored))


def parse(code: str) -> ast.Module | None:
    """Parse a cell as Python (top-level await allowed); None if it is none or is longer than MAX_PARSED_CHARS."""
    tree, _ = _compiled(code, ast.PyCF_ONLY_AST)
    return tree


def syntax_error(code: str) -> str:
    """Say why this is no Python ("line 3: invalid syntax"); "" if it is, or is too long to try."""
    _, reason = _compiled(code, ast.PyCF_ONLY_AST)
    return reason


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


def _foreign(magic: str, body: list[str], dropped: list[str]) -> Plain:
    writes = _WRITES.fullmatch(magic)
    if writes is None:
        return Plain("", tuple(dropped), skipped=True)
    name = writes["name"].strip().strip("\"'")
    file = (name, "\n".join(body).rstrip("\n") + "\n") if _PLAIN_NAME.fullmatch(name) else None
    return Plain("", tuple(dropped), skipped=True, file=file, appends=bool(writes["append"]))


def _without_line_magics(text: str, checked: bool) -> tuple[str, list[str]]:
    if not (_indentation(text) or _CANDIDATE.search(text)):
        return text, []
    is_python = checked and parse(text) is not None
    if is_python and "get_ipython()" not in text:
        return text, []
    if not is_python:
        text = _dedented(text)
    parts: list[str] = []
    ignored: list[str] = []
    at = 0
    while at < len(text):
        end, part = _next_part(text, at, is_python, ignored)
        parts.append(part)
        at = end
    return "".join(parts), ignored


def _next_part(text: str, at: int, is_python: bool, ignored: list[str]) -> tuple[int, str]:
    """Return the end of the logical line that starts at `at` and what to run for it."""
    magic = None if is_python else _MAGIC.match(text, at)
    if magic:
        body = magic["body"] or magic["before"] or magic["after"]
        return magic.end(), _inert(magic["indent"], magic["target"] or "", body, ignored)
    if not is_python:
        automagic = _AUTOMAGIC.match(text, at)
        if automagic and parse(automagic[0].strip()) is None:
            return automagic.end(), _inert(automagic["indent"], "", automagic["body"], ignored)
    end = _logical_end(text, at)
    exported = _EXPORTED_CALL.match(text, at, end)
    if exported:
        return end, _inert_export(exported, text[at:end], ignored)
    return end, text[at:end]


def _inert(indent: str, target: str, body: str, ignored: list[str]) -> str:
    if not target and re.match(r"%time[ \t]+[^ \t\n]", body):
        ignored.append("%time")
        return indent + body[len("%time") :].lstrip()
    ignored.append(_short(target + body))
    nothing = target + ("[]" if body.startswith("!") else "None") if target else "pass"
    return indent + nothing + "\n" * body.count("\n")


def _inert_export(call: re.Match[str], line: str, ignored: list[str]) -> str:
    """Undo what an export to .py made of a magic: `get_ipython().run_line_magic('time', 'x = 1')`."""
    ignored.append(_short(line.strip()))
    tail = "\n" * line.count("\n")
    if call["target"]:
        nothing = "[]" if call[0].endswith("getoutput(") else "None"
        return f"{call['indent']}{call['target']}{nothing}{tail}"
    tree = parse(line.strip())
    arguments: list[str] = []
    if tree and tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Call):
        constants = (item.value for item in tree.body[0].value.args if isinstance(item, ast.Constant))
        arguments = [item for item in constants if isinstance(item, str)]
    if "run_cell_magic" in call[0] and len(arguments) == 3 and arguments[0] in RUNS_ITS_BODY and not call["indent"]:
        return _without_line_magics(arguments[2], True)[0].rstrip("\n") + tail
    if "run_line_magic" in call[0] and len(arguments) == 2 and arguments[0] == "time":
        return call["indent"] + arguments[1] + tail
    return call["indent"] + "pass" + tail


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
