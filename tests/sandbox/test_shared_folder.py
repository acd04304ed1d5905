"""A folder for what containers are given that the engine does not see, as with `PrivateTmp` of systemd."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PRIVATE = 'mount --make-rprivate / && mount -t tmpfs none "$TMPDIR" && exec "$@"'
DOCTOR = "import sys; from grader.cli import main; sys.exit(main(['doctor', '--color', 'never']))"


@pytest.mark.docker
def test_doctor_says_that_the_engine_does_not_see_the_folder(tmp_path):
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace of its own can be had here")
    hidden = tmp_path / "private"
    hidden.mkdir()
    told = subprocess.run(
        ["unshare", "-m", "sh", "-c", PRIVATE, "sh", sys.executable, "-c", DOCTOR],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "TMPDIR": str(hidden), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    ).stdout
    assert told.count(f"the engine does not see {hidden}: ") == 3, told
    assert "let TMPDIR name a folder that both see" in told and "sysctl" not in told
