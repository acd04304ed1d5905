"""The marks of a solution inside a cell: which lines students get, and which marks nobody would take out.

Otter takes out what stands between `# BEGIN SOLUTION` and `# END SOLUTION`, and lines that end in `# SOLUTION`, in code
cells of a SOLUTION block, when they are spelt like that to the letter. Everything else that looks like a mark would
stay in what students get, with the solution beside it: it is refused here.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
import unicodedata
from collections.abc import Iterator
from enum import Enum

from grader.authoring.outline import BLOCKS, DROPPED_BY_OTTER, MasterCell, Outline
from grader.submission.magics import parse, plain


class Line(Enum):
    """What becomes of a line of a solution cell."""

    PUBLIC = "public"
    SECRET = "secret"  # taken out, or its statement replaced by ...
    PROMPT = "prompt"  # public, and takes the place of what is secret
    MARK = "mark"  # of a solution, or a line between # BEGIN IGNORE and # END IGNORE: gone, too


_OPENS = re.compile(r"\s*# BEGIN SOLUTION( NO PROMPT)?\s*")
_CLOSES = re.compile(r"\s*# END SOLUTION\s*")
_PROMPT_OPENS = re.compile(r"\s*\w{0,2}(\"\"\"|''')?;?\s*# BEGIN PROMPT\s*")
_PROMPT_CLOSES = re.compile(r"\s*(\"\"\"|''')?;?\s*# END PROMPT\s*")
_ONE_LINE = re.compile(r".*\S.*(# ?SOLUTION|# SOLUTION NO PROMPT)\s*")
_IGNORE = re.compile(r"(?P<begin>\s*# BEGIN IGNORE)\s*|(?P<end>\s*# END IGNORE)\s*|.*# IGNORE\s*")
_SEED = re.compile(r".*# SEED\s*")
_LINE_MARK = re.compile(r"\s*# ?SOLUTION( NO PROMPT)?\s*$")
_TEST_CONFIG = re.compile(r".*#\s*(BEGIN|END)\s*TEST\s*CONFIG", re.IGNORECASE)
_LEFT_BY_OTTER = re.compile(r"(.*=)?\s*\.\.\.")

# Words of marks, in upper case, as other systems and typing errors have them.
_BEGIN, _END = {"BEGIN", "START", "BEG", "BEGINNING"}, {"END", "STOP", "FINISH"}
_FILLERS = set(
    "A THE OF MY OUR YOUR REFERENCE SAMPLE MODEL OFFICIAL EXAMPLE POSSIBLE CORRECT INSTRUCTOR TEACHER".split()
)
_SECRETS = {"SOLUTION", "SOLUTIONS", "SOLN", "SOL", "ANSWER", "ANSWERS", "HIDDEN", "HIDE", "REMOVE", "PRUNE", "CUT"}
_PARTS = {"PROMPT", "QUESTION", "TESTS", "TEST", "PLUGIN", "IGNORE", "CODE", "MARK", "SCHEME", *_SECRETS}
_TAILS = {"NO", "PROMPT", "HERE", "BELOW", "CODE", "LINE", "BLOCK", "CELL"}  # may follow SOLUTION
_LONG = ("SOLUTION", "PROMPT", "QUESTION", "ANSWER")  # long enough to be known when misspelt
_NO_MARK = re.compile(r"\s*[\w'\"]*\s*[(=]|\W*(write |put |add )?your\b", re.IGNORECASE)  # code, or words to students
_TAGS = re.compile(  # at the beginning of a comment, or of a line of text
    r"\s*(</?\s*(sol|solution|answer|hide|hidden)\b[^>]*>|@(BEG|END)@|@solution\b|@title\b.*\b(solution|answer)\b"
    r"|\|?\s*(hide|remove)([-_](cell|input|output))?\s*$)",
    re.IGNORECASE,
)
_HEADED = re.compile(  # SOLUTION:, ## Solution, ::: {.solution}, <summary>Solution
    r"\s*((\*\*|__|#+)?\s*(SOLUTION\b|[Ss]olution\W*$|Solution\s*:)|[:`]{3,}.*\bsolution\b|.*<summary>\s*[Ss]olution)"
)
# Words of marks in other languages, without accents: a comment that holds nothing else is a mark.
_SIDES = set("begin start end stop debut fin beginn anfang ende inicio inizio fine region endregion".split())
_SOLVED = set(
    "solution solutions corrige corrigee reponse reponses losung loesung musterlosung solucion respuesta soluzione "
    "solucao oplossing strip".split()
)
_FOR_WHOM, _ALONE = {"instructor", "teacher", "staff", "solution", "corrige", "corrigee"}, {"only", "version"}
_ARTICLES = set("de la le du des der die das del il of the".split())
_FOREIGN_TESTS = re.compile(r"#+\s*(hidden\s+)?tests?\s*#*|#+\s*hidden\s*#*", re.IGNORECASE)

_OWN_LINES = "write # BEGIN SOLUTION and # END SOLUTION around it, on lines of their own"
REMEDY = "write # BEGIN SOLUTION and # END SOLUTION on lines of their own, or # SOLUTION at the end of a line"


def line_kinds(cell: MasterCell) -> list[Line]:
    """What becomes of each line of a code cell whose solutions are taken out. Raises AuthoringError for wrong marks."""
    kinds: list[Line] = []
    inside, begun = Line.PUBLIC, 0
    dropped = _ignored_lines(cell)
    for number, line in enumerate(cell.lines):
        if number in dropped:
            kinds.append(Line.MARK)
            continue
        begins = Line.SECRET if _OPENS.fullmatch(line) else Line.PROMPT if _PROMPT_OPENS.fullmatch(line) else None
        ends = Line.SECRET if _CLOSES.fullmatch(line) else Line.PROMPT if _PROMPT_CLOSES.fullmatch(line) else None
        if begins:
            if inside is not Line.PUBLIC:
                outer = f"{_name(inside)}, which began in {cell.places[begun]} and has not ended"
                raise cell.refused(number, f"BEGIN {_name(begins)} inside of {outer}")
            inside, begun = begins, number
        elif ends:
            if inside is not ends:
                _refuse_begun_otherwise(cell, number)
                raise cell.refused(number, f"# END {_name(ends)} without a # BEGIN {_name(ends)} in its cell")
            inside = Line.PUBLIC
        else:
            kinds.append(Line.SECRET if inside is Line.PUBLIC and ends_in_mark(line) else inside)
            continue
        kinds.append(Line.MARK)
    if inside is not Line.PUBLIC:
        raise cell.refused(begun, f"# BEGIN {_name(inside)} without an # END {_name(inside)} in its cell")
    _refuse_half_statements(cell, kinds)
    return kinds


def _refuse_begun_otherwise(cell: MasterCell, end: int) -> None:
    """Refuse a mark above the end that is meant to be its beginning and is not spelt like it."""
    for number, line in enumerate(cell.lines[:end]):
        if not _is_otters(line):
            _refuse_line(cell, number, line)


def kinds_of(outlined: Outline, cell: MasterCell) -> list[Line]:
    """What becomes of each line of any cell."""
    if is_solution(outlined, cell):
        return line_kinds(cell)
    dropped = _ignored_lines(cell)
    return [Line.MARK if number in dropped else Line.PUBLIC for number in range(len(cell.lines))]


def _ignored_lines(cell: MasterCell) -> set[int]:
    """The lines that Otter drops for their IGNORE marks."""
    found: set[int] = set()
    begun = None
    for number, line in enumerate(cell.lines):
        mark = _IGNORE.fullmatch(line)
        if mark and mark["begin"]:
            if begun is not None:
                raise cell.refused(number, "# BEGIN IGNORE inside another one; end that one first")
            begun = number
        elif mark and mark["end"]:
            if begun is None:
                raise cell.refused(number, "# END IGNORE without a # BEGIN IGNORE in its cell")
            found |= set(range(begun, number + 1))
            begun = None
        elif mark:
            found.add(number)
    if begun is not None:
        raise cell.refused(begun, "# BEGIN IGNORE without an # END IGNORE in its cell")
    return found


def ends_in_mark(line: str) -> bool:
    """Whether a line is one that `# SOLUTION` takes out."""
    return bool(_ONE_LINE.fullmatch(line))


def without_mark(line: str) -> str:
    return _LINE_MARK.sub("", line)


def prompts(outlined: Outline) -> Iterator[str]:
    """Every line, stripped, that students get in place of a solution."""
    for cell in outlined.cells:
        if not cell.boundary and cell.block == "prompt":
            yield from (line.strip() for line in cell.lines)
        elif is_solution(outlined, cell) and not cell.ignored:
            kinds = zip(cell.lines, line_kinds(cell), strict=True)
            yield from (line.strip() for line, kind in kinds if kind is Line.PROMPT)


def refuse_left(outlined: Outline, cell: MasterCell, given: str) -> None:
    """Hold what students get of a code cell against its marks: public lines and the dots in place of solutions."""
    kinds = zip(cell.lines, kinds_of(outlined, cell), strict=True)
    public = {line for line, kind in kinds if kind in (Line.PUBLIC, Line.PROMPT)}
    for line in given.split("\n"):
        if line.strip() and line not in public and not _LEFT_BY_OTTER.fullmatch(line):
            raise cell.refused(0, f"students would get {line.strip()!r} of this cell, which is no public line of it")


def is_solution(outlined: Outline, cell: MasterCell) -> bool:
    """Whether Otter takes solutions out of this code cell."""
    return cell.kind == "code" and (cell.block == "solution" or outlined.solutions_anywhere)


def secrets(outlined: Outline) -> Iterator[str]:
    """Every line of the master, stripped, that students must not get."""
    for cell in outlined.cells:
        if cell.boundary or cell.ignored or cell.block == "tests":
            continue
        if is_solution(outlined, cell):
            kinds = zip(cell.lines, line_kinds(cell), strict=True)
            yield from (without_mark(line).strip() for line, kind in kinds if kind is Line.SECRET)
        elif cell.block == "solution" and "otter_include" not in cell.metadata.get("tags", ()):
            yield from (line.strip() for line in cell.lines)


def refuse_marks(outlined: Outline) -> None:
    """Refuse every mark of a solution that would stay in what students get, and every solution without a mark."""
    for cell in outlined.cells:
        if DROPPED_BY_OTTER.match(cell.lines[0]) and not cell.ignored:
            raise cell.refused(0, "Otter drops a cell that begins with # ignore; reword the line, or write # ignore")
        if cell.ignored:
            continue
        if cell.kind == "raw":
            _refuse_raw(cell)
            continue
        kinds = kinds_of(outlined, cell)
        removed = cell.kind == "markdown" and cell.block == "solution"
        told = _docstring_lines(cell)
        for number, (line, kind) in enumerate(zip(cell.lines, kinds, strict=True)):
            if kind is Line.PUBLIC and not removed and (number not in told or _is_otters(line)):
                _refuse_line(cell, number, line)
        if cell.kind == "code" and cell.block == "solution" and Line.SECRET not in kinds:
            raise cell.refused(
                0,
                f"the solution cell {cell.lines[0]!r} has no # BEGIN SOLUTION line inside, so all of it would be given",
            )


def _is_otters(line: str) -> bool:
    """Whether a line is a mark of Otter's to the letter."""
    return any(mark.fullmatch(line) for mark in (_OPENS, _CLOSES, _PROMPT_OPENS, _PROMPT_CLOSES, _ONE_LINE))


