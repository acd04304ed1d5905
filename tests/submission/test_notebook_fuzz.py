"""Whatever bytes come, a notebook or a SubmissionError comes out, and soon."""

import json
import random
import time

import pytest

from grader.errors import SubmissionError
from grader.submission.notebook import Notebook, definitions, read

SOURCES = [
    "import numpy as np\n%matplotlib inline\n!pip install torch\n",
    "def softmax(Z, axis=-1):\n    E = np.exp(Z - Z.max(axis=axis, keepdims=True))\n    return E / E.sum(axis=axis)\n",
    ["%%time\n", "x = (1 % 2)\n", "y = '''\n", "%no\n", "'''"],
    "%%writefile helper.py\nx = 1",
    "# experiment\nfor i in range(3):\n    %time train(i)\n",
    "get_ipython().run_cell_magic('time', '', 'x = 1\\n')",
]
OUTPUTS = [{"output_type": "stream", "text": ["a\n", "]\n"]}, {"data": {"image/png": "iVBOR" * 9}, "output_type": "x"}]
CELLS = [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": OUTPUTS, "source": source} for source in SOURCES]
CELLS.insert(1, {"cell_type": "markdown", "metadata": {}, "source": "# Title"})
WHOLE = {"cells": CELLS, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4, "nbformat_minor": 5}
SCRIPT = "# %%\nx = 1\n\n# %% [markdown]\n# t\n\n# In[3]:\n!ls\ndef f():\n    pass\n\ny = [\n  1]\n"

ODD_VALUES = [
    None,
    True,
    0,
    -1,
    1e400,
    float("nan"),
    "",
    "\ud800",
    "\0",
    "%%",
    "[",
    [],
    {},
    [[]],
    [None],
    {"cells": 1},
    10**30,
]
ODD_BYTES = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"NaN",
]
ODD_BYTES += [
    b"9" * 5000,
    b'"outputs": [\n',
    b"\n   ]",
    b"%%",
    b"!",
    b"?",
    b"'''",
    b"<<<<<<< HEAD\n",
    b"[" * 2000,
    b"# %%\n",
    b"\x80",
]


def mutated_value(value, rng):
    """Replace, drop or double one node somewhere in a JSON value."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.2:
        return rng.choice(ODD_VALUES)
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    copy = value.copy()
    if rng.random() < 0.1:
        del copy[key]
    else:
        copy[key] = mutated_value(value[key], rng)
    return copy


def mutated_bytes(content, rng):
    """Cut, double, insert or overwrite somewhere in the bytes."""
    at, size = rng.randrange(len(content) + 1), rng.choice((1, 1, 2, 9, 200))
    piece = rng.choice((b"", content[at : at + size] * 2, rng.choice(ODD_BYTES), rng.randbytes(1)))
    return content[:at] + piece + content[at + rng.choice((0, size)) :]


def mutated_file(seed):
    """Return the seed's file: (bytes, name)."""
    rng = random.Random(seed)
    value = WHOLE
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        value = mutated_value(value, rng)
    content = SCRIPT.encode() if rng.random() < 0.15 else json.dumps(value, indent=rng.choice((None, 1, 2))).encode()
    for _ in range(rng.choice((0, 0, 1, 2, 6))):
        content = mutated_bytes(content, rng)
    if rng.random() < 0.1:
        content = content.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-8-sig", "utf-16-be", "utf-32")))
    return content, rng.choice(("a1.ipynb", "a1.ipynb", "a1.py"))


def read_or_refuse(content, filename):
    """Read as the grader would, using what comes out; return whether it was a notebook."""
    try:
        notebook = read(content, filename)
    except SubmissionError as refusal:
        assert str(refusal).startswith(f"{filename}: ")
        assert str(refusal).isprintable()
        return False
    assert isinstance(notebook, Notebook)
    for cell in notebook.cells:
        cell.code.encode()
        cell.source.encode()
    assert all(notice.isprintable() for notice in notebook.notices)
    definitions(notebook)
    return True


def fuzz(seeds):
    """Return the share of files that were read, and the longest time one of them took."""
    read_at_all, slowest_s = 0, 0.0
    for seed in seeds:
        start = time.process_time()
        read_at_all += read_or_refuse(*mutated_file(seed))
        slowest_s = max(slowest_s, time.process_time() - start)
    return read_at_all / len(seeds), slowest_s


def test_two_thousand_mutated_files_are_read_or_refused_at_once():
    share, slowest_s = fuzz(range(2_000))
    assert 0.2 < share < 0.9, "the mutations are too mild or too wild to tell anything"
    assert slowest_s < 1


@pytest.mark.slow
def test_ten_thousand_more_mutated_files_are_read_or_refused_at_once():
    _, slowest_s = fuzz(range(2_000, 12_000))
    assert slowest_s < 1


MIB = 2**20


def cells(source, count=1):
    return json.dumps({"cells": [{"cell_type": "code", "source": source}] * count}).encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"cells":' + b"[" * 20 * MIB + b"}", id="deep lists"),
        pytest.param(b'{"cells":' + b'{"a":' * MIB + b"}", id="deep objects"),
        pytest.param(b"{\n" + b'"outputs": [\n' * 2 * MIB + b"}", id="outputs in outputs"),
        pytest.param(b"{\n" + b'\n "outputs": [\n ]' * 2 * MIB + b"}", id="millions of outputs"),
        pytest.param(b'{"cells":[], "n":' + b"9" * 20 * MIB + b"}", id="an integer of 20 million digits"),
        pytest.param(b"{" + b'"' * 20 * MIB + b"}", id="quotes"),
        pytest.param(b"{" + b"\n<<<<<<<" * 2 * MIB + b"}", id="nearly conflicts"),
        pytest.param(b"# %%\n" * 4 * MIB, id="four million cells"),
        pytest.param(b"x = 1\n\n" * 60_000, id="sixty thousand paragraphs"),
        pytest.param(cells("%x\n!y\n", count=10_000), id="ten thousand cells"),
        pytest.param(cells("x?\n" * 190_000), id="help"),
        pytest.param(cells("%x\n" + "'\n" * 190_000), id="open quotes"),
        pytest.param(cells("%x\n" + "([{" * MIB), id="open brackets"),
        pytest.param(cells("%%time\n" * 190_000), id="cell magics"),
        pytest.param(cells("%x\n" + "a." * 4 * MIB), id="one long line"),
        pytest.param(cells("a;" * 95_000, count=30), id="much that parses slowly", marks=pytest.mark.slow),
        pytest.param(cells("a;" * 95_000 + "#?", count=30), id="much to be checked", marks=pytest.mark.slow),
    ],
)
def test_no_file_takes_long(content):
    start = time.process_time()
    read_or_refuse(content, "a1.ipynb")
    assert time.process_time() - start < 20
