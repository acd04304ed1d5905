"""Say what a file is when it is no notebook, and how to get the notebook itself."""

from __future__ import annotations

import re

from grader.errors import SubmissionError

MAX_FILE_BYTES = 200 * 2**20
DOWNLOAD = "in Jupyter choose File > Download, in Colab File > Download > Download .ipynb, and hand in that file"
CLEAR = "clear its outputs (Edit > Clear All Outputs), save it and hand it in again"

_SIGNATURES = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"II*\0", "an image (TIFF)"),
    (b"MM\0*", "an image (TIFF)"),
    (b"\xd0\xcf\x11\xe0", "a Word or Excel file"),
    (b"{\\rtf", "a Word file (RTF)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x89HDF", "a checkpoint of a network (HDF5)"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"SQLite format 3", "a database (SQLite)"),
    (b"version https://git-lfs", "a pointer to a file in Git LFS"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_SAFETENSORS = re.compile(rb".{8}\{\"", re.DOTALL)
_MARK = re.compile(rb"^<<<<<<< ", re.MULTILINE)


def refuse_foreign(content: bytes, name: str) -> None:
    """Raise SubmissionError if the bytes are too many, none, or those of another kind of file."""
    if len(content) > MAX_FILE_BYTES:
        mib = len(content) / 2**20
        raise SubmissionError(f"{name}: the file is {mib:.0f} MiB, at most {MAX_FILE_BYTES // 2**20} are read; {CLEAR}")
    if not content[:4096].strip(b"\0 \t\r\n") and not content.strip(b"\0 \t\r\n"):
        raise SubmissionError(f"{name}: the file is empty ({len(content)} bytes, no text in it); {DOWNLOAD}")
    kind = _kind(content)
    if kind:
        raise SubmissionError(f"{name}: this is {kind}, not a notebook; {DOWNLOAD}")


def refuse_conflict(content: bytes, name: str) -> None:
    """Raise SubmissionError if git's conflict marks stand in the text."""
    found = _MARK.search(content) if content.startswith(b"<<<<<<< ") or b"\n<<<<<<< " in content else None
    if found:
        line = content.count(b"\n", 0, found.start()) + 1
        raise SubmissionError(
            f"{name}: line {line} is a mark of a git conflict (<<<<<<<); settle the conflict, open the notebook to see "
            "that it works, and hand it in again"
        )


def truncated(content: bytes, name: str) -> SubmissionError:
    return SubmissionError(
        f"{name}: the notebook breaks off after {len(content)} bytes (an upload or download that was cut short, or a "
        "full disk); open it to see what is left, save it and hand it in again"
    )


def broken(content: bytes, name: str, at: int, why: str) -> SubmissionError:
    line, column = content.count(b"\n", 0, at) + 1, at - content.rfind(b"\n", 0, at)
    return SubmissionError(f"{name}: the notebook is broken at line {line}, column {column} ({why}); {DOWNLOAD}")


def _kind(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(content)
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "an image (WebP)"
    if _PICKLE.match(content) or _SAFETENSORS.match(content):
        return "a checkpoint of a network"
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a saved web page"
    if start.startswith((b"<?xml", b"<svg", b"<!--")):
        return "a saved web page or XML"
    return ""


def _kind_of_zip(content: bytes) -> str:
    """Tell archives apart by the names in them; nothing is unpacked."""
    if b"word/document.xml" in content:
        return "a Word file"
    if b"/data.pkl" in content:
        return "a checkpoint of a network (PyTorch)"
    if b".npy" in content[:200]:
        return "a NumPy archive (.npz)"
    if b".ipynb" in content:
        return "a zip with a notebook in it"
    return "a zip"
