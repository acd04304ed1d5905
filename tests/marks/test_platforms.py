"""Grade files of platforms: the right person's cell, what stands there already, and what is told."""

from __future__ import annotations

import argparse
import csv
import io

import pytest

from grader.commands.publishing import publish
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.marks import export, marksheet
from grader.marks.gradebook import read_gradebook
from grader.marks.platforms import PLATFORMS
from grader.marks.workbook import as_xlsx
from grader.paths import Paths

COURSE = """name = "Small"
[[component]]
id = "work"
title = "Work"
weight = 40
columns = ["quiz"]
[[component]]
id = "final"
title = "Final"
weight = 60
columns = ["exam"]
"""
ROSTER = """student,name,email,lms_id
0042,Wei Zhang,wz1@x.edu,4004
20230000000000123,Zoë Müller,zm@x.edu,4002
cs09,Priya D'Souza,pds@x.edu,4009
cs10,Ann Lee,al@x.edu,4010
"""
MARKS = "student,quiz,exam\nmax,10,100\n0042,9,90\n20230000000000123,5,50\ncs09,1,excused\n"
HEAD = "Identifier,Full name,ID number,Email address,Grade,Maximum Grade\n"
CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section,exam (12)\n,,,,,Manual Posting\n    Points Possible,,,,,100\n"


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "course.toml").write_text(COURSE)
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "m.csv").write_text(MARKS)
    return Paths(tmp_path)


@pytest.fixture
def book(paths):
    return read_gradebook(paths, {})


def fill(book, platform, text, item="exam", header="", codec="utf-8", **options):
    return export.fill(book, {item: header}, text.encode(codec), PLATFORMS[platform], **options)


def cells(filled, column, codec="utf-8", separator=","):
    rows = csv.DictReader(io.StringIO(filled.content.decode(codec)), delimiter=separator)
    return [row[column] for row in rows]


# --- the right person


@pytest.mark.parametrize(
    ("rows", "grades", "why"),
    [
        pytest.param(
            ["Wei Zhang,0042,wz1@x.edu", "Wei Zhang,cs77,other@x.edu"], ["90.00", ""],
            ["Wei Zhang: its name is that of 0042, and the id cs77 is not"], id="a stranger of the same name",
        ),
        pytest.param(
            ["Wei Zhang,,other@x.edu"], [""],
            ["Wei Zhang: its name is that of 0042, and the address other@x.edu is not"], id="alone, by the address",
        ),
        pytest.param(["Wei Zhang,,", "Zhang Wei,,"], ["", ""], ["Wei Zhang: 2 rows", "Zhang Wei: 2 rows"], id="twice"),
        pytest.param(["Wei Zhang,42,"], [""], ["Wei Zhang: its name is that of 0042, and the id 42"], id="zeros lost"),
        pytest.param(["Ann Lee,0042,"], [""], ["Ann Lee: its id is that of 0042, its name that of cs10"], id="mixed"),
        pytest.param(["Priya DSouza,,PDS@x.edu"], [""], [], id="excused leaves the cell"),
        pytest.param(['"Zhang, Wei",,'], ["90.00"], [], id="a name alone"),
    ],
)  # fmt: skip
def test_a_row_of_a_worksheet_is_its_owners_or_nobodys(book, rows, grades, why):
    text = HEAD + "".join(f"Participant {number},{row},,100\n" for number, row in enumerate(rows, 1))
    filled = fill(book, "moodle", text)
    assert cells(filled, "Grade") == grades
    assert [said[: len(reason)] for said, reason in zip(filled.unmatched, why, strict=True)] == why
    pages = export.moodle_participants(book, text.encode())
    assert set(pages) <= {"0042", "cs09"} and len(pages) == len(rows) - len(why)


def test_who_is_known_by_the_name_alone_is_said(book):
    assert "known by the name alone: Wei Zhang" in fill(book, "moodle", HEAD + "Participant 1,Wei Zhang,,,,100\n").notes


