"""Publishing: the platform's own file comes back filled in, and nothing else in it has changed."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path

import pytest

from grader.commands.publishing import publish
from grader.errors import UsageError
from grader.marks import export
from grader.marks.gradebook import Gradebook, read_gradebook
from grader.marks.platforms import PLATFORMS
from grader.paths import Paths

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


def test_results_for_gradescope_carry_every_check(paths):
    from test_gradebook import ALL, attempt

    from grader.commands.publishing import results_document
    from grader.course.config import read_assignment
    from grader.paths import PACKAGE

    made = attempt("s1", failed=ALL[:1])
    page = json.loads(json.dumps(results_document(read_assignment(Paths(PACKAGE.parent), "a1_mlp"), made)))
    assert page["score"] == float(made.points) and page["max_score"] == 100
    assert [test["status"] for test in page["tests"]] == ["failed"] + ["passed"] * (len(made.results) - 1)
    assert {test["visibility"] for test in page["tests"]} == {"after_published"}


def test_nobody_shares_a_folder_for_gradescope(tmp_path):
    from test_gradebook import attempt

    from grader.commands.publishing import publish_results
    from grader.paths import PACKAGE

    students = ["j smith", "j_smith", "j+smith", "J_SMITH"]
    attempts = {(student, "a1_mlp"): attempt(student) for student in students}
    publish_results(Paths(PACKAGE.parent), ["a1_mlp"], attempts, tmp_path)
    assert len(list((tmp_path / "a1_mlp").glob("*/results.json"))) == len(students)
