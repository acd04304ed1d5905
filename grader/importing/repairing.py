"""What the build refuses, mended where that changes no meaning; the page says what was done."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from grader.importing.master_text import MasterPart, secret_lines
from grader.importing.material import Asked, Material, Part

_GIVEN_AWAY = re.compile(r"gives away a line of the solution: (.*)", re.DOTALL)
_MARKLIKE = re.compile(r"looks like a mark|is no mark|stand between raw cells|outside of a SOLUTION block")


def repaired(
    material: Material, dropped: set[str], parts: list[MasterPart], part: MasterPart | None, problem: str
) -> bool:
    """Change the material so that the build may go on; False where only a person can."""
    given = _GIVEN_AWAY.search(problem)
    if given:
        return _said_otherwise(material, given[1].strip())
    if part is not None and part.case is not None:
        dropped.add(part.case.label)
        says = problem.partition(": ")[2]
        material.note(part.case.label, "changed", f"students do not see this test before they hand in: {says}")
        return True
    return False


def _said_otherwise(material: Material, line: str) -> bool:
    """Write a line of a solution, which the source gives elsewhere, in other words: the statement with a ; behind it."""
    for item in material.items:
        parts = item.parts if isinstance(item, Asked) else [item]
        for at, part in enumerate(parts):
            changed = _with_semicolon(part, line)
            if changed is None:
                continue
            if isinstance(item, Asked):
                item.parts[at] = changed
            else:
                material.items[material.items.index(item)] = changed
            where = item.name if isinstance(item, Asked) else "a cell"
            material.note(where, "changed", f"the source gives this line of its solution elsewhere: {line}")
            return True
    return False


def _with_semicolon(part: Part, line: str) -> Part | None:
    if part.kind != "code" or part.role != "solution":
        return None
    lines = part.source.split("\n")
    for number in sorted(secret_lines(part.source)):
        text = lines[number - 1]
        code = re.sub(r"\s*# ?SOLUTION( NO PROMPT)?\s*$", "", text)
        if code.strip() != line or code.rstrip().endswith(";"):
            continue
        mark = text[len(code) :]
        bare = code.split("#")[0].rstrip() if _is_statement(code.split("#")[0].strip()) else code.rstrip()
        if not _is_statement(bare.strip()):
            return _on_one_line(part, number)
        lines[number - 1] = f"{bare};{mark}"
        return replace(part, source="\n".join(lines))
    return None


def _on_one_line(part: Part, number: int) -> Part | None:
    """The statement over several lines that has this line, written as one."""
    try:
        tree = ast.parse(part.source)
    except SyntaxError:
        return None
    lines = part.source.split("\n")
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= number <= (node.end_lineno or 0) and node.end_lineno != node.lineno
    ]
    simple = [node for node in inside if not hasattr(node, "body")]
    if not simple:
        return _with_brackets(part, number, tree)
    node = simple[-1]
    indent = lines[node.lineno - 1][: node.col_offset]
    lines[node.lineno - 1 : node.end_lineno] = [f"{indent}{ast.unparse(node)};"]
    return replace(part, source="\n".join(lines))


def _with_brackets(part: Part, number: int, tree: ast.Module) -> Part | None:
    """`if x > 3:` as `if (x > 3):`, and so with while."""
    lines = part.source.split("\n")
    found = re.fullmatch(r"(\s*(?:if|elif|while|return)\s)(.*)(:\s*)", lines[number - 1])
    if not found:
        found = re.fullmatch(r"(\s*for\s.*\sin\s)(.*)(:\s*)", lines[number - 1])
    if not found:
        return None
    lines[number - 1] = f"{found[1]}({found[2]}){found[3]}"
    return replace(part, source="\n".join(lines))


def _is_statement(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text in ("return", "break", "continue") or _in_function(text)
    return bool(tree.body) and not hasattr(tree.body[0], "body")


def _in_function(text: str) -> bool:
    try:
        ast.parse(f"def f():\n    {text}")
    except SyntaxError:
        return False
    return text.startswith(("return", "yield"))