def test_an_alias_settles_whose_a_row_is(paths):
    paths.roster_aliases_csv.write_text("alias,student\ncs77,0042\n")
    filled = fill(read_gradebook(paths, {}), "moodle", HEAD + "Participant 1,Wei Zhang,cs77,,,100\n")
    assert cells(filled, "Grade") == ["90.00"]


def test_canvas_tells_people_of_one_name_apart_and_leaves_its_own_student_alone(book):
    text = CANVAS + (
        '"Zhang, Wei",4004,0042,wz1,S1,\n"Zhang, Wei",4777,cs77,wz77,S2,88.00\n"Müller, Zoë",4002,,zm,S1,\n'
        '"Student, Test",4999,,5f2b7c8d9e0a1b2c3d4e5f60718293a4b5c6d7e8,S1,\n'
    )
    filled = fill(book, "canvas", text)
    assert cells(filled, "exam (12)")[2:] == ["90.00", "88.00", "50.00", ""]
    assert filled.unmatched == ("Zhang, Wei: its name is that of 0042, and the number 4777 is not",)


def test_canvas_with_its_own_student_alone_needs_nobody(paths, book):
    into = paths.root / "canvas.csv"
    into.write_text(CANVAS + '"Zhang, Wei",4004,,,S1,\n"Student, Test",4999,,,S1,\n')
    assert publish(paths, book, {}, wanted(paths, export="canvas", item=["exam"], into=into)) == DONE


# --- what stands there already


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("55,00", "55,00", "cs10: exam missing; 55,00 in the file stays"),
        ("", "", "cs10: exam missing; left empty"),
    ],
)
def test_a_mark_in_the_file_is_not_emptied(book, before, after, says):
    filled = fill(book, "moodle", HEAD + f'Participant 4,Ann Lee,cs10,,"{before}","100,00"\n')
    assert (cells(filled, "Grade"), filled.notes, filled.changes) == ([after], (says,), ())


def test_what_was_not_handed_in_is_a_zero_where_that_is_asked_for(book):
    filled = fill(book, "moodle", HEAD + "Participant 4,Ann Lee,cs10,,,100\n", missing_as_zero=True)
    assert (cells(filled, "Grade"), filled.notes) == (["0.00"], ())


def test_a_grade_is_written_as_the_platform_writes_its_own_and_left_where_it_is_the_same(book):
    rows = 'Participant 1,Wei Zhang,0042,,"90,0","100,00"\nParticipant 2,Zoë Müller,20230000000000123,,,"100,00"\n'
    filled = fill(book, "moodle", HEAD + rows)
    assert cells(filled, "Grade") == ["90,0", "50,00"]
    assert [(each.student, each.before, each.after) for each in filled.changes] == [("20230000000000123", "", "50,00")]


def wanted(paths, **options):
    plain = {"item": None, "into": None, "out": paths.root / "out", "column": [], "allow_deferred": False}
    return argparse.Namespace(**{**plain, "diff": False, "missing_zero": False, **options})


def test_a_dry_run_shows_what_would_change_and_writes_nothing(paths, book, capsys):
    into = paths.root / "moodle.csv"
    into.write_text(HEAD + "Participant 1,Wei Zhang,0042,,7,100\nParticipant 2,Who Ever,,,,100\n")
    before = into.read_bytes()
    code = publish(paths, book, {}, wanted(paths, export="moodle", item=["exam"], into=into, diff=True, out=None))
    said = capsys.readouterr()
    assert code == NEEDS_A_PERSON and "nobody's row, left as it is: Who Ever" in said.err
    assert "0042     Grade        7  90.00" in said.out and "1 cells would change; nothing was written" in said.out
    assert into.read_bytes() == before and not (paths.root / "out").exists()
    with pytest.raises(UsageError, match="--diff compares with a platform's file"):
        publish(paths, book, {}, wanted(paths, export="csv", diff=True))


# --- the total


