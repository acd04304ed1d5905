"""Code that the build hands to students: two cells of every starter, and the head of every file of public checks."""

from __future__ import annotations

FETCH_CELL = """\
# experiment: make what belongs beside this notebook available (skipped when graded)
import importlib.util
import io
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

RELEASE_URL = {url}  # where {assignment}.zip lies; empty: it has to be put here by hand
BESIDE = {beside}

if importlib.util.find_spec("otter") is None:
    print("Installing otter-grader, which runs the public checks ...")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "otter-grader"], check=True)

absent = [name for name in BESIDE if not Path(name).exists()]
if absent and RELEASE_URL:
    with urllib.request.urlopen(RELEASE_URL) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    Path("tests").mkdir(exist_ok=True)
    for name in absent:
        member = next(entry for entry in archive.namelist() if f"/{{entry}}".endswith(f"/{{name}}"))
        Path(name).write_bytes(archive.read(member))
    print("Fetched what belongs beside this notebook:", *absent)
elif absent:
    print("Not here:", *absent)
    print("They are in {assignment}.zip: put them beside this notebook, those of tests/ into a folder of that name.")
    print("In Colab, open the Files on the left to upload them and to make the folder. Then run this cell again.")
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
