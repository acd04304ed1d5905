"""Grade files as they lie on people's disks: filled in for the right rows, every other byte left as it was."""

from __future__ import annotations

import csv
import io

import pytest

from grader import cli
from grader.errors import UsageError
from grader.marks import export
from grader.marks.gradebook import read_gradebook
from grader.marks.platforms import PLATFORMS
from grader.paths import Paths

COURSE = """name = "Small"
[[component]]
id = "final"
title = "Final"
weight = 100
columns = ["exam"]
"""
ROSTER = """student,name,email,lms_id
0042,Wei Zhang,wz1@x.edu,4004
20230000000000123,Zoë Müller,zm@x.edu,4002
cs03,محمد علي,ma@x.edu,4003
cs04,Sean O'Brien,sob@x.edu,4005
"""
MARKS = "student,exam\nmax,100\n0042,90\n20230000000000123,50\ncs03,70\ncs04,12.5\n"
MOODLE = "Identifier,Full name,ID number,Email address,Grade,Maximum Grade\n"
CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section,exam (12)\n    Points Possible,,,,,100\n"
FILES = {
    "moodle": MOODLE + "Participant 1,Wei Zhang,0042,,,100\nParticipant 2,Zoë Müller,,zm@x.edu,,100\n",
    "canvas": CANVAS + '"Zhang, Wei",4004,,,A,\n"Müller, Zoë",4002,,,A,\n"Student, Test",4999,,,A,\n',
    "blackboard": '"Last Name"\t"First Name"\t"Username"\t"exam [Total Pts: 50 Score] |1"\n'
    '"Zhang"\t"Wei"\t"wz1"\t""\n"Müller"\t"Zoë"\t"zm"\t"3"\n',
    "brightspace": "OrgDefinedId,Username,exam Points Grade <Numeric MaxPoints:10>,End-of-Line Indicator\n"
    "#0042,#wz1,,#\n#20230000000000123,#zm,,#\n",
}


@pytest.fixture
def paths(tmp_path, monkeypatch):
    (tmp_path / "course.toml").write_text(COURSE)
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "m.csv").write_text(MARKS)
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    return Paths(tmp_path)


@pytest.fixture
def fill(paths):
    def fill(platform, raw):
        raw = raw.encode() if isinstance(raw, str) else raw
        return export.fill(read_gradebook(paths, {}), {"exam": ""}, raw, PLATFORMS[platform])

    return fill


# --- whose a row is


@pytest.mark.parametrize(
    ("row", "grade"),
    [
        pytest.param("Wei Zhang,42,wz1@x.edu", "90.00", id="zeros lost, the address is theirs"),
        pytest.param("Wei Zhang,42,", "", id="zeros lost, and nothing but the name"),
        pytest.param("Zoë Müller,2.023E+16,zm@x.edu", "50.00", id="a rounded id, the address is theirs"),
        pytest.param("Zoë Müller,2.023E+16,", "", id="a rounded id, and nothing but the name"),
        pytest.param("Zoë Müller,20230000000000100,", "", id="an id whose last digits are lost"),
        pytest.param("\u200fمحمد علي\u200e,,", "70.00", id="marks of direction"),
        pytest.param("علي محمد,,", "70.00", id="right to left, last name first"),
        pytest.param("Sean O’Brien,,", "12.50", id="another apostrophe"),
        pytest.param("Sean Obrien,,", "12.50", id="no apostrophe"),
        pytest.param("Sean Brien,,", "", id="another name"),
        pytest.param("Zoe Muller,,", "", id="a name without its accents"),
        pytest.param("Zoe Muller,,ZM@X.EDU", "50.00", id="an address in capitals"),
        pytest.param("Wei Zhang,,wz1@cs.x.edu", "", id="an address at another server"),
        pytest.param("Wei Zhang,0042,zm@x.edu", "", id="an id and an address of two"),
        pytest.param("Total,,", "", id="a total"),
    ],
)
def test_a_row_is_filled_for_whom_it_surely_is(fill, row, grade):
    filled = fill("moodle", f"{MOODLE}Participant 1,{row},,100\n")
    (cells,) = csv.DictReader(io.StringIO(filled.content.decode()))
    assert cells["Grade"] == grade and len(filled.unmatched) == (not grade)


def test_several_rows_of_one_person_are_nobodys_and_named(fill):
    row = "Participant {},Zoë Müller,,zm@x.edu,,100\n"
    filled = fill("moodle", MOODLE + row.format(1) + row.format(2))
    assert not filled.changes
    assert [name.partition(":")[2] for name in filled.unmatched] == [" 2 rows could be those of 20230000000000123"] * 2


