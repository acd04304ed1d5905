"""Code that the build hands to students: three cells of every starter, and the head of every file of public checks."""

from __future__ import annotations

import json
from collections.abc import Mapping

MOST_ALONG = 200_000  # bytes of one file that still travels inside the notebook
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["hide-input"]}  # Colab, JupyterLab, books


def along_cell(files: Mapping[str, bytes]) -> str:
    """The cell that holds what belongs beside the notebook, for where it lies alone. files: name -> content.

    What is no text, and what is large, is left to the cell below it.
    """
    lines = []
    for name, content in files.items():
        try:
            text = content.decode("utf-8") if len(content) <= MOST_ALONG else None
        except UnicodeDecodeError:
            text = None
        if text is not None:
            lines.append(f"    {json.dumps(name)}: {json.dumps(text, ensure_ascii=False)},\n")
    return ALONG_CELL.format(files="".join(lines))


ALONG_CELL = """\
# experiment: the files that belong beside this notebook, should it lie alone (skipped when graded)
FILES = {{
{files}}}
"""

FETCH_CELL = """\
# experiment: make what belongs beside this notebook available (skipped when graded)
import importlib.util
import io
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

RELEASE_URL = {url}  # where {assignment}.zip lies; empty: what is not above has to be put here by hand
BESIDE = {beside}

if importlib.util.find_spec("otter") is None:
    print("Installing otter-grader, which runs the public checks ...")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "otter-grader"], check=True)

absent = [name for name in BESIDE if not Path(name).exists()]
for name in set(absent) & set(FILES):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(FILES[name].encode())
missing = [name for name in absent if name not in FILES]
if missing and RELEASE_URL:
    with urllib.request.urlopen(RELEASE_URL) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    for name in missing:
        member = next(entry for entry in archive.namelist() if f"/{{entry}}".endswith(f"/{{name}}"))
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(archive.read(member))
    missing = []
if missing:
    print("Not here:", *missing)
    print("They are in {assignment}.zip: put them beside this notebook (in Colab, into the Files on the left),")
    print("then run this cell again.")
elif absent:
    print("Put beside this notebook:", *absent)
"""

OTTER_CELL = """\
# given: grader.check("q4") runs the public checks of q4, and so on
import otter

grader = otter.Notebook()
"""

CHECK_IMPORTS = {  # what a check may use by these names
    "math": "import math",
    "np": "import numpy as np",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
}

CHECKS_HEADER = '''\
"""Public checks of {question}. They are there to help and give no points."""

{imports}
from otter.test_files import test_case

OK_FORMAT = False

name = "{question}"
points = 0


def defined(names):
    """Complain about names that the notebook does not define (yet)."""
    absent = [key for key, value in names.items() if value is None]
    if absent:
        raise NameError(f"{question}: {{', '.join(absent)}} not defined; run the cell of {question} first")


def near(yours, expected, tolerance=1e-6):
    """True if yours has the shape of expected and its numbers."""
    try:
        yours = np.asarray(yours.detach() if hasattr(yours, "detach") else yours, dtype=float)
    except (TypeError, ValueError):
        return False
    return yours.shape == np.shape(expected) and np.allclose(yours, expected, rtol=0, atol=tolerance)
'''

OK_HEADER = '''\
"""Public checks of {question}. They are there to help and give no points."""

OK_FORMAT = True

test = {test}
'''
