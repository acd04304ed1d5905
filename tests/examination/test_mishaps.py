"""What is handed in instead of a notebook, and what the student then reads."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from grader.errors import SubmissionError
from grader.submission.notebook import MAX_CELLS, MAX_LINES, MAX_SOURCE_CHARS, read

DOWNLOAD = "in Jupyter choose File > Download, in Colab File > Download > Download .ipynb, and hand in that file"
CUT_SHORT = "(an upload or download that was cut short, or a full disk); open it to see what is left, "
CUT_SHORT += "save it and hand it in again"
CLEAR = "clear its outputs (Edit > Clear All Outputs), save it and hand it in again"


def notebook(*sources, **changes):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | changes, indent=1).encode()


def archive(*names):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name in names:
            file.writestr(name, b"text")
    return target.getvalue()


def array_archive():
    target = io.BytesIO()
    np.savez(target, w=np.ones(3))
    return target.getvalue()


def refusal(content, filename="a1.ipynb"):
    with pytest.raises(SubmissionError) as caught:
        read(content, filename)
    return str(caught.value)


WHOLE = notebook("x = 1", "y = 2")
CONFLICT = WHOLE.replace(b'   "source": "x = 1"', b'<<<<<<< HEAD\n   "source": "x = 1"\n=======\n>>>>>>> theirs', 1)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "a saved web page", id="web page"),
        pytest.param("\ufeff<html>".encode(), "a saved web page", id="web page with a mark"),
        pytest.param("<html>".encode("utf-16"), "a saved web page", id="web page in UTF-16"),
        pytest.param(b"<?xml version='1.0'?><Error/>", "a saved web page or XML", id="XML"),
        pytest.param(archive("x.txt"), "a zip", id="zip"),
        pytest.param(archive("a1.ipynb"), "a zip with a notebook in it", id="zip of the notebook"),
        pytest.param(archive("[Content_Types].xml", "word/document.xml"), "a Word file", id="Word"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word or Excel file", id="old Word"),
        pytest.param(b"{\\rtf1\\ansi hello}", "a Word file (RTF)", id="RTF"),
        pytest.param(archive("archive/data.pkl"), "a checkpoint of a network (PyTorch)", id="torch checkpoint"),
        pytest.param(pickle.dumps({"w": 1}), "a checkpoint of a network", id="pickle"),
        pytest.param(b"\x20\0\0\0\0\0\0\0" + b'{"w":{}}', "a checkpoint of a network", id="safetensors"),
        pytest.param(b"\x89HDF\r\n\x1a\n", "a checkpoint of a network (HDF5)", id="HDF5"),
        pytest.param(array_archive(), "a NumPy archive (.npz)", id="npz"),
        pytest.param(b"%PDF-1.7\n", "a PDF", id="PDF"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "an image (PNG)", id="PNG"),
        pytest.param(b"\xff\xd8\xff\xe0\0\x10JFIF", "an image (JPEG)", id="JPEG"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8 ", "an image (WebP)", id="WebP"),
        pytest.param(b"\x1f\x8b\x08\0", "a gzip archive", id="gzip"),
        pytest.param(b"Rar!\x1a\x07", "a RAR archive", id="RAR"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "a pointer to a file in Git LFS", id="LFS"),
    ],
)
def test_another_kind_of_file_is_named_with_the_way_to_download(content, kind):
    assert refusal(content) == f"a1.ipynb: this is {kind}, not a notebook; {DOWNLOAD}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", f"the file is empty (0 bytes, no text in it); {DOWNLOAD}", id="empty"),
        pytest.param(b" \n\0\0" * 2000, f"the file is empty (8000 bytes, no text in it); {DOWNLOAD}", id="blank"),
        pytest.param(
            WHOLE[:-25],
            f"the notebook breaks off after {len(WHOLE) - 25} bytes {CUT_SHORT}",
            id="truncated",
        ),
        pytest.param(
            notebook("s = {1}").split(b"}", 1)[0] + b"}",
            f"the notebook breaks off after 59 bytes {CUT_SHORT}",
            id="truncated behind a brace",
        ),
        pytest.param(
            CONFLICT,
            "line 7 is a mark of a git conflict (<<<<<<<); settle the conflict, open the notebook to see that it "
            "works, and hand it in again",
            id="git conflict",
        ),
        pytest.param(
            WHOLE.replace(b'"nbformat": 4,', b'"nbformat": 4 4'),
            f"the notebook is broken at line 17, column 16 (expected ','); {DOWNLOAD}",
            id="broken JSON",
        ),
        pytest.param(
            b'{"doc_id": "1x", "email": "s@iit.example"}',
            f"this is a shortcut to a file in Google Drive, not the file; {DOWNLOAD}",
            id="Drive shortcut",
        ),
        pytest.param(
            b'{"url": "https://docs.google.com/open?id=1"}',
            f"this is a shortcut to a file in Google Drive, not the file; {DOWNLOAD}",
            id="old Drive shortcut",
        ),
        pytest.param(
            b'{"error": {"code": 404}, "cells": 3}',
            f"this is JSON but no notebook (it has no list of cells but: 'cells', 'error'); {DOWNLOAD}",
            id="other JSON",
        ),
        pytest.param(
            b"{}",
            f"this is JSON but no notebook (it has no list of cells but: nothing); {DOWNLOAD}",
            id="no keys",
        ),
        pytest.param(b"[1, 2]", f"this is JSON but no notebook (a list); {DOWNLOAD}", id="JSON list"),
        pytest.param(
            b'{"cells": [{"cell_type": "code", "source": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
            f"its JSON is nested too deeply for a notebook; {DOWNLOAD}",
            id="deep JSON",
        ),
        pytest.param(
            b'{"cells": [' + b"[]," * 2_000_001 + b"1]}",
            f"more than 500000 values are in it beside outputs; {CLEAR}",
            id="a bomb of values",
        ),
        pytest.param(
            b"Dear professor,\nmy file is lost",
            f"this is neither a notebook nor Python (line 1: invalid syntax); {DOWNLOAD}",
            id="a letter",
        ),
        pytest.param(b"lost", f"this is neither a notebook nor Python (it defines nothing); {DOWNLOAD}", id="a word"),
        pytest.param(
            notebook(*["x"] * (MAX_CELLS + 1)),
            "10001 cells, at most 10000 are read; clear out what is not needed",
            id="too many cells",
        ),
        pytest.param(
            notebook("x" * (MAX_SOURCE_CHARS // 2), "y" * (MAX_SOURCE_CHARS // 2 + 2**20)),
            "11.0 MiB of code in 0 lines, at most 10 MiB and 200000 lines are read; put large values into a file, not "
            "into the code",
            id="too much code",
        ),
        pytest.param(
            notebook("x\n" * (MAX_LINES + 1)),
            "0.4 MiB of code in 200001 lines, at most 10 MiB and 200000 lines are read; put large values into a file, "
            "not into the code",
            id="too many lines",
        ),
        pytest.param(
            b"x" + bytes(201 * 2**20),
            f"the file is 201 MiB, at most 200 are read; {CLEAR}",
            id="too large",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why_and_what_to_do(content, message):
    assert refusal(content) == f"a1.ipynb: {message}"


@pytest.mark.parametrize("lost", range(1, len(WHOLE) - 1, 7))
def test_a_notebook_cut_short_anywhere_is_called_cut_short(lost):
    assert "breaks off after" in refusal(WHOLE[:-lost])


def test_a_conflict_is_found_even_inside_outputs():
    outputs = [{"output_type": "stream", "text": ["a\n"]}]
    text = json.dumps({"cells": [{"cell_type": "code", "source": "x", "outputs": outputs}]}, indent=1).encode()
    assert "line 10 is a mark" in refusal(text.replace(b'      "a', b'<<<<<<< HEAD\n      "a'))


def test_a_python_file_that_is_no_python_says_where():
    message = f"a1.py: this is neither a notebook nor Python (line 2: expected ':'); {DOWNLOAD}"
    assert refusal(b"x = 1\ndef f()\n  pass", "a1.py") == message
    assert "line 2 is a mark of a git conflict" in refusal(b"x = 1\n<<<<<<< HEAD\ny = 2\n=======\n", "a1.py")


def test_a_file_name_cannot_break_the_message():
    assert refusal(b"", "a\x1b[31m\n\u202e" + "b" * 300).startswith("a?[31m??" + "b" * 92 + ": ")
    assert refusal(b"", "").startswith("(no name): ")