def _docstring_lines(cell: MasterCell) -> set[int]:
    """The lines that lie in docstrings of functions and classes: words for students, which may speak of solutions."""
    tree = parse(plain(cell.source).code) if cell.kind == "code" else None
    found: set[int] = set()
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            told = node.body[0]
            found |= set(range(told.lineno - 1, (told.end_lineno or told.lineno) - 1))  # code may follow its last line
    return found


def looks_like_a_mark(line: str, kind: str) -> bool:
    """Whether a line is meant to be a mark of a solution, in whatever system and spelling."""
    if kind == "code":
        return _in_other_words(line) or any(
            _marked(found[0], line[found.end() :]) for found in re.finditer(r"#+", line)
        )
    words = _words(line)
    loud = not re.search(r"[a-z]{2}", line) or bool(re.match(r"\s*(#|<!|\*\*|__)", line))
    alone = loud and len(words) == 1 and _near_solution(words[0])
    return alone or (len(words) < 5 and _paired(words, loud=loud)) or any(mark.match(line) for mark in (_HEADED, _TAGS))


def _refuse_line(cell: MasterCell, number: int, line: str) -> None:
    """Refuse a mark in a line that students get as it is."""
    if cell.kind == "code" and _SEED.fullmatch(line):
        raise cell.refused(number, "# SEED is for Otter's own grader, which is not used; leave the mark out")
    if cell.kind == "code" and _is_otters(line):
        raise cell.refused(
            number,
            f"{line.strip()!r} outside of a SOLUTION block, where nobody takes it out; put a raw cell "
            "# BEGIN SOLUTION before this cell and # END SOLUTION behind it",
        )
    if cell.kind == "code" and number == 0 and cell.block != "tests" and _FOREIGN_TESTS.fullmatch(line.strip()):
        raise cell.refused(0, f"{line.strip()!r}: tests stand between raw cells # BEGIN TESTS and # END TESTS")
    config = cell.block == "tests" and _TEST_CONFIG.match(line)
    if looks_like_a_mark(line, cell.kind) and not config:
        raise cell.refused(
            number, f"{line.strip()!r} looks like a mark that nobody would take out; {_remedy(cell, line)}"
        )