# --- the file's own form


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("platform", FILES)
def test_a_file_comes_back_as_it_was_but_for_its_marks(fill, platform, line_end, codec):
    text = FILES[platform].replace("\n", line_end)
    filled = fill(platform, text.encode(codec))
    after = filled.content.decode(codec)
    assert fill(platform, text.encode(codec)).content == filled.content
    assert filled.content[:2] == text.encode(codec)[:2]
    assert len(filled.changes) == 2 and after.count(line_end) == text.count(line_end)
    assert after.replace(line_end, "").count("\r") == after.replace(line_end, "").count("\n") == 0
    assert after.count('"') == text.count('"')
    again = fill(platform, filled.content)
    assert (again.content, again.changes) == (filled.content, ())


def test_lines_without_a_new_mark_stay_byte_for_byte(fill):
    rows = [
        'Participant 7,"Who, Ever",="0099",,  ,100', "", "Participant 8, Nobody ,,,x",
        '"Participant 9","N","","","7","9"', 'Participant 4,"Sean O\'Brien",,="sob@x.edu",  ,"100"',
    ]  # fmt: skip
    text = MOODLE + "\n".join([*rows, "Participant 1,Wei Zhang,0042,,,100"])
    after = fill("moodle", text).content.decode()
    assert after == text.replace("0042,,,100", "0042,,90.00,100").replace('edu",  ,"1', 'edu",12.50,"1')


def test_what_was_typed_into_moodle_may_be_long(fill):
    head = MOODLE.replace("\n", ",Online text\n")
    long = '"' + "<p>line\n</p>" * 30_000 + '"'
    filled = fill("moodle", f"{head}Participant 1,Wei Zhang,0042,,,100,{long}\n")
    assert filled.content.decode() == f"{head}Participant 1,Wei Zhang,0042,,90.00,100,{long}\n"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (FILES["moodle"].replace("Wei Zhang", '"Wei Zhang'), "not a CSV table: "),
        (FILES["moodle"].encode("cp1252"), "not UTF-8 text; read as"),
        (FILES["moodle"].encode("utf-16-le"), "bytes of zero, as UTF-16 without its mark"),
        ("First name,Last name,ID number,Assignment: exam (Real)\n", "no column 'Identifier'; there is: First name, "),
        (b"PK\x03\x04 a workbook", "a workbook, not a CSV table"),
        ("", "no column 'Identifier'; there is: nothing"),
    ],
)
def test_what_is_no_worksheet_is_said_and_nothing_is_filled(fill, raw, says):
    with pytest.raises(UsageError) as error:
        fill("moodle", raw)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_canvas_as_a_german_site_exports_it(fill):
    head = "Student;ID;SIS User ID;SIS Login ID;Integration ID;Section;exam (12);Final Score\n"
    text = head + ";;;;;;Manual Posting;\n    Points Possible;;;;;;10,0;(read only)\n"
    filled = fill("canvas", text + '"Zhang, Wei";4004;;;;A und B;;88,1\n"Student, Test";4999;;;;A;;\n')
    assert filled.content.decode().splitlines()[3] == '"Zhang, Wei";4004;;;;A und B;9,00;88,1'
    assert filled.unmatched == ()


# --- from the command line


@pytest.mark.parametrize("platform", FILES)
def test_a_dry_run_a_file_and_the_same_file_again(paths, capsys, platform):
    into, out = paths.root / "into.csv", paths.root / "out.csv"
    into.write_text(FILES[platform], encoding="utf-8")
    export_to = ["marks", "--export", platform, "--item", "exam", "--into"]
    assert cli.main([*export_to, str(into), "--diff"]) == 0
    said = capsys.readouterr().out
    assert "2 cells would change; nothing was written" in said and not out.exists()
    assert cli.main([*export_to, str(into), "--out", str(out)]) == 0
    assert cli.main([*export_to, str(out), "--out", str(paths.root / "again.csv")]) == 0
    assert (paths.root / "again.csv").read_bytes() == out.read_bytes()
    assert into.read_text(encoding="utf-8") == FILES[platform]
    capsys.readouterr()
    assert cli.main([*export_to, str(out), "--diff"]) == 0
    assert "0 cells would change" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "xlsx", "classroom", "teams"])
def test_a_table_of_our_own_is_the_same_bytes_twice(paths, capsys, form):
    made = []
    for name in ("one", "two"):
        assert cli.main(["marks", "--export", form, "--out", str(paths.root / name)]) == 0
        made.append((paths.root / name).read_bytes())
    assert made[0] == made[1]


def test_an_item_of_the_command_line_may_have_capitals(paths, capsys):
    into = paths.root / "into.csv"
    into.write_text(FILES["canvas"], encoding="utf-8")
    export_to = ["marks", "--export", "canvas", "--item", "EXAM", "--item", "Total", "--column"]
    assert cli.main([*export_to, "Exam=exam", "--into", str(into), "--diff"]) == 0
    assert "2 cells would change" in capsys.readouterr().out
    assert cli.main(["marks", "--student", "0042", "--if", "EXAM=50"]) == 0
    assert "no item" not in capsys.readouterr().err
