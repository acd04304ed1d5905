"""What the build refuses, mended where that changes no meaning; the page says what was done."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace

from grader.authoring.given_away import LEAK_LENGTH, idiom, refuse_given_away
from grader.errors import AuthoringError
from grader.importing.master_text import MasterPart, secret_lines
from grader.importing.material import Asked, Material, Part
from grader.submission.magics import parse, plain

_GIVEN_AWAY = re.compile(r"gives away a line of the solution: (.*)", re.DOTALL)
_GIVEN_NAME = re.compile(r": (\w+), which (q\d+) asks for, stands outside|: (\w+) stands in q\d+, .* in (q\d+)")
_MISSING = re.compile(r"the reference raises ModuleNotFoundError: No module named '([\w.]+)'")
_NO_PYTHON = re.compile(r"is not Python|is no Python")
_MARK = re.compile(r"\s*# ?SOLUTION( NO PROMPT)?\s*$")
_NEARLY = re.compile(r"(.*\S)\s*#\s*SOLUTION\b.*")
RAISES = "# experiment: in the source's own solution this cell raises"


def repaired(material: Material, dropped: set[str], part: MasterPart | None, problem: str) -> bool:
    """Change the material so that the build may go on; False where only a person can."""
    given = _GIVEN_AWAY.search(problem)
    if given:
        return said_otherwise(material, given[1].strip())
    name = _GIVEN_NAME.search(problem)
    if name:
        return _not_asked(material, name[1] or name[3], name[2] or name[4])
    if part is not None and part.case is not None:
        dropped.add(part.case.label)
        says = problem.partition(": ")[2]
        material.note(part.case.label, "changed", f"students do not see this test before they hand in: {says}")
        return True
    if part is None or part.kind == "raw":
        return False
    by_hand = {each.source for asked in material.questions if asked.manual for each in asked.parts}
    runs = part.source not in by_hand
    return _changed(material, part.source, lambda old: _mended(material, old, problem, runs))


def _mended(material: Material, part: Part, problem: str, runs: bool) -> Part | list[Part] | None:
    """A cell that the build takes, for one that it refuses. runs: hidden tests may need what it makes."""
    says = problem.partition(": ")[2]
    missing = _MISSING.search(problem)
    if missing:
        raise AuthoringError(
            f"the source's own solution imports {missing[1]}, which is not here: pip install it, and import again; "
            "what grades must have it, too"
        )
    if part.kind == "code" and "the reference raises" in problem and (part.role == "given" or not runs):
        if part.source.startswith(RAISES):
            return None
        imports = _imports(part)
        if imports is not None:
            return imports
        material.note(
            "a given cell" if runs else "a cell that a person marks",
            "changed",
            f"it is marked as an experiment and not run when graded: {says}",
        )
        return replace(part, source=f"{RAISES}\n{part.source}")
    if part.kind == "code" and _NO_PYTHON.search(problem):
        if part.role != "solution":
            material.note("a given cell", "changed", f"it is a text cell here: {says}")
            return Part("markdown", f"```python\n{part.source}\n```")
        return _whole(material, part, says) if runs else _in_words(material, part, says)
    if "looks like a mark" in problem or "outside of a SOLUTION block" in problem:
        line = next((line for line in part.source.split("\n") if repr(line.strip()) in problem), None)
        return None if line is None else _reworded(material, part, line)
    return None


def _imports(part: Part) -> list[Part] | None:
    """A given cell cut in two, imports and definitions before what else it does; None where one of them is empty."""
    tree = parse(plain(part.source).code)
    defines = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    kept = [node for node in tree.body if isinstance(node, defines)] if tree else []
    if part.role != "given" or tree is None or not 0 < len(kept) < len(tree.body):
        return None
    lines = part.source.split("\n")
    own = {number for node in kept for number in range(_first(node), (node.end_lineno or node.lineno) + 1)}
    both = ([line for number, line in enumerate(lines, 1) if (number in own) is first] for first in (True, False))
    return [replace(part, source="\n".join(some).strip("\n")) for some in both]


def _first(node: ast.stmt) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])


def _in_words(material: Material, part: Part, says: str) -> Part:
    """A solution that a person marks and that is no Python, as an answer in words."""
    lines = [line for line in part.source.split("\n") if not re.match(r"\s*#+ ?(BEGIN|END) SOLUTION", line)]
    material.note("a cell that a person marks", "changed", f"its solution is a text cell here: {says}")
    code = "\n".join(line for number, line in enumerate(lines, 1) if not _in_prompt(lines, number))
    return Part("markdown", f"```python\n{code}\n```", "answer")


def _whole(material: Material, part: Part, says: str) -> Part | None:
    """The whole cell as a solution, where it is no Python without it; what was given of it is a prompt of comments."""
    secret = secret_lines(part.source)
    lines = part.source.split("\n")
    plain = [
        line
        for line in lines
        if not re.match(r"\s*(\w?\"\"\"|\x27\x27\x27)?;?\s*# (BEGIN|END) (SOLUTION|PROMPT)", line)
    ]
    if part.source.startswith("# BEGIN SOLUTION NO PROMPT\n") and "\n# END SOLUTION\n" in part.source:
        return None
    shown = [f"# {line}" for number, line in enumerate(lines, 1) if number not in secret and line in plain]
    kept = [line for number, line in enumerate(lines, 1) if line in plain and not _in_prompt(lines, number)]
    material.note("a solution cell", "changed", f"all of it is the solution, what was given of it is a comment: {says}")
    prompt = ['""" # BEGIN PROMPT', *shown, "...", '"""  # END PROMPT']
    return replace(part, source="\n".join(["# BEGIN SOLUTION NO PROMPT", *kept, "# END SOLUTION", *prompt]))


