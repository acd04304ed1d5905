"""On a machine that has the wheel and nothing of this checkout: the tutorial, word for word, and the program's own."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from clean_machine import ROOT, CleanMachine, Typed, Written, agrees, built_wheel, steps
from tiny import ipynb

TUTORIAL = list(steps((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")))
INSTALLING = 3  # commands of the tutorial: an environment, its activation, pip
RIGHT = """
import numpy as np

def mean_and_variance(X):
    return X.mean(axis=0), X.var(axis=0)
"""
UNBIASED = RIGHT.replace("X.var(axis=0)", "X.var(axis=0, ddof=1)")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> CleanMachine:
    """A machine on which the program was installed as the tutorial says."""
    machine = CleanMachine(tmp_path_factory.mktemp("home"), wheel)
    for step in TUTORIAL[:INSTALLING]:
        assert isinstance(step, Typed)
        machine.type(step.command)
    return machine


@pytest.fixture(scope="module")
def statistics(installed: CleanMachine) -> CleanMachine:
    """A course of two assignments: one of its own, and one of the program."""
    installed.type("cd ~ && grader init statistics --with intro,a1_mlp && cd statistics")
    (installed.folder / "roster.csv").write_text("student,name,email,lms_id\nada,Ada,,\nbob,Bob,,\ncy,Cy,,\n")
    return installed


def test_a_wheel_is_small_and_holds_no_leftovers(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert wheel.stat().st_size < 3 * 2**20
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".sqlite"))] == []
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"grader", "coursegrader"}


def test_a_wheel_holds_the_catalogues_of_every_language(wheel: Path, installed: CleanMachine) -> None:
    here = ROOT / "grader" / "languages"
    with zipfile.ZipFile(wheel) as archive:
        for file in here.glob("*/*.po"):
            assert archive.read(f"grader/languages/{file.relative_to(here).as_posix()}") == file.read_bytes()
    probe = "from grader.languages.translating import *; print(languages(), len(language('de').messages) > 1)"
    assert installed.type(f'python -c "{probe}"') == "('de', 'en') True\n"


def test_what_a_teaching_assistant_needs_comes_without_torch(installed: CleanMachine) -> None:
    probe = "import importlib.util as u; print([m for m in ('torch', 'sklearn', 'scipy') if u.find_spec(m)])"
    assert installed.type(f'python -c "{probe}"') == "[]\n"
    assert str(installed.home) in installed.type("python -c 'import grader; print(grader.__file__)'")


@pytest.mark.docker
def test_the_tutorial_word_for_word(installed: CleanMachine) -> None:
    installed.type("cd ~")
    for step in TUTORIAL[INSTALLING:]:
        if isinstance(step, Written):
            file = installed.folder / step.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, encoding="utf-8")
        else:
            seen = installed.type(step.command, code=None)
            shown = "\n".join(step.shown)
            assert agrees(step.shown, seen), f"$ {step.command}\nthe page shows:\n{shown}\nwhat comes out:\n{seen}"


@pytest.mark.docker
def test_the_image_of_a_wheel_is_that_of_the_checkout(statistics: CleanMachine) -> None:
    """No download, no build: the same files give the same image."""
    said = statistics.type("grader image build")
    assert "downloading" not in said and "building" not in said
    assert not (statistics.folder / ".cache").exists(), "what can be made again lies in the user's cache"


def test_a_master_of_the_program_is_built_to_the_same_bytes(statistics: CleanMachine) -> None:
    starter = statistics.folder / "assignments" / "a1_mlp" / "a1_mlp.ipynb"
    before = starter.read_bytes()
    statistics.type("grader build")
    assert starter.read_bytes() == before


@pytest.mark.docker
def test_an_audit_a_release_three_notebooks_marks_and_a_report(statistics: CleanMachine) -> None:
    statistics.type("grader audit intro --seeds 2")
    statistics.type("grader release intro")
    with zipfile.ZipFile(statistics.folder / "build" / "release" / "intro.zip") as archive:
        assert "intro/intro.ipynb" in archive.namelist()
    (statistics.folder / "in").mkdir()
    for student, source in (("ada", RIGHT), ("bob", UNBIASED), ("cy", "def mean_and_variance(X):\n    pass")):
        (statistics.folder / "in" / f"{student}.ipynb").write_bytes(ipynb(source))
    statistics.type("grader grade intro in")
    rows = [row["student"] for row in csv.DictReader(io.StringIO(statistics.type("grader marks --csv")))]
    assert rows == ["ada", "bob", "cy"]
    assert [json.loads(statistics.type(f"grader show {who} intro --json"))["points"] for who in rows] == [3, 1, 0]
    statistics.type("grader report")
    assert (statistics.folder / "build" / "report" / "report.html").is_file()


@pytest.mark.docker
def test_what_is_missing_for_an_assignment_of_the_program_is_named(statistics: CleanMachine) -> None:
    (statistics.folder / "handed_in").mkdir()
    (statistics.folder / "handed_in" / "ada.ipynb").write_bytes(ipynb(RIGHT))
    said = statistics.type("grader grade a1_mlp handed_in", code=4)
    assert "pip install 'coursegrader[torch]'" in said