def test_the_total_is_exported_as_an_item_is(paths, book):
    filled = fill(book, "moodle", HEAD + "Participant 1,Wei Zhang,0042,,,50\n", "total")
    assert cells(filled, "Grade") == ["45.00"]
    with pytest.raises(UsageError, match="there is: quiz, exam, total"):
        publish(paths, book, {}, wanted(paths, export="csv", item=["totals"]))


# --- other forms, other platforms


def test_a_german_worksheet_in_utf_16_with_tabs_comes_back_in_its_form(book):
    head = ["ID", "Vollständiger Name", "ID-Nummer", "Bewertung", "Bestwertung", "Bewertung kann geändert werden"]
    text = "\t".join(head) + "\r\nTeilnehmer/in7\tWei Zhang\t0042\t\t100,00\tJa\r\n"
    text += "Teilnehmer/in8\tZoë Müller\t20230000000000123\t\t100,00\tNein\r\n"
    filled = fill(book, "moodle", text, codec="utf-16")
    assert cells(filled, "Bewertung", "utf-16", "\t") == ["90,00", ""]
    assert [change.column for change in filled.changes] == ["Bewertung"]
    assert filled.content == text.replace("\t\t100,00\tJa", "\t90,00\t100,00\tJa").encode("utf-16")


def test_blackboard_takes_its_own_file_back(book):
    head = '"Last Name"\t"First Name"\t"Username"\t"exam [Total Pts: 50 Score] |118854"\r\n'
    text = head + '"Zhang"\t"Wei"\t"wz1"\t""\r\n"Zhang"\t"Wei"\t"wz9"\t"3"\r\n'
    filled = fill(book, "blackboard", text, codec="utf-16")
    assert cells(filled, "exam [Total Pts: 50 Score] |118854", "utf-16", "\t") == ["45.00", "3"]
    assert len(filled.unmatched) == 1
    with pytest.raises(UsageError, match="no Blackboard column is titled quiz; .* there is: exam .Total Pts: 50"):
        fill(book, "blackboard", text, "quiz", codec="utf-16")


def test_brightspace_takes_its_own_file_back(book):
    head = "OrgDefinedId,Username,exam Points Grade <Numeric MaxPoints:10 Weight:5>,End-of-Line Indicator\n"
    filled = fill(book, "brightspace", head + "#0042,#wz1,,#\n#cs77,#other,4,#\n")
    assert cells(filled, "exam Points Grade <Numeric MaxPoints:10 Weight:5>") == ["9.00", "4"]
    with pytest.raises(UsageError, match="the maximum in 'exam Points Grade': expected a number"):
        fill(book, "brightspace", "Username,exam Points Grade,End-of-Line Indicator\nwz1,,#\n")


def test_a_table_for_platforms_that_take_no_file(book):
    rows = list(export.rows_of_points(book, ["exam"], missing_as_zero=False))
    assert rows[0] == ["Last Name", "First Name", "Email Address", "exam (100)"]
    assert rows[1:3] == [["Zhang", "Wei", "wz1@x.edu", "90.00"], ["Müller", "Zoë", "zm@x.edu", "50.00"]]
    assert [row[-1] for row in rows[3:]] == ["", ""]


# --- files for spreadsheets


def test_a_workbook_keeps_ids_as_text_and_is_the_same_bytes_twice(book):
    openpyxl = pytest.importorskip("openpyxl")
    made = as_xlsx(marksheet.as_csv(book))
    rows = list(openpyxl.load_workbook(io.BytesIO(made))["marks"].values)
    assert [row[0] for row in rows[1:3]] == ["0042", "20230000000000123"]
    assert rows[1][rows[0].index("exam_percent")] == 90.0
    assert as_xlsx(marksheet.as_csv(book)) == made


def test_a_table_has_the_mark_that_excel_needs_where_it_needs_one():
    assert marksheet.for_excel("name\nAnn\n") == b"name\nAnn\n"
    assert marksheet.for_excel("name\nZoë\n").decode("utf-8-sig") == "name\nZoë\n"
    assert marksheet.for_excel("name\nZoë\n").startswith(b"\xef\xbb\xbf")


# --- the tables of marks


