"""docs/course_files.md against the readers of course and tables: each key and column, default, example and error.

A new key needs a row in its table and a line in the block of wrong values below that.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal

import pytest

from grader.course import sheets
from grader.course.config import Course, read_assignment, read_course
from grader.course.curve import Curve
from grader.course.extensions import read_deadlines
from grader.course.scheme import Component, LateRule
from grader.course.showing import Showing
from grader.course.sign_in import SignIn
from grader.course.staff import read_staff
from grader.course.teams import read_teams
from grader.errors import AuthoringError
from grader.paths import PACKAGE, Paths
from grader.schema import Assignment, Limits, Question

PAGE = (PACKAGE.parent / "docs" / "course_files.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.M | re.S)
BLOCKS = {kind.partition(" ")[2]: body for kind, body in FENCE.findall(PAGE) if "wrong" not in kind}
TYPES = {
    "text": str, "list": list, "whole number": int, "number": (int, Decimal), "yes or no": bool,
    "date and time": datetime, "table": dict,
}  # fmt: skip
OPEN_TABLES = ("[deadlines]", "[cluster]")  # whose keys are assignments, or an engine's own
NOUNS = {  # table of a file -> what its keys become
    ("assignment.toml", "[limits]"): Limits,
    ("assignment.toml", "[[question]]"): Question,
    ("course.toml", "[late]"): LateRule,
    ("course.toml", "[portal]"): Showing,
    ("course.toml", "[sign_in]"): SignIn,
    ("course.toml", "[[component]]"): Component,
    ("course.toml", "[curve.total]"): Curve,
}


@dataclass(frozen=True)
class Key:
    """A row: one key of a table of a TOML file, or one column of a CSV file."""

    file: str
    table: str  # "" at the top of the file, "[limits]", "[[question]]"
    name: str
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file} {self.table} {self.name}".replace("  ", " ")

    @property
    def example(self) -> str:
        return self.cells[2].strip("`")

    @property
    def default(self) -> str | None:
        """As TOML; None where it is not a value that could be written."""
        return self.cells[1].strip("`") if self.cells[1].startswith("`") else None

    @property
    def required(self) -> bool:
        return self.cells[1] == "required"


def read_page() -> tuple[list[Key], list[tuple[Key, str, str]]]:
    """Every row, and every wrong line with what is said of it: (the key's or column's table, line, error)."""
    keys, wrong, file = [], [], ""
    for part in re.split(r"^(?=###? )", PAGE, flags=re.M)[1:]:
        title, _, text = part.partition("\n")
        codes = re.findall(r"`([^`]+)`", title)
        file = codes[-1] if codes else title.removeprefix("## ")
        table = codes[0] if len(codes) == 2 else ""
        for row in re.findall(r"^\| (`.*) \|$", text, re.M):
            name, *cells = row.split(" | ")
            keys.append(Key(file, table, name.strip("`"), tuple(cells)))
        for kind, body in FENCE.findall(text):
            for line in body.splitlines() if "wrong" in kind else ():
                entry, _, says = line.partition(" # ")
                name = entry.partition(" = ")[0]
                wrong.append((Key(file, table, name, ()), entry.rstrip(), says))
    return keys, wrong


KEYS, WRONG = read_page()
TOML = [key for key in KEYS if key.file.endswith(".toml")]
COLUMNS = [key for key in KEYS if key.file.endswith(".csv")]


# ------------------------------------------------------------------------------------------------ the TOML files


def rendered(values: dict[tuple[str, str], str], file: str) -> str:
    """A TOML file of these values, written as they stand: (table, key) -> TOML."""
    tables = sorted({table for table, _ in values})  # "" comes first
    lines = []
    for table in tables:
        lines += [table] if table else []
        lines += [f"{name} = {value}" for (of, name), value in values.items() if of == table]
    if values.get(("[[component]]", "bonus")) == "true":  # on top of what?
        lines += ["[[component]]", 'id = "rest"', 'title = "Rest"', "weight = 100", 'columns = ["rest"]']
    return "\n".join(lines) + "\n"


def smallest(file: str) -> dict[tuple[str, str], str]:
    """The least that a file must hold: what is required, as the page's examples have it."""
    values = {(key.table, key.name): key.example for key in TOML if key.file == file and key.required}
    if file == "course.toml":
        values["[[component]]", "assignments"] = '["a1_mlp"]'
        values["[[component]]", "columns"] = '["exam1", "exam2"]'
        values["[late]", "free_days"] = "1"  # for free_days_each
    return values


