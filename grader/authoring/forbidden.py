"""What a hidden test forbids and its question does not print: nobody can keep a rule that was not said.

A test forbids by name (`student.forbids("torch.nn.functional.nll_loss", ...)`). Such a name must stand in the text of
its question, word for word: `F.nll_loss`, `nn.NLLLoss`, or the module that is ruled out as a whole. A whole library
(`aten::*`) and functions of NumPy may stand in the opening text, which holds for every question.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.authoring.causes import Seen
from grader.course.master import continued, master_parts
from grader.paths import Paths

_CODE = re.compile(r"`([^`\n]+)`")
_WORD = re.compile(r"\w+")
_INTERNAL = re.compile(r"^_?((cudnn|thnn|mkldnn|native|fused)(_|$))*")  # what torch puts in front of a function's name
_WHOLE_TORCH = "aten::*"


def unprinted(paths: Paths, assignment_id: str) -> Iterator[Seen]:
    """(check, name) where a test forbids what the text of its question does not name."""
    parts = {part.stem: continued(part.read_text(encoding="utf-8-sig")) for part in master_parts(paths, assignment_id)}
    opening = parts.get(assignment_id, "")
    for_all = _text_of(opening.split("# BEGIN QUESTION")[0])
    for file in sorted(paths.hidden_tests(assignment_id).glob("test_*.py")):
        tree = ast.parse(file.read_bytes())
        question = _question(tree)
        text = _text_of(parts.get(question) or _block(opening, question))
        for check, names in _forbidden(tree):
            for name in names:
                library = name == _WHOLE_TORCH or name.startswith("numpy.")
                if not is_printed(name, f"{text}\n{for_all}" if library else text):
                    yield Seen("unprinted", check, "", name)


def is_printed(name: str, text: str) -> bool:
    """Whether a text names what is forbidden, in code: `F.nll_loss` for torch.nn.functional.nll_loss.

    An operator (aten::nll_loss*) is named by a function's or class's name that holds it.
    """
    code = " ".join(_CODE.findall(text))
    words = set(_WORD.findall(code))
    if name == _WHOLE_TORCH:
        return "torch" in text
    if "*" in name or "::" in name:
        last = re.split(r"::|\.", name)[-1].strip("*_")
        stem = _folded(_INTERNAL.sub("", last))
        return stem in _folded(code)
    module, _, last = name.rpartition(".")
    return last in words or (module.count(".") >= 1 and module in code)


def _folded(text: str) -> str:
    """Letters and digits alone: nll_loss and NLLLoss are the same."""
    return re.sub(r"[\W_]", "", text).lower()


def _text_of(source: str) -> str:
    """The text cells of a part of a master, without the marks of comments."""
    cells = re.split(r"^# %%", source, flags=re.MULTILINE)
    texts = (cell.partition("\n")[2] for cell in cells if cell.lstrip().startswith("[markdown]"))
    return "\n".join(re.sub(r"^# ?", "", text, flags=re.MULTILINE) for text in texts)


def _block(source: str, question: str) -> str:
    """A question of a master in one file."""
    blocks = source.split("# BEGIN QUESTION")[1:]
    return next((block for block in blocks if re.match(rf"\s*# name: {question}\s", block)), "")


def _question(tree: ast.Module) -> str:
    """The question that a file's marks name first, "" without one."""
    called = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    marks = (node for node in called if ast.unparse(node.func) == "pytest.mark.question" and node.args)
    return next((str(node.args[0].value) for node in marks if isinstance(node.args[0], ast.Constant)), "")


def _forbidden(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """(check, names) of every `student.forbids(...)` of a file; a name that was assigned in the file is looked up.

    What a function that is no check forbids counts for the first check of the file.
    """
    assigned = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    first = next((node.name for node in defined if node.name.startswith("test")), "")
    for function in defined:
        check = function.name if function.name.startswith("test") else first
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "student.forbids":
                yield check, list(dict.fromkeys(_texts(node.args, assigned)))


def _texts(nodes: list[ast.expr], assigned: dict[str, ast.expr], deep: int = 5) -> Iterator[str]:
    """The texts that expressions are made of."""
    for node in nodes if deep else ():
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value
            elif isinstance(part, ast.Name) and part.id in assigned:
                yield from _texts([assigned[part.id]], assigned, deep - 1)
