"""What a check found, in words that a student may read: nothing in them can carry a hidden input out.

The recorded message of a check may hold words that the student's code chose while it held hidden inputs: the text of an
exception, the name of a class. Staff read it as it is. For the student it is taken apart: places are looked up in the
file that was handed in, names are told if they stand there, exceptions as far as Python or a library worded them
(`python_texts`), and what is of no known form becomes a general sentence.

Not covered: which check fails, how, and at which of its own lines is the submission's choice, some bits a check.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from grader.feedback.python_texts import TYPES, known_part, masked
from grader.languages.translating import mark
from grader.marks.marksheet import clean
from grader.schema import UNWRITTEN, CheckResult, Outcome
from grader.submission.notebook import Notebook, definitions, nearest
from grader.submission.uses import used

_SPENDER = r"(?:q\d+|running the notebook's cells)"
LOADING = "running the notebook's cells: "
MAX_CHARS = 400
EXCEPTIONS = frozenset(name for name, kind in vars(builtins).items() if isinstance(kind, type)) | frozenset(
    "LinAlgError AxisError UFuncTypeError OutOfMemoryError TimeLimit EmptyDataError".split()
)
OUTCOMES: dict[Outcome, tuple[str, str]] = {  # a word for the badge; a sentence where nothing better is known
    Outcome.PASSED: (mark("passed"), mark("The answer is right.")),
    Outcome.FAILED: (mark("wrong answer"), mark("Your code answered, and the answer is not what was asked for.")),
    Outcome.ERROR: (mark("error"), mark("Your code raised an exception instead of answering.")),
    Outcome.MISSING: (
        mark("not found"),
        mark("A name that the question asks for is not defined when your notebook has run."),
    ),
    Outcome.TIMEOUT: (mark("too slow"), mark("Your code did not answer in time; look for a loop that never ends.")),
    Outcome.MEMORY: (mark("out of memory"), mark("Your code needed more memory than a submission may have.")),
    Outcome.CRASHED: (
        mark("process ended"),
        mark("The Python process ended during the call (os._exit, quit, a crash)."),
    ),
    Outcome.FORBIDDEN: (mark("not allowed"), mark("Your code used something that this question rules out.")),
    Outcome.PROTOCOL: (
        mark("no usable answer"),
        mark("What came back from your code was no answer that could be read."),
    ),
    Outcome.DEFERRED: (
        mark("not finished"),
        mark("The grading machine failed here, not your code; this check will be run again."),
    ),
}
ADVICE = {
    Outcome.CRASHED: mark(
        "Take out what ends the process, then restart the kernel and run all cells before you hand in."
    ),
    Outcome.TIMEOUT: mark("Begin cells that only train or plot with '# experiment': those are not run when graded."),
    Outcome.MEMORY: mark(
        "Look for an array that is larger than it need be; begin mere experiments with '# experiment'."
    ),
}

_EXCEPTION = re.compile(
    r"(?P<kind>\w{1,80})(?: in (?P<where>[^`,]{1,90}), line (?P<line>\d{1,6})(?:, in (?P<function>\w{1,80}))?"
    r"(?:: `.*?`)?)?(?:: (?P<text>.*))?",
    re.DOTALL,
)
_UNWRITTEN = re.compile(rf"{UNWRITTEN}: (?P<name>\w{{1,80}}) in cell (?P<cell>\d{{1,6}}) raises NotImplementedError")
_LOOKED_FOR = re.compile(r"looked for (?P<name>\w{1,80});")
_IS = re.compile(r"\bis (?P<noun>[^,]{1,100}), (?P<rest>expected|where)")
_NOUN = re.compile(
    r"None|bytes|an? (?:bool|int|float|complex number|string|list|tuple|set|frozenset|dict|torch tensor|NumPy \w{1,12}|"
    r"function|class|module|number|single number)(?: with shape \([^)]{0,30}\))?"
    r"|an object of (?:class|type) (?P<type>\w{1,80})"
)
_EFFECT = re.compile(
    r"argument (?P<name>\w{1,80}) was changed|the global random state of (?:random|numpy|torch) was used"
)
_LONG_SHAPE = re.compile(r"\((?:\d+, ){6,}[^)]*\)")
_RAISED = re.compile(r"cell (?P<cell>\d{1,6}) raised (?P<what>.*)", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """One check in words. `cell` and `line` say where in the student's file, 0 where nothing says so.

    names: of the student's code that it is about.  cause: checks with an equal one fail for the same reason
    """

    text: str
    cause: str
    names: tuple[str, ...] = ()
    cell: int = 0
    line: int = 0


@dataclass(frozen=True)
class OwnWords:
    """What stands in the student's file, and what its cells raised when they were run (no hidden input exists then).

    asked: question id -> the names it asks for;  files: what was handed in beside the notebook
    """

    notebook: Notebook
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @cached_property
    def lines(self) -> Mapping[int, Sequence[str]]:
        """Cell number -> its lines."""
        return {cell.number: cell.source.split("\n") for cell in self.notebook.cells}

    @cached_property
    def defined(self) -> Mapping[str, tuple[int, ...]]:
        return definitions(self.notebook)

    @cached_property
    def used(self) -> Mapping[str, frozenset[str]]:
        """Names that are asked for -> which others of them the student's code for them calls."""
        return used(self.notebook, self.all_asked)

    @cached_property
    def experiments(self) -> frozenset[int]:
        return frozenset(cell.number for cell in self.notebook.cells if cell.experiment)

    @cached_property
    def raised(self) -> Mapping[int, str]:
        """Cell number -> what it raised."""
        found = filter(None, map(_RAISED.fullmatch, self.notices))
        return {int(match["cell"]): re.sub(r"<(cell \d+)>", r"\1", match["what"]) for match in found}

    @cached_property
    def all_asked(self) -> frozenset[str]:
        return frozenset(name for names in self.asked.values() for name in names)

    @cached_property
    def _names(self) -> frozenset[str]:
        return self.all_asked.union(*(re.findall(r"[^\W\d]\w*", cell.source) for cell in self.notebook.cells))

    @cached_property
    def _masked(self) -> frozenset[str]:
        return frozenset(map(masked, self._names))

    def has(self, name: str) -> bool:
        return name in self._names

    def has_masked(self, name: str) -> bool:
        return name in self._masked

    def near(self, name: str) -> str | None:
        """The name that the file defines and that was most likely meant for `name`."""
        return nearest(name, sorted(set(self.defined) - self.all_asked))


