"""Whether a line of a solution stands in what students get: notebook, checks, files. Blanks do not count."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Iterable

from grader.authoring import marks
from grader.authoring.outline import Outline
from grader.errors import AuthoringError
from grader.submission.magics import parse

LEAK_LENGTH = 12  # a line with fewer characters, blanks and its comment not counted, gives nothing away
IDIOMS = frozenset({"super().__init__()", "torch.manual_seed(seed)", "with torch.no_grad():"})  # nor does one of these
_LOOPS = {"range", "enumerate", "zip"}
_EMPTY = {"zeros", "ones", "empty", "zeros_like", "ones_like", "empty_like"}
_CODE = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^#])*""")  # a line as far as its comment


def secret_lines(outlined: Outline) -> list[str]:
    """Lines of solutions, those of text cells too, that give something away: no idioms, and in no prompt as well."""
    public = {_bare(line) for line in marks.prompts(outlined)}
    lines = dict.fromkeys(marks.secrets(outlined))
    return [line for line in lines if len(_bare(line)) >= LEAK_LENGTH and _bare(line) not in public and not idiom(line)]


def refuse_given_away(secret: Iterable[str], content: bytes, where: str) -> None:
    """Raise AuthoringError where a file that students get holds one of these lines."""
    text = _without_blanks(_text(content))
    for line in secret:
        if _bare(line) in text:
            raise AuthoringError(f"{where}: gives away a line of the solution: {line}")


def refuse_prompts(outlined: Outline) -> None:
    """Raise AuthoringError where a prompt holds a whole solution, in the same order and with nothing between."""
    prompts = "\n".join(_bare(line) for line in marks.prompts(outlined) if line)
    for cell in outlined.cells:
        if not marks.is_solution(outlined, cell) or cell.boundary or cell.ignored:
            continue
        kinds = enumerate(marks.kinds_of(outlined, cell))
        for kind, group in itertools.groupby(kinds, key=lambda one: one[1]):
            lines = [(number, cell.lines[number]) for number, _ in group if cell.lines[number].strip()]
            if kind is not marks.Line.SECRET or all(idiom(marks.without_mark(line)) for _, line in lines):
                continue
            whole = "\n".join(_bare(marks.without_mark(line)) for _, line in lines)
            if len(whole) >= LEAK_LENGTH and whole in prompts:
                says = "this solution stands word for word in a PROMPT: it would be given"
                raise cell.refused(lines[0][0], says)


def idiom(line: str) -> bool:
    """Whether a line is one that everybody writes so: an import, `x.step()`, `for i in range(n):`, `n, d = X.shape`."""
    code = _CODE.match(line)[0].strip()  # type: ignore[index]  # it matches everything
    tree = parse(f"{code} pass" if code.endswith(":") else code)
    return code in IDIOMS or bool(tree and tree.body and all(map(_says_nothing, tree.body)))


def _says_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Raise():
            return True
        case ast.Expr(ast.Call(args=[], keywords=[])):
            return True
        case ast.FunctionDef(body=[ast.Pass()]):
            return True
        case ast.For(iter=ast.Name(), body=[ast.Pass()]) | ast.With([ast.withitem(ast.Name())], [ast.Pass()]):
            return True
        case ast.For(iter=ast.Call(ast.Name(name)), body=[ast.Pass()]):
            return name in _LOOPS
        case ast.Assign(value=ast.Attribute(ast.Name(), "shape")):
            return True
        case ast.Assign([ast.Name()], ast.Call(ast.Attribute(ast.Name(), name))):
            return name in _EMPTY
    return False


def _bare(line: str) -> str:
    """A line without blanks and without the comment behind its code."""
    code = _CODE.match(line)[0]  # type: ignore[index]  # it matches everything
    return _without_blanks(code if code.strip() else line)


def _without_blanks(text: str) -> str:
    return "\n".join("".join(line.split()) for line in text.split("\n"))


def _text(content: bytes) -> str:
    """What a reader of the file sees; of a notebook, the sources of its cells."""
    text = content.decode("utf-8", "replace")
    try:
        cells = json.loads(text)["cells"] if text.lstrip().startswith("{") else []
        return "\n".join("".join(cell["source"]) for cell in cells) or text
    except (ValueError, KeyError, TypeError):
        return text
