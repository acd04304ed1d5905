"""What a release gives students to run: the page to read first is followed word for word."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.authoring import release
from grader.authoring.students_program import students_program
from grader.course.config import read_assignment
from grader.errors import AuthoringError
from grader.paths import PACKAGE, Paths
from grader.submission.packing import zipped

PATHS = Paths(PACKAGE.parent)


@pytest.fixture(scope="module")
def files():
    return release.release_files(PATHS, read_assignment(PATHS, "a1_mlp"))


@pytest.fixture
def home(files, tmp_path):
    """A student's downloads: the zip, and the folder that came out of it."""
    home = tmp_path / "Übung 1 (neu)"
    home.mkdir()
    (home / "a1_mlp.zip").write_bytes(zipped("a1_mlp", files))
    with zipfile.ZipFile(home / "a1_mlp.zip") as archive:
        archive.extractall(home)
    return home


def typed(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(line.replace("YOUR-ID", "cs101"))
    assert program == "python"
    return subprocess.run([sys.executable, "-I", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def commands(folder: Path, mark: str) -> list[str]:
    return re.findall(rf"^    {mark}(python .*)$", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_what_the_page_says_can_be_typed_and_works(home):
    validate, pack = commands(home / "a1_mlp", "")
    said = typed(home / "a1_mlp", validate)
    assert (said.returncode, said.stderr) == (1, "")
    assert "a1_mlp.ipynb will be accepted for a1_mlp: 0 of 14 questions are complete." in said.stdout
    said = typed(home / "a1_mlp", pack)
    assert (said.returncode, said.stderr) == (0, "")
    with zipfile.ZipFile(home / "a1_mlp" / "cs101_a1_mlp.zip") as archive:
        assert sorted(archive.namelist()) == ["cs101/a1_mlp.ipynb", "cs101/receipt.json"]


def test_what_the_page_says_of_colab_works_beside_the_folder(home):
    (home / "a1_mlp.ipynb").write_bytes((home / "a1_mlp" / "a1_mlp.ipynb").read_bytes())
    [validate] = commands(home / "a1_mlp", "!")
    said = typed(home, validate)
    assert said.returncode == 1 and "will be accepted for a1_mlp" in said.stdout


def test_the_notebook_of_another_assignment_is_told_apart(home):
    (home / "a1_mlp" / "a1_mlp.ipynb").write_bytes(PATHS.starter("a2_cnn").read_bytes())
    said = typed(home / "a1_mlp", "python grader.pyz validate a1_mlp.ipynb")
    assert said.returncode == 1
    assert "a1_mlp.ipynb defines nothing that a1_mlp asks for; is it the notebook of another assignment?" in said.stdout


def test_the_program_is_part_of_the_release_and_its_sources_alone_decide_its_bytes(files):
    assert files["grader.pyz"] == students_program()
    assert "grader.pyz" in json.loads(files["manifest.json"])["files"]


def test_the_search_for_leaks_reads_the_program(files):
    assignment = read_assignment(PATHS, "a1_mlp")
    hidden = next(PATHS.hidden_tests("a1_mlp").glob("test_q5*.py")).read_bytes()
    stored = zipped("", {"grader/x.py": hidden}, zipfile.ZIP_STORED)
    with pytest.raises(AuthoringError, match=r"grader\.pyz would give away"):
        release._refuse_leaks(PATHS, assignment, {**files, "grader.pyz": stored})
    release._refuse_leaks(PATHS, assignment, files)