@pytest.mark.parametrize(
    ("ids", "totals", "strangers"),
    [
        pytest.param(("0042", "cs09"), ["40.00", "60.00"], [], id="as they are"),
        pytest.param(("0042", "CS09"), ["40.00", "60.00"], [], id="another case"),
        pytest.param(("42", "cs09"), ["None", "60.00"], ["42 (did you mean '0042'?)"], id="zeros lost: open, no zero"),
        pytest.param(("0042", "cs08"), ["40.00", "0.00"], ["cs08"], id="another number is nobody's"),
    ],
)
def test_an_id_that_a_spreadsheet_spoilt_never_costs_a_total(paths, ids, totals, strangers):
    paths.roster_csv.write_text("student,name\n0042,Wei\ncs09,Priya\n")
    (paths.marks_folder / "m.csv").write_text(f"student,quiz,exam\nmax,10,100\n{ids[0]},4,40\n{ids[1]},6,60\n")
    book = read_gradebook(paths, {})
    assert [str(line.mark.total) for line in book.lines] == totals
    assert [f"{person.id}{person.hint}" for person in book.strangers] == strangers


# --- wider rules


@pytest.fixture
def wide(paths):
    """A course of two groups with extra credit, a bonus and a curve; the quiz of graduates is none of the others'."""
    groups = {"0042": "graduates", "20230000000000123": "others", "cs09": "others", "cs10": "graduates"}
    (paths.root / "roster.csv").write_text(
        "".join(f"{line},{groups.get(line.split(',')[0], 'group')}\n" for line in ROSTER.splitlines()), encoding="utf-8"
    )
    part = 'id = "{}"\ntitle = "{}"\nweight = {}\ncolumns = ["{}"]\n'
    parts = [
        part.format("work", "Work", 40, "quiz") + 'groups = ["graduates"]\n',
        part.format("oral", "Oral", 40, "talk") + 'groups = ["others"]\n',
        part.format("final", "Final", 60, "exam") + "cap = 110\n",
        part.format("extra", "Extra", 5, "challenge") + "bonus = true\n",
    ]
    curve = "[curve.exam]\nadd = 5\n[curve.total]\nat_most = 100\n"
    (paths.root / "course.toml").write_text('name = "Wide"\n[[component]]\n' + "[[component]]\n".join(parts) + curve)
    rows = [
        "student,quiz,talk,exam,challenge",
        "max,10,10,100,5",
        "0042,9,,104,5",
        "20230000000000123,,5,50,",
        "cs09,,8,90,1",
    ]
    (paths.root / "marks" / "m.csv").write_text("\n".join(rows))
    return read_gradebook(paths, {})


def test_what_is_not_in_the_scheme_of_a_group_leaves_its_cell_as_it_is(wide):
    rows = ["Participant 1,Wei Zhang,0042,wz1@x.edu,3,10", "Participant 2,Zoë Müller,,zm@x.edu,7.00,10",
            "Participant 3,Priya D'Souza,cs09,,,10"]  # fmt: skip
    filled = fill(wide, "moodle", HEAD + "\n".join(rows), item="quiz")
    assert cells(filled, "Grade") == ["9.00", "7.00", ""]
    assert "20230000000000123: quiz is not in the scheme of that group; 7.00 in the file stays" in filled.notes
    assert "cs09: quiz is not in the scheme of that group; left empty" in filled.notes


def test_extra_credit_is_exported_and_what_is_above_a_maximum_is_said(wide):
    rows = ["Wei Zhang,4004,0042,,A,", "Zoë Müller,4002,,,A,", "Priya D'Souza,4009,cs09,,A,"]
    filled = fill(wide, "canvas", CANVAS + "\n".join(rows))
    assert cells(filled, "exam (12)")[2:] == ["109.00", "55.00", "95.00"]
    assert filled.notes[0].startswith("0042: exam is 109.00, above the maximum of 100; does the platform take that?")
    assert fill(wide, "canvas", CANVAS + "\n".join(rows)).content == filled.content
    again = export.fill(wide, {"exam": ""}, filled.content, PLATFORMS["canvas"])
    assert (again.content, again.changes) == (filled.content, ())


