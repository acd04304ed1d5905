"""Names of files as they come from every system: which are refused, which are mended, which mean nothing."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from grader.errors import SubmissionError

MAX_PART_BYTES = 255
MAX_PATH_CHARS = 1000
MAX_DEPTH = 24
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
LEFT_BY_SYSTEMS = {"__macosx", "__pycache__", "thumbs.db", "desktop.ini", "node_modules", "site-packages", "venv"}
SCRATCH = (".", "~$")  # hidden files, and what Office leaves while a file is open
CHECKPOINTS = ".ipynb_checkpoints"

_NO_LETTER = re.compile("[\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")
_DISGUISED = re.compile(r"(?:\.ipynb(?:\.txt|\.json|\.html?|\s*\(\d+\))?)+$", re.IGNORECASE)
_KIND = re.compile(r"(?:\.py\.txt|\.tar\.\w{1,3}|(\.\w{1,5})\1*)$", re.IGNORECASE)  # also x.zip.zip
_WORD_FOR_COPY = "copy|copie|c[oó]pia|kopie|kopia|kopi"  # as Windows, macOS and Colab add it, in languages of theirs
_COPY = re.compile(rf"\s*(?:\((\d+)\)|[-_ ]+(?:{_WORD_FOR_COPY})(?:[ _]?\(?(\d+)\)?)?|-(\d{{1,2}}))$", re.IGNORECASE)
_COPY_OF = re.compile(rf"^(?:{_WORD_FOR_COPY})[\s_]+(?:of|van|von|de|di|av|af)[\s_]+", re.IGNORECASE)
_COPY_IN_QUOTES = re.compile(r"^[\W_]*(.+?)(?:[._]ipynb)?[\W_]*(?:的副本|の\s?コピー|의[\s_]?사본)$")  # Colab


def written(raw: str) -> str:
    """A name as text that can be printed and stored: bytes that are no letters become U+FFFD."""
    return _NO_LETTER.sub("\ufffd", raw)


def checked_path(raw: str) -> str:
    """A path inside an archive or folder with / between its parts, in NFC; raises SubmissionError with the reason.

    Mended: backslashes, "." and empty parts, blanks and dots at the end of a part, ":" (a stream on Windows), the names
    of devices. Refused: whatever leads out, control characters, what no file system takes.
    """
    path = unicodedata.normalize("NFC", written(raw)).replace("\\", "/")
    if any(unicodedata.category(letter) == "Cc" for letter in path):
        raise SubmissionError("its name holds control characters")
    if path.startswith("/") or _DRIVE.match(path):
        raise SubmissionError("its path is absolute")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise SubmissionError("its path leads out of the archive")
    mended = [_checked_part(part) for part in parts]
    if not mended:
        raise SubmissionError("it has no name")
    if len(mended) > MAX_DEPTH or sum(map(len, mended)) > MAX_PATH_CHARS:
        raise SubmissionError(f"its path is too long ({len(mended)} folders, {len(path)} characters)")
    return "/".join(mended)


def _checked_part(part: str) -> str:
    mended = part.replace(":", "_").rstrip(" .")
    if not mended:
        raise SubmissionError("it has no name")
    if len(mended.encode("utf-8", "replace")) > MAX_PART_BYTES:
        raise SubmissionError(f"its name is too long ({len(mended)} characters)")
    return f"_{mended}" if mended.partition(".")[0].casefold() in RESERVED else mended


def is_litter(path: str) -> bool:
    """Whether systems and editors left it: never a student's work. Checkpoints of Jupyter are told apart elsewhere."""
    parts = path.replace("\\", "/").split("/")
    return any(
        part.casefold() in LEFT_BY_SYSTEMS or (part.startswith(SCRATCH) and part not in (CHECKPOINTS, ".", ".."))
        for part in parts
    )


def is_checkpoint(path: str) -> bool:
    """Whether Jupyter saved it by itself."""
    return CHECKPOINTS in PurePosixPath(path).parts or "-checkpoint." in PurePosixPath(path).name


def is_notebook(name: str) -> bool:
    """Whether a name is a notebook's, also where a browser or mailer put something behind it."""
    return _DISGUISED.search(name) is not None


def is_script(name: str) -> bool:
    return name.casefold().endswith((".py", ".py.txt"))


def stem(name: str) -> str:
    """A file's name without what says its kind: "a1.ipynb.txt", "a1.ipynb.zip" and "a1.tar.gz" -> "a1"."""
    bare = _DISGUISED.sub("", name)
    return bare if bare != name else _DISGUISED.sub("", _KIND.sub("", name))


def copy_number(bare: str) -> tuple[str, int]:
    """A stem without what is added where the name is taken, and that number: "a1 (2)" -> ("a1", 2)."""
    number = 0
    of = _COPY_IN_QUOTES.sub(r"\1", _COPY_OF.sub("", bare))
    if of != bare:
        bare, number = of, 1
    found = _COPY.search(bare)
    if found and found.start():
        return bare[: found.start()], number + int(next(filter(None, found.groups()), "1"))
    return bare, number