@pytest.fixture
def read(tmp_path):
    """A function that reads a file of these values with the real reader; the course has one assignment, a1_mlp."""
    paths = Paths(tmp_path)

    def read(file: str, values: dict[tuple[str, str], str]) -> Course | Assignment:
        texts = {each: rendered(smallest(each), each) for each in ("course.toml", "assignment.toml")}
        texts[file] = rendered(values, file)
        paths.assignment("a1_mlp").mkdir(parents=True, exist_ok=True)
        paths.course_toml.write_text(texts["course.toml"], encoding="utf-8")
        paths.assignment_toml("a1_mlp").write_text(texts["assignment.toml"], encoding="utf-8")
        return read_course(paths) if file == "course.toml" else read_assignment(paths, "a1_mlp")

    return read


def refused(read, file, values) -> str:
    """What the error says behind the name of the file."""
    with pytest.raises(AuthoringError) as caught:
        read(file, values)
    place = {"course.toml": "course.toml", "assignment.toml": "assignments/a1_mlp/assignment.toml"}[file]
    assert str(caught.value).startswith(f"{place}: ")
    return str(caught.value).removeprefix(f"{place}: ")


@pytest.mark.parametrize(
    ("file", "table"), sorted({(key.file, key.table) for key in TOML if key.table not in OPEN_TABLES})
)
def test_a_table_has_the_rows_that_the_reader_knows(read, file, table):
    says = refused(read, file, {**smallest(file), (table, "zzz"): "1"})
    known = says.partition("; known: ")[2].split(", ")
    rows = [key.name for key in TOML if (key.file, key.table) == (file, table)]
    tables = {key.table for key in TOML if key.file == file and key.table and not table}
    below = {name.strip("[]").partition(".")[0] for name in tables}
    assert sorted([*rows, *below]) == sorted(known), f"docs/course_files.md: the table of {file} {table}"


@pytest.mark.parametrize(("of", "noun"), NOUNS.items(), ids=lambda value: str(value))
def test_every_key_is_a_field_and_every_field_a_key(of, noun):
    assert [key.name for key in TOML if (key.file, key.table) == of] == [item.name for item in fields(noun)]


@pytest.mark.parametrize("key", [key for key in TOML if key.required], ids=str)
def test_what_is_required_may_not_be_left_out(read, key):
    values = smallest(key.file)
    del values[key.table, key.name]
    if key.table and not any(table == key.table for table, _ in values):
        values[key.table, "id"] = '"x"'
    assert refused(read, key.file, values).endswith(f"{key.name} is missing")


@pytest.mark.parametrize("key", [key for key in TOML if not key.required], ids=str)
def test_what_is_left_out_has_the_default_of_the_page(read, key):
    values = smallest(key.file)
    if key.name == "assignments":  # one of the two must be there
        values["[[component]]", "columns"] = '["exam1"]'
    values.pop((key.table, key.name), None)
    without = read(key.file, values)
    if key.default is not None:
        assert read(key.file, {**values, (key.table, key.name): key.default}) == without
    else:  # a word for nothing: no limit, all
        noun = NOUNS.get((key.file, key.table))
        assert noun is None or {item.name: item.default for item in fields(noun)}[key.name] is None
    assert read(key.file, {**values, (key.table, key.name): key.example}) != without or key.name == "assignments"


@pytest.mark.parametrize("key", TOML, ids=str)
def test_an_example_is_of_its_type_and_can_be_read(read, key):
    value = tomllib.loads(f"x = {key.example}", parse_float=Decimal)["x"]
    assert isinstance(value, TYPES[key.cells[0]]) and (type(value) is bool) == (key.cells[0] == "yes or no")
    read(key.file, {**smallest(key.file), (key.table, key.name): key.example})