def test_totals_of_two_groups_with_curve_and_bonus(wide):
    rows = ["Participant 1,Wei Zhang,0042,wz1@x.edu,,100", "Participant 2,Zoë Müller,,zm@x.edu,,100",
            "Participant 3,Priya D'Souza,cs09,,,100"]  # fmt: skip
    filled = fill(wide, "moodle", HEAD + "\n".join(rows), item="total")
    assert cells(filled, "Grade") == ["100.00", "53.00", "90.00"]
    for view in (marksheet.as_csv, marksheet.as_json, marksheet.as_table):
        assert view(wide) == view(wide)
    assert as_xlsx(marksheet.as_csv(wide)) == as_xlsx(marksheet.as_csv(wide))


# --- what is certain of a file that somebody's hand or another language wrote


BLACKBOARD_HEAD = "Last Name\tFirst Name\tUsername\texam [Total Pts: 50 Score] |1\tquiz [Total Pts: 10 Score] |2\r\n"
BRIGHTSPACE_HEAD = "Username,exam Points Grade <Numeric MaxPoints:10 Weight:5>,End-of-Line Indicator\n"


@pytest.mark.parametrize(
    ("platform", "text", "column", "after"),
    [
        pytest.param("blackboard", BLACKBOARD_HEAD + "Z\tW\twz1\t\t\r\nX\tY\twz9\t7,5\t\r\n", 3, "45,00", id="a comma"),
        pytest.param("blackboard", BLACKBOARD_HEAD + "Z\tW\twz1\t\t\r\nX\tY\twz9\t\t7,5\r\n", 3, "45,00", id="beside"),
        pytest.param("blackboard", BLACKBOARD_HEAD + "Z\tW\twz1\t\t7.5\r\nX\tY\twz9\t7,5\t\r\n", 3, "45.00", id="both"),
        pytest.param("blackboard", BLACKBOARD_HEAD + "Z\t7,5\twz1\t\t\r\n", 3, "45.00", id="no number of theirs"),
        pytest.param("blackboard", BLACKBOARD_HEAD + "Z\tW\twz1\t\t\r\nX\tY\twz9\t1,000\t\r\n", 3, "45.00", id="1000?"),
        pytest.param("brightspace", BRIGHTSPACE_HEAD + '#wz1,,#\n#wz9,"7,5",#\n', 1, "9,00", id="Brightspace"),
        pytest.param("brightspace", BRIGHTSPACE_HEAD.replace("10 W", "12.5 W") + "#wz1,,#\n", 1, "11.25", id="heading"),
        pytest.param("canvas", CANVAS + '"Zhang, Wei",4004,,,A,\n"Who",4777,,,A,"7,5"\n', 5, "90,00", id="Canvas"),
        pytest.param("moodle", HEAD + 'P 1,W,0042,,,100\nP 2,Who,,,"7,5",100\n', 4, "90,00", id="Moodle"),
    ],
)  # fmt: skip
def test_marks_are_written_with_the_decimal_mark_of_the_files_own_numbers(book, platform, text, column, after):
    filled = fill(book, platform, text)
    (change,) = filled.changes
    assert change.after == after
    rows = list(csv.reader(io.StringIO(filled.content.decode()), delimiter="\t" if platform == "blackboard" else ","))
    assert after in [row[column] for row in rows]


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("moodle", HEAD.replace("m Grade", "m grade").replace("ID number", "ID Number") + "P 1,W,0042,,,100\n"),
        ("moodle", HEAD.upper().replace(",", ";") + "P 1;W;0042;;;100\n"),
        ("moodle", "ID;vollständiger name;id-nummer;bewertung;BESTWERTUNG\nP 1;W;0042;;100\n"),
        ("canvas", CANVAS.replace("Student,ID,SIS User ID", "STUDENT,Id,sis user id") + "Wei Zhang,1,0042,,A,\n"),
        ("blackboard", BLACKBOARD_HEAD.replace("name", "Name").replace(" Pts", " pts") + "\t\twz1\t\t\n"),
        ("brightspace", BRIGHTSPACE_HEAD.replace("User", "user").replace("Points G", "points g") + "#wz1,,#\n"),
    ],
)  # fmt: skip
def test_headings_of_platforms_are_found_whatever_their_capitals(book, platform, text):
    filled = fill(book, platform, text)
    assert [change.student for change in filled.changes] == ["0042"]
    assert filled.content.decode().splitlines()[0] == text.splitlines()[0]


