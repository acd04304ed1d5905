"""Write the course folder of the sample class: roster, marks entered by hand, downloads. What was graded stays."""

from __future__ import annotations

import csv
import os
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from examples.sample_class import essay
from examples.sample_class.accidents import Story
from examples.sample_class.later import later_work
from examples.sample_class.notebooks import Material
from examples.sample_class.people import CLASS, STRANGER, Person
from grader.course.config import read_assignment, read_course
from grader.paths import Paths

MAXIMA = {"a2_cnn": 100, "a3_sequences": 100, "a4_generative": 50, "kaggle": 10, "end_semester": 60}
EXAM_MAXIMUM = 20
STAFF = [["tala", "instructor", "Tala Makoare"], ["benedikt", "assistant", "Benedikt Ómarsson"]]
BY_HAND = "# Sample figures, as a person would enter them by hand; nothing here was graded."


def make(
    checkout: Paths,
    root: Path,
    assignment: str,
    left_out: frozenset[str] = frozenset(),
    later: Sequence[str] = (),
) -> Paths:
    """Write everything below `root`; assignments and solutions are links to the checkout's, but for the essay.

    assignment: the one with the stories;  later: those that are handed in besides
    """
    paths = Paths(root)
    root.mkdir(parents=True, exist_ok=True)
    paths.course_toml.write_text(checkout.course_toml.read_text(encoding="utf-8") + essay.COMPONENT, encoding="utf-8")
    if paths.assignments.is_symlink():
        paths.assignments.unlink()
    there = sorted(folder.name for folder in checkout.assignments.iterdir() if (folder / "assignment.toml").is_file())
    links = [(paths.assignment(name), checkout.assignment(name)) for name in there]
    for link, target in (*links, (paths.solutions, checkout.solutions)):
        if link.is_symlink() or not link.exists():
            link.unlink(missing_ok=True)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(os.path.relpath(target, link.parent.resolve()))
    _write_essay(paths)
    people = [person for person in CLASS if person.id not in left_out]
    _write_table(paths.roster_csv, ["student", "name", "email"], [_on_roster(person) for person in people])
    _write_table(paths.staff_csv, ["staff", "role", "name"], STAFF)
    _write_marks(paths, people, assignment)
    competition = paths.competition("spirals")
    shutil.copytree(
        Paths(checkout.root / "examples" / "competition").competition("spirals"), competition, dirs_exist_ok=True
    )
    described = competition / "competition.toml"
    described.write_text(f'column = "kaggle"\n{described.read_text(encoding="utf-8")}', encoding="utf-8")
    shutil.rmtree(root / "downloads", ignore_errors=True)
    for item in later:
        material = Material(checkout, item)
        for person in people:
            _hand_in(person.id, later_work(person.id, person.level), material, root / "downloads" / item)
    for person in people:
        written = essay.handed_in(person.id)
        files = {f"{essay.ASSIGNMENT}.ipynb": written} if written else {}
        _write_files(files, root / "downloads" / essay.ASSIGNMENT / person.id)
    material = Material(checkout, assignment)
    for person in [*people, STRANGER]:
        _hand_in(person.id, person.story, material, root / "downloads" / assignment)
    return paths


def _on_roster(person: Person) -> list[str]:
    return [person.id, person.name, f"{person.id}@students.example.org"]


def _write_essay(paths: Paths) -> None:
    folder = paths.assignment(essay.ASSIGNMENT)
    folder.mkdir(exist_ok=True)
    paths.assignment_toml(essay.ASSIGNMENT).write_text(essay.TOML, encoding="utf-8")
    paths.starter(essay.ASSIGNMENT).write_bytes(essay.starter())


def _hand_in(student: str, story: Story, material: Material, downloads: Path) -> None:
    _write_files(story(material), downloads / student)


def _write_files(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


# ---------------------------------------------------------------------------------------------------- marks


def _write_marks(paths: Paths, people: list[Person], assignment: str) -> None:
    """A table for each component that has items which are not graded here, and the decisions of the staff."""
    course = read_course(paths)
    for component in course.scheme.components:
        items = [item for item in component.items if not _graded_here(paths, item)]
        if items:
            maxima = [str(MAXIMA.get(item, EXAM_MAXIMUM)) for item in items]
            rows = [[person.id, *(_mark(person, item) for item in items)] for person in people]
            table = [["max", *maxima], *rows]
            _write_table(paths.marks_folder / f"{component.id}.csv", ["student", *items], table, BY_HAND)
    rulings = [[person.id, assignment, person.ruling, person.reason] for person in people if person.ruling]
    _write_table(paths.marks_folder / "status.csv", ["student", "item", "status", "reason"], rulings)


def _graded_here(paths: Paths, item: str) -> bool:
    folder = paths.assignment(item)
    return folder.is_dir() and bool(read_assignment(paths, item).questions)


def _mark(person: Person, item: str) -> str:
    """The cell that the story wants, else points around the person's level in steps of a half."""
    for wanted, cell in person.marks:
        if wanted == item:
            return cell
    percent = person.level + random.Random(f"{person.id}/{item}").randint(-12, 12)
    return f"{round(MAXIMA.get(item, EXAM_MAXIMUM) * min(percent, 100) / 50) / 2:g}"


def _write_table(file: Path, header: list[str], rows: list[list[str]], remark: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        if remark:
            stream.write(f"{remark}\n")
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