@pytest.mark.parametrize(("key", "line", "says"), [each for each in WRONG if each[0].file.endswith(".toml")],
                         ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_a_wrong_value_is_told_as_on_the_page(read, key, line, says):
    name, _, value = line.partition(" = ")
    assert refused(read, key.file, {**smallest(key.file), (key.table, name): value}) == says


def test_every_key_has_a_wrong_value_on_the_page():
    shown = {(key.file, key.table, key.name) for key, _, _ in WRONG}
    assert [str(key) for key in TOML if (key.file, key.table, key.name) not in shown] == []


# ------------------------------------------------------------------------------------------------ the tables


@pytest.fixture
def folder(tmp_path):
    """The course of the page: its course.toml, two assignments, its tables."""
    paths = Paths(tmp_path)
    for assignment_id in ("a1_mlp", "a2_cnn"):
        paths.assignment(assignment_id).mkdir(parents=True)
        paths.assignment_toml(assignment_id).write_text(BLOCKS["assignment.toml"])
    paths.marks_folder.mkdir()
    paths.manual_csv("a1_mlp").parent.mkdir()
    for name in ("course.toml", *FILES.values()):
        (tmp_path / name).write_text(BLOCKS[name], encoding="utf-8")
    return paths


def read_tables(paths: Paths):
    """Everything that is on the page, read as `grader marks` reads it."""
    course = read_course(paths)
    roster = sheets.read_roster(paths)
    read_staff(paths)
    aliases = sheets.read_aliases(paths, {student.id for student in roster})
    marks = sheets.read_marks(paths, course.columns, course.assignments)
    teams = read_teams(paths, course.assignments, [student.id for student in roster])
    read_deadlines(paths, course, roster, teams)
    sheets.read_manual(paths, read_assignment(paths, "a1_mlp"), [student.id for student in roster])
    return course, roster, aliases, marks, sheets.read_rulings(paths, course.scheme.items)


def test_the_whole_files_of_the_page_are_read(folder):
    course, roster, aliases, marks, rulings = read_tables(folder)
    assert course.deadlines["a1_mlp"].isoformat() == "2026-09-01T23:59:00+05:30"
    assert [student.id for student in roster] == ["cs101", "cs102"] and roster[0].lms_id == "4312"
    assert aliases == {"Bilal K.": ("cs102",), "Team 7": ("cs101", "cs102")}
    assert {item: str(column.max_points) for item, column in marks.items()} == {"exam1": "20", "exam2": "40"}
    assert rulings["cs101", "a1_mlp"].late_minutes == 1590
    assert [question.id for question in read_assignment(folder, "a1_mlp").questions] == ["q1", "q2", "q3"]
    given = sheets.read_manual(folder, read_assignment(folder, "a1_mlp"), ["cs101", "cs102"])
    assert [(mark.student, mark.points, mark.answer) for mark in given] == [
        ("cs101", Decimal("3.5"), "a96c5529167b5"),
        ("cs102", None, "ac70167297ad7"),
    ]


FILES = {  # the file of the page -> one of that kind
    "roster.csv": "roster.csv",
    "staff.csv": "staff.csv",
    "roster_aliases.csv": "roster_aliases.csv",
    "teams.csv": "teams.csv",
    "extensions.csv": "extensions.csv",
    "marks/*.csv": "marks/exams.csv",
    "marks/status.csv": "marks/status.csv",
    "manual/*.csv": "manual/a1_mlp.csv",
}


def complaint(folder: Paths, file: str, text: str) -> str:
    """What is said of this text in place of the file, behind the file's name and the number of the line."""
    (folder.root / file).write_text(text, encoding="utf-8")
    with pytest.raises(AuthoringError) as caught:
        read_tables(folder)
    return re.sub(rf"^{re.escape(file)}, line \d+(, |: )", "", str(caught.value))


@pytest.mark.parametrize("file", FILES)
def test_a_table_has_the_columns_that_the_reader_knows(folder, file):
    header, *rows = BLOCKS[FILES[file]].splitlines()
    says = complaint(folder, FILES[file], "\n".join([f"{header},studentt", *(f"{row}," for row in rows)]))
    columns = [key.name for key in COLUMNS if key.file == file]
    known = set(says.partition("; known: ")[2].split(", ")) - {"exam2"}  # another item
    assert set(columns) == known


@pytest.mark.parametrize("key", [key for key in COLUMNS if key.cells[0] == "yes"], ids=str)
def test_a_column_that_is_needed_may_not_be_left_out(folder, key):
    text = BLOCKS[FILES[key.file]].replace(key.name, "other", 1)
    assert f"no column '{key.name}' in the header" in complaint(folder, FILES[key.file], text)


@pytest.mark.parametrize("key", [key for key in COLUMNS if key.cells[0] == "no"], ids=str)
def test_a_column_that_is_not_needed_may_be_left_out(folder, key):
    file = folder.root / FILES[key.file]
    rows = [line.split(",") for line in BLOCKS[FILES[key.file]].splitlines() if not line.startswith("#")]
    kept = [place for place, name in enumerate(rows[0]) if name != key.name]
    file.write_text("\n".join(",".join(row[place] for place in kept) for row in rows))
    read_tables(folder)


@pytest.mark.parametrize(("key", "line", "says"), [each for each in WRONG if each[0].file.endswith(".csv")],
                         ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_a_wrong_row_is_told_as_on_the_page(folder, key, line, says):
    file = FILES[key.file]
    assert complaint(folder, file, BLOCKS[file] + line + "\n") == says


def test_every_column_that_is_not_free_text_has_a_wrong_row_on_the_page():
    shown = {(key.file, column) for key, _, says in WRONG for column in re.findall(r"^column (\w+)", says)}
    checked = [key for key in COLUMNS if "any text" not in key.cells[-1]]
    assert [str(key) for key in checked if (key.file, key.name) not in shown] == []
