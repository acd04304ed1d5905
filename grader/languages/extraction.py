"""Which messages the sources hold, by room: literals that tr, trn, trc or mark is called with, and the templates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from grader.languages.po import Message
from grader.languages.recorded import CONTEXT

PACKAGE = Path(__file__).resolve().parent.parent
FUNCTIONS = {"tr": ("text",), "mark": ("text",), "trn": ("text", "plural"), "trc": ("context", "text")}


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
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            continue
        wanted = FUNCTIONS[node.func.id]
        given = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if len(given) >= len(wanted):
            said = dict(zip(wanted, given))  # noqa: B905 - Python 3.9 has no strict
            yield Message(said["text"], said.get("plural", ""), said.get("context", ""))
        elif node.func.id != "tr" or isinstance(node.args[0], (ast.JoinedStr, ast.BinOp, ast.Call)):
            raise ValueError(f"{name}, line {node.lineno}: {node.func.id} needs a literal: {ast.unparse(node)}")