def test_two_headings_that_differ_in_capitals_alone_are_told_apart(book):
    filled = fill(book, "moodle", HEAD.replace("Identifier", "Identifier,GRADE") + "P 1,x,W,0042,,,100\n")
    assert cells(filled, "Grade") == ["90.00"]
    with pytest.raises(UsageError, match="has no column 'Grade'"):
        fill(book, "moodle", HEAD.replace("Grade,", "GRADE,grade,") + "P 1,W,0042,,,,100\n")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("exam", None), ("EXAM [Total", None), ("quiz ", None),
        ("e", None), ("Last", "has no column 'Last'; there is"), ("", "no Blackboard column is titled essay"),
    ],
)  # fmt: skip
def test_the_beginning_of_a_platforms_column_will_do(book, header, says):
    text = BLACKBOARD_HEAD + "Zhang\tWei\twz1\t\t\r\n"
    if says:
        with pytest.raises(UsageError, match=says):
            fill(book, "blackboard", text, "exam" if header else "essay", header)
    else:
        (change,) = fill(book, "blackboard", text, header=header).changes
        assert change.column.startswith("quiz" if header.startswith("q") else "exam")


def test_a_beginning_of_two_columns_is_refused_with_both_and_a_whole_title_is_not(book):
    head = CANVAS.replace("exam (12)", "exam (12),exam II (13),exam 2 (14),exam 2 (15)")
    text = head.replace(",100", ",100,100,100,100") + "Wei Zhang,4004,,,A,,,,\n"
    with pytest.raises(UsageError, match=r"2 columns that 'exam 2' could mean: exam 2 \(14\), exam 2 \(15\)"):
        fill(book, "canvas", text, header="exam 2")
    with pytest.raises(UsageError, match="4 columns that 'ex' could mean"):
        fill(book, "canvas", text, header="ex")
    assert [change.column for change in fill(book, "canvas", text, header="EXAM").changes] == ["exam (12)"]
    assert [change.column for change in fill(book, "canvas", text, header="exam I").changes] == ["exam II (13)"]


@pytest.mark.parametrize("maximum", ["(read only)", "(Read Only)"])
def test_a_column_that_canvas_calculates_is_refused_as_that_column(book, maximum):
    text = CANVAS.replace(",100", f",{maximum}") + "Wei Zhang,4004,,,A,\n"
    with pytest.raises(UsageError, match=r"^the Canvas column 'exam \(12\)' is read only"):
        fill(book, "canvas", text)
    with pytest.raises(UsageError, match=r"^Points Possible of exam \(12\): expected a number, got 'lots'"):
        fill(book, "canvas", text.replace(maximum, "lots"))


def test_excused_is_understood_whatever_its_capitals_and_as_canvas_writes_it(paths):
    (paths.marks_folder / "m.csv").write_text(MARKS.replace("0042,9,90", "0042,Excused,EX").replace(",5,50", ",5,ex"))
    (paths.marks_folder / "status.csv").write_text("student,item,status,reason\ncs10,EXAM,EXCUSED,ill\n")
    states = {
        line.student.id: [item.entry.state.value for item in line.mark.items]
        for line in read_gradebook(paths, {}).lines
    }
    assert states == {
        "0042": ["excused", "excused"], "20230000000000123": ["graded", "excused"], "cs09": ["graded", "excused"],
        "cs10": ["missing", "excused"],
    }  # fmt: skip
