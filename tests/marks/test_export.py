"""Publishing: the platform's own file comes back filled in, and nothing else in it has changed."""

from __future__ import annotations

import argparse
import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from test_gradebook import A1_TOML, ALL, attempt

from grader.commands.gradescope_results import results_document
from grader.commands.publishing import publish
from grader.course.config import read_assignment
from grader.errors import UsageError
from grader.marks import export
from grader.marks.gradebook import Gradebook, read_gradebook
from grader.marks.platforms import PLATFORMS
from grader.paths import PACKAGE, Paths

COURSE = """
name = "Small"
[[component]]
id = "work"
title = "Work"
weight = 100
columns = ["quiz", "essay"]
"""
ROSTER = """student,name,email,lms_id
s1,Ada Lovelace,ada@example.org,101
s2,Émile Zola,emile@example.org,102
s3,"Nguyễn Văn A",nguyen@example.org,103
s4,Rosa Parks,rosa@example.org,104
s5,=Eve(),eve@example.org,105
"""
MARKS = """student,quiz,essay
max,8,50
s1,5,41.25
s2,0,excused
s3,,10
s4,integrity,50
s5,8,50
"""
MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (grade),Feedback comments\r\n"
    'Participant 7,"Ada Lovelace",ada@example.org,"Submitted, late",,10.00,Yes,-,\r\n'
    "Participant 8,Émile Zola,emile@example.org,Submitted,3.00,10.00,Yes,-,<p>old</p>\r\n"
    "Participant 9,Nguyễn Văn A,nguyen@example.org,No submission,,10.00,Yes,-,\r\n"
    "Participant 10,Rosa Parks,rosa@example.org,Submitted,,10.00,No,-,\r\n"
    "Participant 11,Who Ever,who@example.org,Submitted,9.00,10.00,Yes,-,\r\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,quiz (12),Essay One (13),Current Score\n"
    "    Points Possible,,,,,20,100,(read only)\n"
    '"Lovelace, Ada",101,,,A,,,70\n'
    '"Zola, Émile",102,,,A,,,\n'
    '"Nguyễn Văn A",103,,,A,,,\n'
    '"Parks, Rosa",104,,,A,,,\n'
    '"Ever, Who",999,,,A,7,,\n'
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "course.toml").write_text(COURSE)
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "marks.csv").write_text(MARKS)
    return Paths(tmp_path)


@pytest.fixture
def book(paths: Paths) -> Gradebook:
    return read_gradebook(paths, {})


def fill_moodle(book: Gradebook, item: str, worksheet: str) -> export.Filled:
    return export.fill(book, {item: ""}, worksheet.encode(), PLATFORMS["moodle"])


def fill_canvas(book: Gradebook, items: dict[str, str], table: str) -> export.Filled:
    return export.fill(book, items, table.encode(), PLATFORMS["canvas"])


def text_of(filled: export.Filled) -> str:
    return filled.content.decode()


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_moodle_worksheet_comes_back_with_its_grades_and_nothing_else_changed(book):
    filled = fill_moodle(book, "quiz", MOODLE)
    before, after = rows_of(MOODLE), rows_of(text_of(filled))
    grade = before[0].index("Grade")
    assert [row[grade] for row in after[1:]] == ["6.25", "0.00", "", "", "9.00"]
    for old, new in zip(before, after, strict=True):
        assert old[:grade] + old[grade + 1 :] == new[:grade] + new[grade + 1 :]
    assert text_of(filled).startswith("\ufeff") and text_of(filled).count("\r\n") == MOODLE.count("\r\n")
    assert filled.notes == ("s3: quiz missing; left empty", "s4: Moodle has locked this grade; left as it is")
    assert filled.unmatched == ("Who Ever",)


def test_a_canvas_gradebook_tells_zero_missing_and_excused_apart(book):
    filled = fill_canvas(book, {"quiz": "", "essay": "Essay One (13)"}, CANVAS)
    cells = {row[0]: row[5:7] for row in rows_of(text_of(filled))[2:]}
    assert cells == {
        "Lovelace, Ada": ["12.50", "82.50"],
        "Zola, Émile": ["0.00", "EX"],
        "Nguyễn Văn A": ["", "20.00"],
        "Parks, Rosa": ["0.00", "100.00"],
        "Ever, Who": ["7", ""],
    }
    assert rows_of(text_of(filled))[1] == rows_of(CANVAS)[1]
    assert filled.unmatched == ("Ever, Who",)


