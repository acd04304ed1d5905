"""The master and `assignment.toml` of what was imported, in the project's own form."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.importing.material import Asked, Case, Material, Part
from grader.importing.namespace import Namespace, read_names
from grader.submission.bindings import bound_names
from grader.submission.magics import parse, plain

PRELOADED = ("numpy", "torch", "pandas", "scipy")
CONFIG = (
    "# ASSIGNMENT CONFIG\nname: {id}\ngenerate: false\nexport_cell: false\ntests:\n  files: true\n  ok_format: true"
)
_BEGIN, _END = re.compile(r"\s*# BEGIN SOLUTION( NO PROMPT)?\s*"), re.compile(r"\s*# END SOLUTION\s*")
_LINE = re.compile(r".*\S.*# ?SOLUTION( NO PROMPT)?\s*")


@dataclass(frozen=True)
class MasterPart:
    """One cell of the master, and the public test that it holds, if any."""

    kind: str
    source: str
    case: Case | None = None
    include: bool = False


def master_parts(material: Material, assignment_id: str, namespace: Namespace, dropped: set[str]) -> list[MasterPart]:
    """All cells of the master. dropped: labels of public tests that cannot be shown."""
    found = [MasterPart("raw", CONFIG.format(id=assignment_id))]
    for item in material.items:
        if isinstance(item, Asked):
            found += _question(item, namespace, dropped)
        else:
            found += _blocks([item])
    return found


def master_text(parts: list[MasterPart]) -> str:
    """The percent-format text."""
    import jupytext
    from nbformat import v4

    new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    cells = [
        new[part.kind](part.source, metadata={"tags": ["otter_include"]} if part.include else {}) for part in parts
    ]
    notebook = v4.new_notebook(cells=cells, metadata={"jupytext": {"notebook_metadata_filter": "-all"}})
    return str(jupytext.writes(notebook, fmt="py:percent"))


def _question(asked: Asked, namespace: Namespace, dropped: set[str]) -> Iterator[MasterPart]:
    manual = "\nmanual: true" if asked.manual else ""
    yield MasterPart("raw", f"# BEGIN QUESTION\nname: {asked.id}\npoints: 0{manual}")
    yield from _blocks(asked.parts)
    if not asked.manual:
        yield MasterPart("raw", "# BEGIN TESTS")
        shown = [case for case in asked.cases if not case.hidden and case.label not in dropped]
        for case in shown:
            yield MasterPart("code", _as_statements(case), case)
        if not shown:
            yield MasterPart("code", _is_there(asked, namespace))
        yield MasterPart("raw", "# END TESTS")
    yield MasterPart("raw", "# END QUESTION")


def _blocks(parts: list[Part]) -> Iterator[MasterPart]:
    """The cells, those of one role in a block together."""
    inside = ""
    for part in parts:
        block = {"prompt": "PROMPT", "solution": "SOLUTION", "answer": "SOLUTION"}.get(part.role, "")
        block = inside if part.include else block
        if block != inside:
            if inside:
                yield MasterPart("raw", f"# END {inside}")
            if block:
                yield MasterPart("raw", f"# BEGIN {block}")
            inside = block
        yield MasterPart(part.kind, part.source, include=part.include)
    if inside:
        yield MasterPart("raw", f"# END {inside}")


def _as_statements(case: Case) -> str:
    """A public test as statements; one that is a function is called below."""
    tree = parse(case.source)
    only = tree.body[0] if tree and len(tree.body) == 1 else None
    if isinstance(only, ast.FunctionDef):
        arguments = ", ".join(argument.arg for argument in only.args.args)
        return f"{case.source}\n\n{only.name}({arguments})"
    return case.source


def _is_there(asked: Asked, namespace: Namespace) -> str:
    """A check for students where the source shows none: the first name that is asked for is there."""
    names = asked_names(asked) or [name for name in _read(asked) if name in namespace.names] or _written(asked)
    name = names[0] if names else "None"
    return f"{name} is not ..."


def asked_names(asked: Asked) -> list[str]:
    """Names that students define in this question and its tests ask for."""
    read = set(_read(asked))
    return [name for name in _written(asked) if name in read and name not in asked.unasked]


def _written(asked: Asked) -> list[str]:
    """Names that students define in this question, in order."""
    defined = [name for part in asked.parts if part.role == "solution" for name in written_names(part.source)]
    return list(dict.fromkeys(defined))


def _read(asked: Asked) -> list[str]:
    """Names that the tests of a question ask for, as arguments too."""
    found: dict[str, None] = {}
    for case in asked.cases:
        tree = parse(case.source)
        if tree:
            found |= dict.fromkeys(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
            found |= dict.fromkeys(read_names(tree))
    return list(found)


def written_names(source: str) -> Iterator[str]:
    """Names that a cell binds in statements of which a part is the solution."""
    secret = secret_lines(source)
    tree = parse(plain(source).code)
    for node in tree.body if tree else []:
        if any(number in secret for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)):
            yield from bound_names(ast.Module([node], []))


def secret_lines(source: str) -> set[int]:
    """The numbers, from 1, of the lines that students do not get."""
    found: set[int] = set()
    inside = False
    for number, line in enumerate(source.split("\n"), 1):
        if _BEGIN.fullmatch(line) or _END.fullmatch(line):
            inside = bool(_BEGIN.fullmatch(line))
        elif inside or _LINE.fullmatch(line):
            found.add(number)
    return found


def assignment_toml(material: Material, namespace: Namespace) -> str:
    """The questions with their points and names."""
    used = {statement.split()[1].split(".")[0] for statement in namespace.modules.values()}
    preload = [name for name in PRELOADED if name == "numpy" or (name in used and namespace.installed(name))]
    lines = [
        f"title = {_text(material.title)}",
        f"preload = {json.dumps(preload)}",
        f"files = {json.dumps(sorted(material.files), ensure_ascii=False)}",
    ]
    taken: set[str] = set()
    for asked in reversed(material.questions):  # a name belongs to the question that defines it last
        asked.names = [name for name in asked_names(asked) if name not in taken]
        taken |= set(asked.names)
    for asked in material.questions:
        lines += ["", "[[question]]", f'id = "{asked.id}"', f"title = {_text(asked.title or asked.name)}"]
        lines.append(f"points = {asked.decimal.normalize():f}")
        if asked.manual:
            lines.append("manual = true")
        elif asked.names:
            lines.append(f"names = {json.dumps(asked.names)}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(" ".join(text.split())[:120] or "untitled", ensure_ascii=False)