def _in_prompt(lines: list[str], number: int) -> bool:
    before = [line for line in lines[: number - 1] if re.search(r"# (BEGIN|END) PROMPT", line)]
    return bool(before) and "BEGIN" in before[-1]


def _reworded(material: Material, part: Part, line: str) -> Part:
    """A line that looks like a mark: a misspelt one in a solution is one, another is kept as words."""
    nearly = _NEARLY.fullmatch(line) if part.kind == "code" else None
    if nearly and part.role == "solution":
        material.note(line.strip(), "changed", "the mark is misspelt in the source: here students do not get this line")
        return replace(part, source=part.source.replace(line, f"{nearly[1]}  # SOLUTION NO PROMPT"))
    material.note(
        line.strip(), "left", "it looks like a mark of a solution and stands in what students get: look at it"
    )
    words = re.sub(r"\w+", lambda found: found[0].lower(), line.strip().strip("#*_ "))
    indent = line[: len(line) - len(line.lstrip())]
    said = f"{indent}# (here the source says: {words})" if part.kind == "code" else f"(Here the source says: {words})"
    return replace(part, source=part.source.replace(line, said))


def _not_asked(material: Material, name: str, question: str) -> bool:
    """Leave a name out of assignment.toml which is not defined by students alone."""
    found = False
    for asked in material.questions:
        if asked.id == question and name not in asked.unasked:
            asked.unasked.add(name)
            found = True
    return found


# ------------------------------------------------------------------------------------------------ lines given away


def settle_leaks(material: Material) -> None:
    """Write every line of a solution that the source gives elsewhere in other words."""
    for _ in range(500):
        secret = [line for part in material.parts() if part.role == "solution" for line in _secrets(part)]
        try:
            refuse_given_away(secret, _public(material).encode(), "given")
            return
        except AuthoringError as problem:
            found = _GIVEN_AWAY.search(str(problem))
            if not found or not said_otherwise(material, found[1].strip()):
                return


def _secrets(part: Part) -> list[str]:
    lines = part.source.split("\n")
    found = (_MARK.sub("", lines[number - 1]).strip() for number in sorted(secret_lines(part.source)))
    return [line for line in found if len("".join(line.split())) >= LEAK_LENGTH and not idiom(line)]


def _public(material: Material) -> str:
    """What students get, near enough: given cells and what is given of the others, public tests."""
    found = [case.source for asked in material.questions for case in asked.cases if not case.hidden]
    for part in material.parts():
        secret = secret_lines(part.source) if part.role == "solution" else set()
        if part.role != "answer":
            lines = enumerate(part.source.split("\n"), 1)
            found.append("\n".join(line for number, line in lines if number not in secret))
    return "\n".join(found)