def test_filling_twice_changes_nothing(book):
    once = fill_canvas(book, {"quiz": ""}, CANVAS)
    again = fill_canvas(book, {"quiz": ""}, text_of(once))
    assert (again.content, again.changes) == (once.content, ())
    once = fill_moodle(book, "quiz", MOODLE)
    again = fill_moodle(book, "quiz", text_of(once))
    assert (again.content, again.changes) == (once.content, ())


def test_a_semicolon_stays_a_semicolon(book):
    filled = fill_moodle(book, "quiz", MOODLE.replace('"Submitted, late"', "Late").replace(",", ";"))
    assert text_of(filled).splitlines()[1].split(";")[4] == "6.25"


def test_people_with_one_name_are_not_guessed(paths):
    paths.roster_csv.write_text("student,name\ns1,Ada Lovelace\ns2,Ada Lovelace\n")
    (paths.marks_folder / "marks.csv").write_text("student,quiz,essay\nmax,8,50\ns1,5,1\n")
    filled = fill_moodle(read_gradebook(paths, {}), "quiz", MOODLE)
    assert "Ada Lovelace: 2 students fit" in filled.unmatched


@pytest.mark.parametrize(
    ("fill", "says"),
    [
        (lambda book: fill_moodle(book, "quiz", "a,b\n1,2\n"), "has no column 'Identifier'"),
        (lambda book: fill_moodle(book, "quiz", ""), "there is: nothing"),
        (
            lambda book: fill_moodle(book, "quiz", MOODLE.replace("10.00", "ten")),
            "Maximum Grade: expected a number",
        ),
        (lambda book: fill_canvas(book, {"essay": ""}, CANVAS), "no Canvas column is titled essay"),
        (lambda book: fill_canvas(book, {"essay": "E (9)"}, CANVAS), "has no column 'E (9)'"),
        (
            lambda book: fill_canvas(book, {"quiz": ""}, CANVAS.replace("Points", "P")),
            "no row 'Points Possible'",
        ),
    ],
)
def test_a_file_that_is_not_the_platforms_says_what_is_wrong(book, fill, says):
    with pytest.raises(UsageError, match=says.replace("(", r"\(").replace(")", r"\)")):
        fill(book)


def wanted(paths: Paths, **options: object) -> argparse.Namespace:
    plain = {"item": None, "into": None, "out": paths.root / "out", "column": [], "allow_deferred": False}
    plain |= {"diff": False, "missing_zero": False}
    return argparse.Namespace(**{**plain, **options})


def test_nothing_is_published_while_a_mark_is_still_to_come(paths):
    (paths.marks_folder / "marks.csv").write_text("student,quiz,essay\nmax,8,50\ns1,5,\n")
    book = read_gradebook(paths, {})
    with pytest.raises(UsageError, match=r"5 marks are not there yet: s1 \(essay\)"):
        publish(paths, book, {}, wanted(paths, export="csv"))
    assert not (paths.root / "out").exists()
    assert publish(paths, book, {}, wanted(paths, export="csv", allow_deferred=True)) == 0
    assert publish(paths, book, {}, wanted(paths, export="csv", item=["quiz"])) == 0


def test_a_workbook_holds_numbers_and_no_formula(paths, book):
    openpyxl = pytest.importorskip("openpyxl")
    publish(paths, book, {}, wanted(paths, export="xlsx", out=paths.root / "marks.xlsx"))
    sheet = openpyxl.load_workbook(paths.root / "marks.xlsx")["marks"]
    rows = list(sheet.iter_rows())
    assert rows[1][3].value == 62.5
    names = [row[1] for row in rows]
    assert all(cell.data_type != "f" for cell in names) and names[5].value == "'=Eve()"


def test_a_platform_file_is_asked_for(paths, book):
    with pytest.raises(UsageError, match="add --into FILE"):
        publish(paths, book, {}, wanted(paths, export="canvas"))


