"""Tables as spreadsheets leave them: read where they are certain, and a sentence where they are not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from grader.course.config import did_you_mean
from grader.course.roster_tables import students_of
from grader.course.sheets import Student, read_aliases, read_marks, read_roster, read_rulings
from grader.course.spreadsheet_ids import may_be
from grader.course.tables import decoded, number
from grader.errors import AuthoringError
from grader.paths import Paths

MARKS = "student,name,quiz,essay\nmax,,10,100\ncs01,Zo\u00eb,7.5,66.5\ncs02,Ann,1,50\n"
ROSTER = "student,name,email\ncs01,Zo\u00eb M\u00fcller,a@x\ncs02,Ann Lee,b@x\n"
SEMICOLONS = MARKS.replace(",", ";").replace(".", ",")


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "marks").mkdir()
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return Paths(tmp_path)


def marks(paths, raw):
    (paths.marks_folder / "m.csv").write_bytes(raw)
    columns = read_marks(paths, ["quiz", "essay"], [], [Student("cs01"), Student("cs02")])
    return {name: {who: entry.points for who, entry in column.entries.items()} for name, column in columns.items()}


PEOPLE = [Student("42", "Jurgen Muller", "j@x"), Student("0042", "Jürgen Müller", "jm@x"), Student("7", "Wei Zhang")]


@pytest.mark.parametrize(
    ("row", "whose"),
    [
        ("42,Jürgen Müller,", "0042"),
        ('42,"Müller, Jürgen",', "0042"),
        ("42,,JM@x", "0042"),
        ("7,jurgen MULLER,", "42"),
        ("0042,,j@x", "42"),
    ],
)
def test_a_row_with_the_name_or_the_address_of_somebody_else_is_refused(paths, row, whose):
    (paths.marks_folder / "m.csv").write_text(f"student,name,email,quiz\nmax,,,10\n{row},5\n")
    with pytest.raises(
        AuthoringError, match=rf"line 3, column (name|email): .* is {whose} on the roster, and the row's"
    ):
        read_marks(paths, ["quiz"], [], PEOPLE)


@pytest.mark.parametrize(
    "row", ["42,Jurgen,j@x", "42,Muller Jurgen,", "7,Wei Zhang,other@x", "0042,,", "99,Wei Zhang,j@x"]
)
def test_a_row_in_which_nothing_is_anybody_elses_is_its_ids(paths, row):
    (paths.marks_folder / "m.csv").write_text(f"student,name,email,quiz\nmax,,,10\n{row},5\n")
    assert list(read_marks(paths, ["quiz"], [], PEOPLE)["quiz"].entries) == [row.partition(",")[0]]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(MARKS.encode("utf-8-sig"), id="a byte order mark"),
        pytest.param(MARKS.encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xfe\xff" + MARKS.encode("utf-16-be"), id="UTF-16, the other end first"),
        pytest.param(SEMICOLONS.encode(), id="semicolons and decimal commas"),
        pytest.param(SEMICOLONS.replace(";", "\t").encode("utf-16"), id="UTF-16 with tabs, as Excel's Unicode text"),
        pytest.param(MARKS.replace("7.5", '"7,5"').encode(), id="a decimal comma in quotes"),
        pytest.param(b"sep=;\r\n" + SEMICOLONS.replace("\n", "\r\n").encode(), id="a line that names the separator"),
        pytest.param(MARKS.replace("\n", ",,\n").encode(), id="empty columns at the end"),
        pytest.param(MARKS.replace("essay\n", "essay,,\n").replace("100\n", "100,,\n").encode(), id="in some rows"),
        pytest.param(MARKS.replace("cs02", "CS02").encode(), id="an id in capitals"),
        pytest.param(("# from the office\n\n" + MARKS).encode(), id="a comment above"),
    ],
)
def test_a_table_says_the_same_in_every_form(paths, raw):
    assert marks(paths, raw) == {
        "quiz": {"cs01": Fraction("7.5"), "cs02": Fraction(1)},
        "essay": {"cs01": Fraction("66.5"), "cs02": Fraction(50)},
    }


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (MARKS.encode("cp1252"), "not UTF-8 text; read as cp125"),
        (b"PK\x03\x04 a workbook", "a workbook, not a CSV table; save it as CSV UTF-8"),
        (
            MARKS.replace("7.5", '"1,234"').encode(),
            "integrity or an empty cell, got '1,234'",
        ),
        (MARKS.replace("66.5", "66.5,late").encode(), "line 3: expected 4 cells as in the header, got 5"),
        (MARKS.replace("cs02", "CS01").encode(), "column student: 'cs01' is there already"),
        (MARKS.encode("utf-16")[:-1], "not utf-16-le text"),
    ],
)
def test_what_is_not_certain_is_said(paths, raw, says):
    with pytest.raises(AuthoringError) as error:
        marks(paths, raw)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_line_that_cannot_be_read_is_shown(paths):
    paths.roster_csv.write_bytes(ROSTER.encode("cp1252"))
    with pytest.raises(AuthoringError, match=r"read as cp\w+, line 2 is 'cs01,Zo\u00eb M\u00fcller,a@x'"):
        read_roster(paths)


def test_a_roster_may_have_other_columns_and_misspelt_ones_are_told(paths):
    unused = []
    paths.roster_csv.write_text("student;name;lab\ncs01;Ann;Team 7\n")
    assert [student.id for student in read_roster(paths, unused)] == ["cs01"] and unused == ["lab"]
    paths.roster_csv.write_text("student,emial\ncs01,a@x\n")
    with pytest.raises(AuthoringError, match="unknown column 'emial' .did you mean 'email'"):
        read_roster(paths)


def test_decisions_and_aliases_are_of_the_one_who_is_meant_whatever_the_case(paths):
    (paths.marks_folder / "status.csv").write_text("student,item,status,reason\nCs01,quiz,excused,ill\n")
    paths.roster_aliases_csv.write_text("alias;student\nZo;CS01\n")
    assert list(read_rulings(paths, ["quiz"], ["cs01"])) == [("cs01", "quiz")]
    assert read_aliases(paths, ["cs01"]) == {"Zo": ("cs01",)}


@pytest.mark.parametrize(
    ("cell", "value"),
    [("7", "7"), ("7.25", "7.25"), ("7,5", "7.5"), ("7,25", "7.25"), ("1,2345", "1.2345"), ("1,234", ""),
     ("1.234,5", ""), ("1e3", ""), ("-1", ""), ("", ""), ("\u0663", "")],
)  # fmt: skip
def test_a_number_is_read_where_it_can_mean_one_thing(cell, value):
    assert number(cell) == value


# --- ids that a spreadsheet wrote


@pytest.mark.parametrize(
    ("written", "student", "may"),
    [
        ("42", "0042", True),
        ("cs7", "CS007", True),
        ("0042", "0042", False),
        ("420", "0042", False),
        ("20230000000000100", "20230000000000123", True),
        ("20230000000000124", "20230000000000123", False),
        ("2.023E+16", "20230000000000123", True),
        ("2,023E+16", "20230000000000123", True),
        ("2.024E+16", "20230000000000123", False),
    ],
)
def test_what_a_spreadsheet_makes_of_an_id_is_known_and_no_proof(written, student, may):
    assert may_be(written, student) is may


@pytest.mark.parametrize(
    ("word", "close"),
    [("DL12", ""), ("Dl28", "dl28"), ("d128", "dl28"), ("42", "0042"), ("wieght", "weight"), ("dl280", "dl28")],
)
def test_a_proposal_is_never_the_next_number(word, close):
    expected = f" (did you mean {close!r}?)" if close else ""
    assert did_you_mean(word, ["dl28", "dl13", "0042", "weight"]) == expected


@pytest.mark.parametrize(("word", "close"), [("dl01O", "dl010"), ("d1o20", "dl020"), ("dl01x", "")])
def test_of_many_ids_the_one_that_looks_the_same_is_proposed_and_else_none_of_those_as_close(word, close):
    expected = f" (did you mean {close!r}?)" if close else ""
    assert did_you_mean(word, [f"dl{number:03}" for number in range(1, 501)]) == expected


# --- rosters of platforms


@pytest.mark.parametrize(
    ("raw", "students"),
    [
        pytest.param(
            ('"First name","Last name","ID number","Email address",Groups\n'
             "Zo\u00eb,M\u00fcller,0042,z@x,Team 7\n").encode("utf-8-sig"),
            [("0042", "Zo\u00eb M\u00fcller", "z@x", "")], id="Moodle's participants",
        ),
        pytest.param(
            "Vorname;Nachname;Matrikelnummer;E-Mail-Adresse\nZo\u00eb;M\u00fcller;0042;z@x\n".encode("utf-16"),
            [("0042", "Zo\u00eb M\u00fcller", "z@x", "")], id="German, UTF-16, semicolons",
        ),
        pytest.param(
            b"Student,ID,SIS User ID,SIS Login ID,Section,quiz (1)\n    Points Possible,,,,,10\n"
            b'"Lee, Ann",4001,cs02,al,S1,\n"Student, Test",4999,,,S1,\n',
            [("cs02", "Lee, Ann", "", "4001")], id="Canvas's gradebook",
        ),
        pytest.param(b"Username\tName\nal\tAnn Lee\n", [("al", "Ann Lee", "", "")], id="tabs, a login for an id"),
    ],
)  # fmt: skip
def test_the_students_of_a_platforms_table(raw, students):
    found = students_of(raw, "people.csv")
    assert [(each.id, each.name, each.email, each.lms_id) for each in found.students] == students


def test_who_has_no_id_is_named_and_what_is_not_used_is_said():
    found = students_of(b"Full name,ID number,Lab\nAnn Lee,,7\nBo Chen,42,7\n", "people.csv")
    assert [student.id for student in found.students] == ["42"]
    assert (found.unused, found.left_out) == (("Lab",), ("line 2: no ID number (Ann Lee; 7)",))


def test_an_encoding_that_is_named_is_used_and_one_that_is_not_is_not_guessed():
    raw = "student,name\ncs01,\u0141ukasz \u017bak\n".encode("cp1250")
    assert students_of(raw, "people.csv", "cp1250").students[0].name == "\u0141ukasz \u017bak"
    with pytest.raises(AuthoringError, match="or say how it is written: --encoding"):
        students_of(raw, "people.csv")
    with pytest.raises(AuthoringError, match="no column of ids"):
        students_of(b"Name,Mark\nAnn,1\n", "people.csv")


def test_the_groups_of_a_roster_outlive_a_table_without_them(paths, monkeypatch):
    from grader.cli import main

    paths.course_toml.write_text("")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    paths.roster_csv.write_text("student,group\ncs01,graduates\ncs02,others lab-2\n")
    table = paths.root / "people.csv"
    table.write_text("First name,Last name,ID number\nBo,Chen,cs02\nCy,Das,cs03\n")
    assert main(["roster", "import", str(table), "--replace"]) == 0
    assert [(each.id, each.groups) for each in read_roster(paths)] == [("cs02", ["others", "lab-2"]), ("cs03", [])]
    table.write_text("student,Group\ncs02,graduates\n")
    assert main(["roster", "import", str(table), "--replace"]) == 0
    assert [each.group for each in read_roster(paths)] == ["graduates"]


def test_an_alias_is_added_in_the_form_that_the_table_has(paths, monkeypatch):
    from grader.cli import main

    paths.course_toml.write_text("")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    paths.roster_aliases_csv.write_bytes("alias;student\nZo;cs01\n".encode("utf-16"))
    assert main(["roster", "alias", "B; C", "cs02"]) == 0
    assert read_aliases(paths, ["cs01", "cs02"]) == {"Zo": ("cs01",), "B; C": ("cs02",)}


def test_a_roster_is_imported_and_nobody_leaves_it_unasked(paths, monkeypatch, capsys):
    from grader.cli import main

    paths.course_toml.write_text("")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    table = paths.root / "people.csv"
    table.write_text("First name,Last name,ID number,Lab\nBo,Chen,cs02,7\nCy,,,7\n")
    before = paths.roster_csv.read_bytes()
    assert main(["roster", "import", str(table)]) == 2
    assert "1 of its students are not in" in capsys.readouterr().err and paths.roster_csv.read_bytes() == before
    assert main(["roster", "import", str(table), "--replace"]) == 1
    said = capsys.readouterr()
    assert "name     from First name + Last name" in said.out and "line 3: no ID number (Cy; 7)" in said.err
    assert "column 'Lab' is not used" in said.err and "cs01 is no longer on the roster" in said.err
    assert [(student.id, student.name) for student in read_roster(paths)] == [("cs02", "Bo Chen")]
    table.write_text("Username,Name\nbo,Bo\nBO,Bo\n")
    assert main(["roster", "import", str(table), "--replace"]) == 3
    assert len(read_roster(paths)) == 1 and not list(paths.root.glob("*.partial"))


def test_german_of_windows_is_read_as_what_it_is():
    """Of a short table the statistics of letters say anything, hp_roman8 among it."""
    rows = "student;points;comment\ncs01;5;Schön, größtenteils richtig\n".encode("cp1252")
    with pytest.raises(AuthoringError, match="read as cp1252, line 2 is 'cs01;5;Schön, größtenteils richtig'"):
        decoded(rows, "manual/a.csv")