def _remedy(cell: MasterCell, line: str) -> str:
    words = _words(line)
    block = next((word for word in words if word.lower() in BLOCKS), "SOLUTION")
    paired = _paired(words, loud=True)
    if "PLUGIN" in words:
        return "leave it out"
    if paired and (cell.kind == "markdown" or block in ("QUESTION", "TESTS") or line.startswith("# #")):
        return f"# {words[0]} {block} belongs into a raw cell"
    return "put this cell into a SOLUTION block, or reword it" if cell.kind == "markdown" else REMEDY


def _refuse_raw(cell: MasterCell) -> None:
    """A raw cell is a mark or it would reach students as it is; what stands below a mark is its config."""
    if not cell.boundary:
        raise cell.refused(0, f"a raw cell that begins with {cell.lines[0]!r} is no mark; {_raw_remedy(cell)}")
    for number, line in enumerate(cell.lines[1:], start=1):
        if line.lstrip().startswith("#") and _paired(_words(line), loud=True):
            raise cell.refused(number, f"{line.strip()!r}: a second mark in one raw cell; give it a cell of its own")


def _raw_remedy(cell: MasterCell) -> str:
    words = _words(cell.lines[0])
    if words[:1] and (words[0] in _BEGIN | _END or _paired(words, loud=True)):
        marks = [f"{side} {block.upper()}" for side in ("BEGIN", "END") for block in BLOCKS]
        close = difflib.get_close_matches(" ".join(words[:2]), marks, n=1) or ["BEGIN SOLUTION"]
        return f"in the file the mark reads # # {close[0]}"
    return "make it a text cell"


