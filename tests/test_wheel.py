"""On a machine that has the wheel and nothing of this checkout: a course from `grader init` to marks and report."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny import ipynb

from grader.paths import PACKAGE

ROOT = PACKAGE.parent
RIGHT = """
import numpy as np

def mean_and_variance(X):
    return X.mean(axis=0), X.var(axis=0)
"""
UNBIASED = RIGHT.replace("X.var(axis=0)", "X.var(axis=0, ddof=1)")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [built] = out.glob("coursegrader-*.whl")
    return built


class Machine:
    """A virtual environment with the wheel, and a folder to work in; nothing of the checkout can be seen from there."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        keep = {
            name: os.environ[name] for name in ("PATH", "LANG", "DOCKER_HOST", "OMP_NUM_THREADS") if name in os.environ
        }
        self.environment = keep | {"HOME": str(folder), "GRADER_CACHE": str(folder / "cache")}
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [
            folder / "venv" / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-q",
            "--no-compile",
            "-c",
            ROOT / "constraints.txt",
        ]
        subprocess.run([*pip, f"{wheel}[authoring]"], check=True, capture_output=True)
        self.program = folder / "venv" / "bin" / "grader"

    def grader(self, *arguments: str, code: int = 0) -> str:
        """Run a command there; what it prints."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Machine:
    """A clean machine on which a course of two assignments was begun: one of its own, and one of the program."""
    made = Machine(tmp_path_factory.mktemp("machine"), wheel)
    made.grader("init", "--name", "Statistics", "--with", "intro,a1_mlp")
    (made.folder / "roster.csv").write_text("student,name,email,lms_id\nada,Ada,,\nbob,Bob,,\ncy,Cy,,\n")
    return made


def test_a_wheel_is_small_and_holds_no_leftovers(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert wheel.stat().st_size < 2 * 2**20
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".sqlite"))] == []
    tops = {name.split("/")[0].partition("-")[0] for name in names}
    assert tops == {"grader", "coursegrader"}


def test_what_a_teaching_assistant_needs_comes_without_torch(machine: Machine) -> None:
    probe = "import importlib.util as u; print([m for m in ('torch', 'sklearn', 'scipy') if u.find_spec(m)])"
    python = machine.program.with_name("python")
    assert subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.docker
def test_the_image_of_a_wheel_is_that_of_the_checkout(machine: Machine) -> None:
    """No download, no build: the same files give the same image."""
    said = machine.grader("image", "build")
    assert "downloading" not in said and "building" not in said
    assert "image                    grader:latest" in machine.grader("doctor")


def test_a_master_is_built_where_it_was_begun(machine: Machine) -> None:
    before = (machine.folder / "assignments/a1_mlp/a1_mlp.ipynb").read_bytes()
    machine.grader("build")
    assert (machine.folder / "assignments/a1_mlp/a1_mlp.ipynb").read_bytes() == before


@pytest.mark.docker
def test_an_audit_and_a_release(machine: Machine) -> None:
    machine.grader("audit", "intro", "--seeds", "2")
    assert "release" in machine.grader("release", "intro")
    with zipfile.ZipFile(machine.folder / "build" / "release" / "intro.zip") as archive:
        assert "intro/intro.ipynb" in archive.namelist()


@pytest.mark.docker
def test_three_notebooks_to_marks_and_a_report(machine: Machine) -> None:
    shutil.rmtree(machine.folder / "in", ignore_errors=True)
    (machine.folder / "in").mkdir()
    for student, source in (("ada", RIGHT), ("bob", UNBIASED), ("cy", "def mean_and_variance(X):\n    pass")):
        (machine.folder / "in" / f"{student}.ipynb").write_bytes(ipynb(source))
    machine.grader("grade", "intro", "in")
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(machine.grader("marks", "--csv")))}
    points = [json.loads(machine.grader("show", who, "intro", "--json"))["points"] for who in rows]
    assert list(rows) == ["ada", "bob", "cy"]
    assert points == [3, 1, 0]
    machine.grader("report")
    assert (machine.folder / "build" / "report").is_dir()
    assert not (machine.folder / ".cache").exists(), "what can be made again lies in the user's cache"


@pytest.mark.docker
def test_what_is_missing_for_an_assignment_of_the_program_is_named(machine: Machine) -> None:
    said = machine.grader("grade", "a1_mlp", "in", code=4)
    assert "pip install 'coursegrader[torch]'" in said
