"""What a magic or shell line becomes when a notebook is graded: a call in the sandbox, its statement, or nothing.

The calls are those that IPython itself makes of such lines; `grader/candidate/magics.py` answers them. What only shows,
measures or installs something is left out, and so is what needs the network.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

RUN = frozenset(  # line magics that the sandbox does
    "env set_env cd pushd popd pwd ls ll lf lk lx ldir mkdir rmdir cp mv rm cat ln run pylab sx system timeit who_ls "
    "autoreload aimport".split()
)
RUN_CELLS = frozenset("! !! sx system bash sh shell script python python3 writefile file".split())
AROUND = frozenset({"capture"})  # cell magics whose body is run as the cell's, with something around it
INSTALLS = frozenset("pip pip3 conda mamba micromamba uv apt apt-get brew npm jupyter".split())
FETCHES = frozenset("wget curl git gdown kaggle gsutil aws huggingface-cli hf".split())

_JOINED = re.compile(r"[ \t]*\\\n[ \t]*")
_PARTS = re.compile(r"[ \t]*(?:&&|;)[ \t]*")
_MODULE_PIP = re.compile(r"(?:\S*/)?python[\d.]*[ \t]+-m[ \t]+(?:pip|conda|ensurepip|venv)\b")
_TIME_OPTION = re.compile(r"--no-raise-error[ \t]+")
_PRUN_OPTION = re.compile(r"(?:-[lsTD][ \t=]*\S+|-[qr]+)[ \t]+")
_TIMEIT_OPTION = re.compile(r"-[nrp][ \t]*\d+[ \t]+|-[tcqov]+[ \t]+")
_KEEPS_RESULT = re.compile(r"(?:-[nrp][ \t]*\d+[ \t]+|-[tcqv]+[ \t]+)*-\w*o")


def replacement(target: str, body: str, registered: frozenset[str] = frozenset()) -> str | None:
    """The Python that is run for one line; None where nothing is.

    target: what is left of a magic, with its `=` ("files = "), or nothing
    body: the rest as written: `%cd x`, `!ls`, `!!ls`, `np.dot?`;  registered: magics that the notebook makes itself
    """
    text = _JOINED.sub(" ", body).rstrip()
    if text.startswith("!"):
        return _shell(target, text)
    if not text.startswith("%"):
        return None
    name, _, line = text[1:].lstrip("%").partition(" ") if " " in text else (text[1:].lstrip("%"), "", "")
    name, line = _untabbed(name, line)
    if name in registered:
        return call(target, "run_line_magic", name, line)
    if name == "time":
        return _timed(target, _TIME_OPTION.sub("", line, count=1)) if line else None
    if name == "prun":
        return _all_of(_PRUN_OPTION, line) or None if line and not target else None
    if name == "timeit" and not (target or _KEEPS_RESULT.match(line)):
        return None
    if name in ("sx", "system"):
        return _shell(target, f"!!{line}")
    if name == "run" and ".ipynb" in line:
        return None
    return call(target, "run_line_magic", name, line) if name in RUN else None


def call(target: str, method: str, *arguments: str) -> str:
    """`files = get_ipython().getoutput('ls')`."""
    return f"{target}get_ipython().{method}({', '.join(map(repr, arguments))})"


def around(name: str, options: str, calls: bool) -> str:
    """What takes the place of the first line of a cell whose body is run: a call, or what `%%timeit` sets up."""
    if name in AROUND and calls:
        return call("", "begin_cell_magic", name, options)
    setup = _all_of(_TIMEIT_OPTION, f"{options} ").strip() if name == "timeit" else ""
    return setup if _is_statement(setup) else ""


def needed(command: str) -> str:
    """What of a shell line is run: not what installs or fetches something; "" where nothing is left."""
    parts = [command] if "'" in command or '"' in command else _PARTS.split(command)
    kept = [part for part in parts if part and not _is_left_out(part)]
    return command if len(kept) == len(parts) else " && ".join(kept)


def fetches(line: str) -> bool:
    """Whether a line that was left out would have brought a file from the network."""
    return any(word.rpartition("/")[2] in FETCHES for word in _first_words(line.partition("!")[2]))


def _shell(target: str, text: str) -> str | None:
    command = needed(text.lstrip("!").strip())
    if not command:
        return None
    return call(target, "getoutput" if target or text.startswith("!!") else "system", command)


def _is_left_out(part: str) -> bool:
    first = next(_first_words(part), "")
    return first.rpartition("/")[2] in INSTALLS | FETCHES or bool(_MODULE_PIP.match(part))


def _first_words(command: str) -> Iterator[str]:
    for part in _PARTS.split(command):
        words = [word for word in part.split() if word not in ("sudo", "!", "yes", "|")]
        if words:
            yield words[0]


def _timed(target: str, statement: str) -> str:
    if not target or _is_expression(statement):
        return target + statement
    return f"{statement.rstrip(' ;')}; {target}None"


def _is_expression(text: str) -> bool:
    try:
        compile(text.strip().rstrip(";"), "<line>", "eval", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "(" in text and text.count("(") > text.count(")")  # an expression that goes on in the next line
    return True


def _is_statement(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _all_of(option: re.Pattern[str], line: str) -> str:
    while found := option.match(line):
        line = line[found.end() :]
    return line


def _untabbed(name: str, line: str) -> tuple[str, str]:
    words = name.split(None, 1)
    return (words[0], " ".join([*words[1:], line]).strip()) if words else ("", line.strip())