def _refuse_half_statements(cell: MasterCell, kinds: list[Line]) -> None:
    """Refuse `# SOLUTION` on some lines only of a statement that goes over several: the others would be given."""
    marked = {number for number, kind in enumerate(kinds) if kind is Line.SECRET and ends_in_mark(cell.lines[number])}
    for begin, end in _statements(cell.source) if marked else ():
        lines = set(range(begin, end + 1))
        if lines & marked and lines - marked:
            says = f"# SOLUTION marks one line of a statement over several; {REMEDY}"
            raise cell.refused(min(lines & marked), says)
    tree = parse(plain(cell.source).code) if marked else None
    begun = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)] if tree else []
    for number in sorted(marked):
        _refuse_half_line(cell, number, [node for node in begun if node.lineno == number + 1])


def _refuse_half_line(cell: MasterCell, number: int, nodes: list[ast.stmt]) -> None:
    """Refuse `# SOLUTION` behind a line of which Otter would leave a part: what stands left of its last `=`."""
    if len(nodes) > 1:
        raise cell.refused(number, f"# SOLUTION marks a line with more than one statement; {_OWN_LINES}")
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        said = (inner for target in targets if isinstance(target, ast.expr) for inner in ast.walk(target))
        if any(isinstance(inner, (ast.Call, ast.Compare)) for inner in said):
            raise cell.refused(number, f"# SOLUTION would leave what is calculated left of the =; {_OWN_LINES}")


