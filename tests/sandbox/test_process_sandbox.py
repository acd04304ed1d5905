"""What a sandbox without Docker needs of the machine that it is on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.paths import PACKAGE

PROGRAM = """
import sandboxes
sandbox = sandboxes.made("process")
try:
    submission = sandboxes.Submission(sandbox.open())
    print([raised["type"] for raised in submission.load("import numpy.polynomial.hermite")])
    print([raised["type"] for raised in submission.load("import torch")])
finally:
    sandbox.close()
"""


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="this Python is no virtual environment")
def test_an_environment_behind_a_link_is_there_but_for_what_is_hidden(tmp_path):
    link = tmp_path / "environment"
    link.symlink_to(sys.prefix)
    search = os.pathsep.join([str(PACKAGE.parent), str(Path(__file__).parents[1])])
    command = [str(link / "bin" / "python"), "-c", PROGRAM]
    environment = {**os.environ, "PYTHONPATH": search}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["[]", "['ModuleNotFoundError']"], done.stderr