def said(result: CheckResult, own: OwnWords) -> Said:
    """Say what a check found to the student whose file `own` is."""
    result = replace(result, message=result.by_itself)
    message, outcome = result.message, result.outcome
    if outcome.earns or outcome is Outcome.DEFERRED:
        return Said(OUTCOMES[outcome][1], f"{result.question}/{outcome.value}")
    if message.startswith(LOADING):
        return _loading(message.removeprefix(LOADING), outcome)
    if outcome is Outcome.MISSING:
        return _missing(result, own)
    if outcome in (Outcome.ERROR, Outcome.MEMORY):
        return _unwritten(message, own) or _exception(result, own)
    if outcome is Outcome.FAILED:
        return _wrong(result, own)
    return Said(_outside(message) or OUTCOMES[outcome][1], f"{result.question}/{outcome.value}")


def _loading(reason: str, outcome: Outcome) -> Said:
    """Running the cells ended before any hidden input was there: what was observed from outside may be told."""
    told = "" if outcome is Outcome.PROTOCOL else clean(reason)[:MAX_CHARS]
    text = _sentence(f"Your notebook could not be run to its end: {told or OUTCOMES[outcome][1]}")
    return Said(f"{text} {ADVICE.get(outcome, '')}".strip(), f"loading/{outcome.value}")


def _outside(message: str) -> str:
    """What the grader observed from outside: deadlines and how the process ended; "" for anything else."""
    if re.fullmatch(r"no answer within [\d.e+]+ s", message):
        return _sentence(f"{message}: look for a loop that never ends, or one that could be an array operation")
    if re.fullmatch(r"no answer within [\d.e+]+ s; it was waiting most of the time", message):
        return _sentence(f"{message}: look for a sleep, an input, or a process or thread that is waited for")
    if re.fullmatch(rf"the [\d.e+]+ s for the whole submission are used up(, the most by {_SPENDER})?", message):
        return _sentence(f"{message}: something before this check was too slow")
    if re.fullmatch(r"the share of q\d+ in the [\d.e+]+ s for the whole submission is used up", message):
        return _sentence(f"{message}: what was asked before in this question was too slow")
    if re.fullmatch(r"the process (?:ended|was ended|ran out)[^\d]*(?:\d{1,3}[^\d]*)?", message):
        return _sentence(re.sub(r" with exit code \d+| by signal \d+", "", message))
    return ""


# ---------------------------------------------------------------------------------------------------- names