def _statements(source: str) -> Iterator[tuple[int, int]]:
    """First and last line, from 0, of each simple statement or header. Nothing more after what is no Python."""
    begin = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NEWLINE and begin is not None:
                yield begin, token.start[0] - 1
                begin = None
            elif begin is None and token.string.strip() and token.type != tokenize.COMMENT:
                begin = token.start[0] - 1
    except (tokenize.TokenError, SyntaxError):
        return


def _words(text: str) -> list[str]:
    """The words in capitals, those left out that every mark may have."""
    return [word for word in re.findall(r"[A-Z]+", text.upper()) if word not in _FILLERS]


def _marked(signs: str, comment: str) -> bool:
    """Whether a comment is a mark: BEGIN with what begins, or SOLUTION by itself. signs: the # before it."""
    words = _words(comment)
    if not words or _NO_MARK.match(comment):
        return bool(_TAGS.match(comment))
    loud = len(signs) > 1 or bool(re.match(r"\W*[A-Z]{3}", comment))
    alone = _near_solution(words[0]) and (loud or ":" in comment or _TAILS.issuperset(words[1:]))
    return alone or _paired(words, loud=loud) or bool(_TAGS.match(comment))


def _in_other_words(line: str) -> bool:
    """Whether a comment of its own is DÉBUT SOLUTION, fin du corrigé, region solution, instructor only, ..."""
    folded = "".join(mark for mark in unicodedata.normalize("NFKD", line) if not unicodedata.combining(mark)).lower()
    words = set(re.findall(r"[^\W_]+", folded)) - _ARTICLES
    if not line.lstrip().startswith("#"):
        return False
    told = words & _SIDES and words & _SOLVED and words <= _SIDES | _SOLVED
    return bool(told or (words & _FOR_WHOM and words & _ALONE and words <= _FOR_WHOM | _ALONE | _SIDES))


def _paired(words: list[str], *, loud: bool) -> bool:
    """BEGIN SOLUTION, END OF YOUR CODE, prune-end, ...: a side and a part, in this order or the other.

    Words that may also be the beginning of a sentence count only where nothing follows, or where they are loud.
    """
    if len(words) < 2 or len(words) > 8:
        return False
    first, second = words[:2]
    if _near(first, _BEGIN | _END) and first != "BEING":
        return _near_solution(second) or ((second in _PARTS or _near(second, _LONG)) and (loud or len(words) == 2))
    return first in _SECRETS and second in {*_BEGIN, *_END, "LINE"} and (loud or len(words) == 2)


def _near(word: str, known: set[str] | tuple[str, ...]) -> bool:
    return bool(difflib.get_close_matches(word, list(known), n=1, cutoff=0.8))


def _near_solution(word: str) -> bool:
    return word in ("SOL", "SOLN") or bool(difflib.get_close_matches(word, ("SOLUTION",), n=1, cutoff=0.75))


def _name(kind: Line) -> str:
    return "SOLUTION" if kind is Line.SECRET else "PROMPT"
