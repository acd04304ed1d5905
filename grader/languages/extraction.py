"""Which messages the sources hold, by room: literals that tr, trn, trc or mark is called with, the templates, and what
errors, remarks and lines in the terminal say: of an f-string the template, its values by their names in the source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from grader.languages.po import Message
from grader.languages.recorded import AROUND, CONTEXT, PLACEHOLDER, SAID

PACKAGE = Path(__file__).resolve().parent.parent
FUNCTIONS = {"tr": ("text",), "mark": ("text",), "trn": ("text", "plural"), "trc": ("context", "text")}


SPEAK = re.compile(  # what says its first argument to a person
    r"say|tell|Remark|(Authoring|Machinery|Submission|Usage)Error|UnknownEncoding|SandboxLost|NoGPU|GPULost|NotWatched"
)


@cache
def messages(package: Path = PACKAGE) -> dict[str, list[Message]]:
    """Room -> its messages in order, each with its files. Raises ValueError with the place of a wrong one."""
    found: dict[str, dict[tuple[str, str], Message]] = {}
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        room = found.setdefault(name.partition("/")[0].removesuffix(".py"), {})
        for message in of_source(file.read_text(encoding="utf-8"), name):
            known = room.get(message.key, message)
            if known.plural != message.plural:
                raise ValueError(f"{name}: {message.text!r} is there with another plural, or without")
            places = dict.fromkeys([*known.places, f"grader/{name}"])
            room[message.key] = replace(known, places=tuple(places))
    known_already = {_bare(text) for texts in templates().values() for text in texts}
    for several in found.values():
        for context, text in [key for key in several if key[0] == SAID]:
            pieces = [piece for piece in re.split("; |: ", _bare(text)) if _has_words(piece)]
            if _bare(text) in known_already or known_already.issuperset(pieces):
                del several[context, text]
    for name, texts in templates().items():
        for text in texts:
            found.setdefault(name, {})[CONTEXT, text] = Message(text, context=CONTEXT, places=(f"grader/{name}",))
    return {room: list(several.values()) for room, several in found.items() if several}


def templates() -> dict[str, list[str]]:
    """Room -> the templates of what it writes down in English, one a line of a file in templates/."""
    files = sorted((Path(__file__).parent / "templates").glob("*.txt"))
    return {file.stem: file.read_text(encoding="utf-8").splitlines() for file in files}


def of_source(source: str, name: str) -> Iterator[Message]:
    """The messages of one file."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    texts = _given_in_functions(tree)
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        if SPEAK.fullmatch(getattr(node.func, "id", getattr(node.func, "attr", ""))) and node.args:
            yield from (Message(text, context=SAID) for text in _of_said(node.args[0]))
            for piece in _pieces(node.args[0], texts.get(node, {})):
                yield from (Message(text.strip(AROUND), context=SAID) for text in _of_said(piece))
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            continue
        wanted = FUNCTIONS[node.func.id]
        given = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if len(given) >= len(wanted):
            said = dict(zip(wanted, given))  # noqa: B905 - Python 3.9 has no strict
            yield Message(said["text"], said.get("plural", ""), said.get("context", ""))
        elif node.func.id != "tr" or isinstance(node.args[0], (ast.JoinedStr, ast.BinOp, ast.Call)):
            raise ValueError(f"{name}, line {node.lineno}: {node.func.id} needs a literal: {ast.unparse(node)}")


def _given_in_functions(tree: ast.Module) -> dict[ast.AST, dict[str, list[ast.expr]]]:
    """Call -> what the names of the innermost function around it were given."""
    found: dict[ast.AST, dict[str, list[ast.expr]]] = {}
    for function in ast.walk(tree):  # outer ones first, so that inner ones have the last word
        if not isinstance(function, ast.FunctionDef):
            continue
        given: dict[str, list[ast.expr]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                for name, value in _pairs(node.targets[0], node.value):
                    given.setdefault(name, []).append(value)
        found.update({node: given for node in ast.walk(function) if isinstance(node, ast.Call)})
    return found


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Name and value of an assignment; of `a, b = "one", "other"` two."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts):  # noqa: B905 - Python 3.9 has no strict
            yield from _pairs(one, other)


def _pieces(said: ast.expr, given: dict[str, list[ast.expr]], deep: int = 3) -> Iterator[ast.expr]:
    """The texts that stand at the placeholders of what is said: written there, or given to a name in the function."""
    if isinstance(said, ast.IfExp):
        yield from _pieces(said.body, given, deep)
        yield from _pieces(said.orelse, given, deep)
    if not isinstance(said, ast.JoinedStr) or not deep:
        return
    for value in [piece.value for piece in said.values if isinstance(piece, ast.FormattedValue)]:
        for text in given.get(value.id, []) if isinstance(value, ast.Name) else [value]:
            for each in [text.body, text.orelse] if isinstance(text, ast.IfExp) else [text]:
                if isinstance(each, (ast.Constant, ast.JoinedStr)) and " " in _written(each).strip(AROUND):
                    yield each
                yield from _pieces(each, given, deep - 1)


def _written(text: ast.Constant | ast.JoinedStr) -> str:
    pieces = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(str(piece.value) for piece in pieces if isinstance(piece, ast.Constant))


def _of_said(said: ast.expr) -> Iterator[str]:
    """The templates of what is said; nothing where that has no words of its own, or is made elsewhere."""
    if isinstance(said, ast.IfExp):
        yield from _of_said(said.body)
        yield from _of_said(said.orelse)
    pieces = said.values if isinstance(said, ast.JoinedStr) else [said] if isinstance(said, ast.Constant) else []
    values: dict[str, str] = {}  # as written in the source -> the name of the placeholder
    text = ""
    for piece in pieces:
        if isinstance(piece, ast.FormattedValue):
            written = ast.unparse(piece)
            name = values.get(written) or _name(piece.value)
            while written not in values and name in values.values():
                name = f"{name.rstrip('0123456789')}{int(re.sub(r'[^0-9]', '', name) or 1) + 1}"
            text += f"{{{values.setdefault(written, name)}}}"
        elif isinstance(piece, ast.Constant):
            text += str(piece.value).replace("{", "{{").replace("}", "}}")
    if _has_words(_bare(text)):
        yield text


def _name(value: ast.expr) -> str:
    """What a value is called in a template: as in the source, where it has a name there."""
    if isinstance(value, ast.Call):
        if isinstance(value.func, ast.Name) and value.func.id == "did_you_mean":
            return "close"
        inner = [*value.args, *([value.func.value] if isinstance(value.func, ast.Attribute) else [])]
        return next((name for name in map(_name, inner) if name != "value"), "value")
    if isinstance(value, (ast.Subscript, ast.Starred)):
        return _name(value.value)
    name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else "value"
    return name.strip("_0123456789")


def _has_words(bare: str) -> bool:
    return re.search("[a-z]{2}", bare) is not None


def _bare(template: str) -> str:
    """A template without the names of its placeholders."""
    return PLACEHOLDER.sub("{}", template)