@pytest.mark.parametrize(("text", "value"), [("100", "100"), ("100,00", "100"), (" 10.5 ", "10.5"), ("10,00000", "10")])
def test_a_maximum_is_read_with_either_mark(text, value):
    assert export.number_of(text, "here") == Decimal(value)


@pytest.mark.parametrize("text", ["1,000", "1.000,00", "lots", "0", "-5", "nan"])
def test_a_maximum_that_is_not_certain_is_refused(text):
    with pytest.raises(UsageError, match="^here: expected a number"):
        export.number_of(text, "here")


def test_results_for_gradescope_carry_every_check(paths):
    made = attempt("s1", failed=ALL[:1])
    page = json.loads(json.dumps(results_document(read_assignment(Paths(PACKAGE.parent), "a1_mlp"), made)))
    assert page["score"] == float(made.points) and page["max_score"] == 100
    assert [test["status"] for test in page["tests"]] == ["failed"] + ["passed"] * (len(made.results) - 1)
    assert {test["visibility"] for test in page["tests"]} == {"after_published"}


GRADED = """
name = "C"
[[component]]
id = "work"
title = "Work"
weight = 100
assignments = ["a1_mlp"]
columns = ["quiz"]
"""


def graded_course(folder: Path, students: list[str], status: str = "") -> Paths:
    """A course of one assignment, worth 56 points, and a quiz."""
    paths = Paths(folder)
    paths.assignment("a1_mlp").mkdir(parents=True)
    paths.assignment_toml("a1_mlp").write_text(A1_TOML)
    (folder / "course.toml").write_text(GRADED)
    (folder / "roster.csv").write_text("student,name\n" + "".join(f"{student},\n" for student in students))
    (folder / "marks").mkdir()
    (folder / "marks" / "quiz.csv").write_text("student,quiz\nmax,10\n" + "".join(f"{each},5\n" for each in students))
    (folder / "marks" / "status.csv").write_text(f"student,item,status,reason\n{status}")
    return paths


def results(paths: Paths, attempts: dict, **options: object) -> dict[str, dict]:
    """The results for Gradescope that are written, by the name of the folder."""
    book = read_gradebook(paths, attempts)
    publish(paths, book, attempts, wanted(paths, export="gradescope", **options))
    return {file.parent.name: json.loads(file.read_text()) for file in paths.root.glob("out/a1_mlp/*/results.json")}


def test_nobody_shares_a_folder_for_gradescope(tmp_path):
    students = ["j smith", "j_smith", "j+smith", "J_SMITHS"]
    attempts = {(student, "a1_mlp"): attempt(student) for student in students}
    assert len(results(graded_course(tmp_path, students), attempts)) == len(students)


def test_gradescope_gets_the_mark_that_counts(tmp_path, capsys):
    students = ["fair", "copied", "ill", "late", "away"]
    status = "copied,a1_mlp,integrity,board of 3 May\nill,a1_mlp,excused,doctor\nlate,a1_mlp,late_hours=30,mail\n"
    paths = graded_course(tmp_path, students, status)
    (tmp_path / "course.toml").write_text(GRADED + "[late]\nper_day = 10\n")
    attempts = {(student, "a1_mlp"): attempt(student) for student in (*students[:-1], "stranger")}
    found = results(paths, attempts, item=["a1_mlp"])
    assert {name: page["score"] for name, page in found.items()} == {"fair": 56.0, "copied": 0.0, "late": 44.8}
    assert found["late"]["output"].startswith("56 of 56 points = 100.00 %; 2 days late: 20.00 off = 80.00 %")
    assert "integrity" in found["copied"]["output"] and "= 100.00 %" not in found["fair"]["output"]
    said = capsys.readouterr().err
    for who, why in (("ill", "excused"), ("away", "missing"), ("stranger", "not on the roster")):
        assert f"{who} (a1_mlp): {why}; left out" in said
    assert results(paths, attempts, missing_zero=True)["away"]["score"] == 0


@pytest.mark.parametrize("item", ["quiz", "total"])
def test_gradescope_takes_assignments_alone(tmp_path, item):
    paths = graded_course(tmp_path, ["s1"])
    with pytest.raises(UsageError, match="Gradescope's results are those of an assignment: --item a1_mlp"):
        results(paths, {("s1", "a1_mlp"): attempt("s1")}, item=[item])