def _missing(result: CheckResult, own: OwnWords) -> Said:
    """A name that is not there: where it went is found out from the file, not from what the candidate said."""
    found = _LOOKED_FOR.match(result.message)
    name = found["name"] if found else ""
    if not own.has(name):
        return Said(OUTCOMES[Outcome.MISSING][1], f"{result.question}/missing")
    cells = own.defined.get(name, ())
    for cell in cells:
        if cell in own.experiments:
            why = f"cell {cell} defines it, and begins with '# experiment': such cells are not run when graded"
            return Said(f"{name} was not found: {why}.", f"experiment/{cell}", (name,), cell)
        if cell in own.raised:
            why = f"cell {cell}, which defines it, stopped with {cut(clean(own.raised[cell]))}"
            line = re.search(r"line (\d{1,6})\)$", own.raised[cell])
            at = _place(f"cell {cell}", int(line[1]) if line else 0, own)
            text = f"{_sentence(f'{name} was not found: {why}')} Repair that cell, then run all cells from the top."
            return Said(text, f"raised/{cell}", (name,), cell, at[1])
    if cells:
        return Said(f"{name} is defined in cell {cells[-1]} and was gone when your notebook had run.",
                    f"gone/{name}", (name,), cells[-1])  # fmt: skip
    close = own.near(name)
    if close:
        cell = own.defined[close][-1]
        return Said(f"{name} was not found; your notebook defines {close} (cell {cell}). Is it a slip in the name?",
                    f"misspelt/{name}", (name,), cell)  # fmt: skip
    return Said(f"{name} was not found: your notebook does not define it.", f"undefined/{name}", (name,))


def _unwritten(message: str, own: OwnWords) -> Said | None:
    found = _UNWRITTEN.fullmatch(message)
    if found is None or not own.has(found["name"]) or int(found["cell"]) not in own.lines:
        return None
    cell = int(found["cell"])
    name = "" if found["name"].startswith("__") else found["name"]
    return Said("Not written yet.", f"unwritten/{cell}", (name,) if name else (), cell)


# ---------------------------------------------------------------------------------------------------- exceptions


def _exception(result: CheckResult, own: OwnWords) -> Said:
    """`KeyError in cell 3, line 2, in f: ...` as far as it is known to say nothing else."""
    found = _EXCEPTION.fullmatch(result.message)
    general = Said(OUTCOMES[result.outcome][1], f"{result.question}/{result.outcome.value}")
    if found is None:
        return general
    kind = found["kind"] if found["kind"] in EXCEPTIONS or own.has(found["kind"]) else "an exception"
    text = known_part(found["text"] or "", own.has_masked)
    cell, line = _place(found["where"] or "", int(found["line"] or 0), own)
    where = f" in cell {cell}, line {line}" if cell else f" in {found['where']}" if found["where"] in own.files else ""
    function = found["function"] if cell and own.has(found["function"] or "") else ""
    inside = f" ({function})" if function else ""
    words = f"Your code stopped with {kind}{where}{inside}{f': {text}' if text else ''}"
    unsaid = "" if text or not found["text"] else " Call it yourself to read the whole message."
    return Said(_sentence(words) + unsaid, f"{result.question}/{kind}/{cell}/{line}/{where}",
                (function,) if function else (), cell, line)  # fmt: skip


def _place(where: str, line: int, own: OwnWords) -> tuple[int, int]:
    """(cell, line) if the student's file has such a line, else (0, 0): probes of hidden tests have lines too."""
    number = where.removeprefix("cell ")
    cell = int(number) if number.isascii() and number.isdigit() else 0
    return (cell, line) if 1 <= line <= len(own.lines.get(cell, ())) else (0, 0)


# ---------------------------------------------------------------------------------------------------- wrong answers


def _wrong(result: CheckResult, own: OwnWords) -> Said:
    """A diagnosis is ours but for the names of types and arguments in it."""
    text = _LONG_SHAPE.sub("(many axes)", result.message)
    text = re.sub(r"\d{5,}", "#", text)
    before, did, effect = text.partition(" did more than return: ")
    if did:
        known = _EFFECT.fullmatch(effect)
        named = known is not None and (not known["name"] or known["name"].isdigit() or own.has(known["name"]))
        text = f"{before}{did}{effect if named else 'it changed something'}"
    text = _IS.sub(lambda found: _noun(found, own), text)
    names = [name for name in re.findall(r"\w+", text) if name in own.asked.get(result.question, ())]
    cause = f"{result.question}/wrong/{names[0] if names else ''}"
    return Said(_sentence(cut(clean(text))) or OUTCOMES[Outcome.FAILED][1], cause, tuple(names[:1]))


def _noun(found: re.Match[str], own: OwnWords) -> str:
    noun = _NOUN.fullmatch(found["noun"])
    known = noun is not None and (not noun["type"] or noun["type"] in TYPES or own.has(noun["type"]))
    return found[0] if known else f"is something else, {found['rest']}"


def cut(text: str, most: int = MAX_CHARS) -> str:
    """The text, or its beginning and ... where it is longer."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _sentence(text: str) -> str:
    """With a full stop, and a capital where the first word is no name of the student's."""
    text = text.strip()
    if text.startswith(("no answer", "the process", "the ")):
        text = text[0].upper() + text[1:]
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."
