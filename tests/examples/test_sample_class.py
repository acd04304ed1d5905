"""The sample class: made the same every time, each accident is what it is called, and everybody ends with a row."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from examples.sample_class import accidents, essay, folder
from examples.sample_class.notebooks import Material
from examples.sample_class.people import CLASS, HOSTILE, STRANGER
from grader.course.competition import read_competition
from grader.course.config import read_course
from grader.errors import AuthoringError, SubmissionError
from grader.marks.gradebook import read_gradebook
from grader.paths import PACKAGE, Paths
from grader.submission import notebook

CHECKOUT = Paths(PACKAGE.parent)
GRADED = {"dl15", "dl18", "dl20", "dl21", "dl22", "dl23", "dl26"}  # one of a kind; all of them: make demo
STORIES = {person.id: person.story for person in CLASS}


@pytest.fixture(scope="module")
def material() -> Material:
    return Material(CHECKOUT, "a1_mlp")


def read(material: Material, student: str) -> notebook.Notebook:
    [(name, content)] = list(STORIES[student](material).items())[:1]
    return notebook.read(content, name)


# ---------------------------------------------------------------------------------------------------- as it is made


def test_the_class_is_made_the_same_every_time(tmp_path):
    found = []
    for root in (tmp_path / "first", tmp_path / "second"):
        folder.make(CHECKOUT, root, "a1_mlp", frozenset({"dl06"}))  # but for its 80 MB
        files = sorted(file for file in root.rglob("*") if file.is_file())
        found.append([(str(file.relative_to(root)), sha256(file.read_bytes()).hexdigest()) for file in files])
    assert found[0] == found[1]
    assert len(found[0]) > len(CLASS)


def test_making_it_again_keeps_what_was_graded_and_drops_who_left(tmp_path):
    folder.make(CHECKOUT, tmp_path, "a1_mlp", frozenset({"dl06"}))
    (tmp_path / ".grader").mkdir()
    (tmp_path / ".grader" / "record.sqlite").write_text("marks")
    folder.make(CHECKOUT, tmp_path, "a1_mlp", HOSTILE | {"dl06"})
    assert (tmp_path / ".grader" / "record.sqlite").read_text() == "marks"
    assert not [student for student in HOSTILE if (tmp_path / "downloads" / "a1_mlp" / student).exists()]


def test_numbers_and_names_are_unique_and_every_accident_happens_to_somebody():
    people = [*CLASS, STRANGER]
    assert len({person.id for person in people}) == len(people) >= 16
    assert len({person.name for person in people}) == len(people)
    happened = {person.story.__qualname__.partition(".")[0] for person in people}
    told = {name for name, made in vars(accidents).items() if getattr(made, "__module__", "") == accidents.__name__
            and callable(made)}  # fmt: skip
    assert told == happened


def test_marks_entered_by_hand_say_so_and_make_a_gradebook(tmp_path):
    paths = folder.make(CHECKOUT, tmp_path, "a1_mlp", frozenset({"dl06"}))
    assert (paths.marks_folder / "exams.csv").read_text().startswith(folder.BY_HAND)
    book = read_gradebook(paths, {})
    assert [line.student.id for line in book.lines] == [person.id for person in CLASS if person.id != "dl06"]
    states = {line.student.id: line.mark.components[0].items[0].entry.state.value for line in book.lines}
    assert states["dl25"] == "excused" and states["dl26"] == "integrity"


def test_there_is_a_competition_whose_marks_have_a_place(tmp_path):
    paths = folder.make(CHECKOUT, tmp_path, "a1_mlp", frozenset({"dl06"}))
    course = read_course(paths)
    found = read_competition(paths, "spirals", course.timezone)
    assert found.column in course.columns and not (paths.competition("spirals") / "public" / found.labels).exists()


def test_notebooks_are_real_ones_with_outputs_and_numbered_cells(material):
    import nbformat

    for student in ("dl01", "dl02", "dl03", "dl09", "dl15"):
        [content] = STORIES[student](material).values()
        book = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(book)
        assert student in ("dl02", "dl15") or any(cell.get("outputs") for cell in book.cells)


@pytest.mark.parametrize("student", ["dl01", "dl02", "dl03", "dl04", "dl05", "dl07"])
def test_whoever_has_everything_right_defines_every_name_that_is_asked_for(material, student):
    from grader.course.config import read_assignment

    assignment = read_assignment(CHECKOUT, "a1_mlp")
    asked = {name for question in assignment.questions for name in question.names}
    book = read(material, student)
    assert asked <= set(notebook.definitions(book))
    assert not any("BEGIN SOLUTION" in cell.source or "BEGIN PROMPT" in cell.source for cell in book.cells)


@pytest.mark.parametrize(
    ("student", "said"),
    [
        pytest.param("dl23", "a saved web page", id="saved web page"),
        pytest.param("dl24", "a git conflict", id="git conflict"),
    ],
)
def test_what_is_no_notebook_is_refused_for_what_it_is(material, student, said):
    with pytest.raises(SubmissionError, match=said):
        read(material, student)


def test_80_mb_of_output_are_that_and_are_dropped(material):
    [content] = STORIES["dl06"](material).values()
    assert 80e6 < len(content) < 120e6
    assert "outputs were dropped" in notebook.read(content, "a1_mlp.ipynb").notices[0]


def test_a_mistake_that_does_not_exist_is_named_with_those_that_do(material):
    with pytest.raises(AuthoringError, match=r"q5\.py: no wrong solution 'no_shif'; there is: .*no_shift"):
        material.mistake("q5", "no_shif")


# ---------------------------------------------------------------------------------------------------- as it is graded


def test_essays_are_marked_by_a_rubric_but_for_three(tmp_path):
    paths = folder.make(CHECKOUT, tmp_path, "a1_mlp", frozenset({"dl06"}))
    assert grader(tmp_path, "grade", essay.ASSIGNMENT, f"downloads/{essay.ASSIGNMENT}").returncode == 0
    for _ in range(2):  # a second time, nothing is marked again
        essay.begin_marking(paths)
    waiting = json.loads(grader(tmp_path, "manual", essay.ASSIGNMENT, "--json").stdout)["waiting"]
    assert {row["student"] for row in waiting} == essay.WRITTEN.keys() - essay.GIVEN.keys()
    shown = grader(tmp_path, "show", "dl01", essay.ASSIGNMENT).stdout
    assert "10 of 10" in shown and "the theorem says nothing about the width" in shown
    folder.make(CHECKOUT, tmp_path, "a1_mlp", frozenset({"dl06"}))
    assert json.loads(grader(tmp_path, "manual", essay.ASSIGNMENT, "--json").stdout)["waiting"] == waiting


def grader(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GRADER_COURSE": str(root), "COLUMNS": "140"}
    command = [sys.executable, "-m", "grader.cli", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.docker
def test_in_containers_every_kind_ends_with_a_row_and_a_second_run_grades_nothing(tmp_path):
    left_out = frozenset(person.id for person in CLASS if person.id not in GRADED)
    paths = folder.make(CHECKOUT, tmp_path, "a1_mlp", left_out)
    shutil.rmtree(paths.root / "downloads" / "a1_mlp" / STRANGER.id)
    paths.assignment("a1_mlp").unlink()
    shutil.copytree(CHECKOUT.assignment("a1_mlp"), paths.assignment("a1_mlp"))
    limits = paths.assignment_toml("a1_mlp").read_text()
    assert "call_s = 10" in limits
    paths.assignment_toml("a1_mlp").write_text(limits.replace("call_s = 10", "call_s = 3"))  # the loop costs two calls

    first = grader(tmp_path, "grade", "a1_mlp", "downloads/a1_mlp", "--json")
    assert first.returncode == 1, first.stderr
    attempts = {entry["student"]: entry for entry in json.loads(first.stdout)["attempts"]}
    assert set(attempts) == GRADED
    outcomes = {student: {(question["id"], check["outcome"]) for question in entry["questions"]
                          for check in question["checks"]} for student, entry in attempts.items()}  # fmt: skip
    assert attempts["dl26"]["points"] == 100
    assert [attempts[student]["points"] for student in ("dl15", "dl20", "dl21")] == [0, 0, 0]
    assert attempts["dl23"]["status"] == "unreadable"
    assert {outcome for question, outcome in outcomes["dl18"] if question == "q8"} == {"timeout", "passed"}
    assert not any(outcome == "passed" for _, outcome in outcomes["dl21"])
    assert 0 < attempts["dl22"]["points"] < 100 and ("q7", "passed") in outcomes["dl22"]

    second = grader(tmp_path, "grade", "a1_mlp", "downloads/a1_mlp", "--json")
    assert f"{len(GRADED)} graded before" in second.stderr
    assert json.loads(second.stdout) == json.loads(first.stdout)
    marks = grader(tmp_path, "marks").stdout
    assert [line for line in marks.splitlines() if line.startswith("dl26") and " integ " in line]
    assert grader(tmp_path, "report", "--out", "report").returncode == 0
    assert "dl23" in (tmp_path / "report" / "report.html").read_text()