def said_otherwise(material: Material, line: str) -> bool:
    """Write a line of a solution in other words: with a ; or brackets, or without its comment."""
    return _changed_if(
        material, lambda part: _in_other_words(part, line), f"the source gives this line elsewhere: {line}"
    )


def _in_other_words(part: Part, line: str) -> Part | None:
    if part.kind != "code" or part.role != "solution":
        return None
    lines = part.source.split("\n")
    for number in sorted(secret_lines(part.source)):
        text = lines[number - 1]
        code = _MARK.sub("", text)
        if code.strip() != line or line.startswith("("):
            continue
        if line.startswith("#"):
            lines[number - 1] = f"{code[: len(code) - len(code.lstrip())]}pass"
            return replace(part, source="\n".join(lines))
        if not _is_whole(part.source, number):
            return _on_one_line(part, number)
        if line.endswith(";") and not _is_expression(line.rstrip("; ")):
            continue
        bare = _without_comment(code).rstrip("; ")
        indent = bare[: len(bare) - len(bare.lstrip())]
        said = f"{indent}({bare.lstrip()});" if line.endswith(";") else f"{bare};"
        lines[number - 1] = f"{said}{text[len(code) :]}"
        return replace(part, source="\n".join(lines))
    return None


def _on_one_line(part: Part, number: int) -> Part | None:
    """The statement over several lines that has this line, written as one; the head of a block with brackets."""
    lines = part.source.split("\n")
    head = re.fullmatch(r"(\s*(?:if|elif|while|for\s.*\sin)\s)(.*)(:\s*(?:#.*)?)", lines[number - 1])
    if head:
        lines[number - 1] = f"{head[1]}({head[2]}){head[3]}"
        return replace(part, source="\n".join(lines))
    try:
        tree = ast.parse(part.source)
    except SyntaxError:
        return None
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and node.lineno <= number <= (node.end_lineno or 0)
    ]
    if not around or around[-1].lineno == around[-1].end_lineno:
        return None
    node = around[-1]
    indent = lines[node.lineno - 1][: node.col_offset]
    lines[node.lineno - 1 : node.end_lineno] = [f"{indent}{ast.unparse(node)};"]
    return replace(part, source="\n".join(lines))


def _is_whole(source: str, number: int) -> bool:
    """Whether a line of a cell is a whole simple statement there, and not a part of one over several lines."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return _is_statement(source.split("\n")[number - 1].strip())
    return any(
        isinstance(node, ast.stmt) and not hasattr(node, "body") and node.lineno == node.end_lineno == number
        for node in ast.walk(tree)
    )


def _without_comment(code: str) -> str:
    bare = code.split("#")[0]
    return (bare if _is_statement(bare.strip()) else code).rstrip()


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def _is_statement(text: str) -> bool:
    """Whether a line is a whole simple statement."""
    try:
        tree = ast.parse(f"def f():\n  for _ in f:\n    {text}")
    except SyntaxError:
        return False
    inner = tree.body[0].body[0].body  # type: ignore[attr-defined]
    return len(inner) == 1 and not hasattr(inner[0], "body")


# ------------------------------------------------------------------------------------------------ changing a part


Change = Callable[[Part], "Part | list[Part] | None"]


def _changed(material: Material, source: str, change: Change) -> bool:
    """Change the part with this source."""
    return _changed_if(material, lambda part: change(part) if part.source == source else None, "")


def _changed_if(material: Material, change: Change, says: str) -> bool:
    """Change the first part that `change` changes, into one or several."""
    for number, item in enumerate(material.items):
        parts = item.parts if isinstance(item, Asked) else [item]
        for at, part in enumerate(parts):
            changed = change(part)
            if changed is None:
                continue
            several = changed if isinstance(changed, list) else [changed]
            if isinstance(item, Asked):
                item.parts[at : at + 1] = several
            else:
                material.items[number : number + 1] = several
            if says:
                material.note(item.name if isinstance(item, Asked) else "a cell", "changed", says)
            return True
    return False
