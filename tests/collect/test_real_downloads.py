"""Downloads as people pass them on: packed again by other systems, saved twice, in the writing of five continents.

Each case says what is recorded for whom and who is held; a file holds its own name, so that nothing can be exchanged.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from fractions import Fraction

import pytest

from grader.collect.choosing import Wanted
from grader.collect.collection import Collected, Search, State
from grader.course.people import Roster
from grader.course.sheets import Student
from grader.errors import UsageError
from grader.schema import Assignment, Question

ASSIGNMENT = Assignment("a1", "Homework 1", (Question("q1", "Q", Fraction(1), ("f",)),))
STUDENTS = [
    Student("0042", "Sean O'Brien", "sob@x.edu", "4001"),
    Student("cs02", "Zoë Müller", "zm@x.edu", "4002"),
    Student("cs03", "許 志明", "hsu@x.edu"),
    Student("cs04", "Asha Rao", "asha@x.edu", "4004"),
    Student("cs05", "表 太郎", "omote@x.edu"),
    Student("cs06", "김 민수", "kim@x.edu"),
    Student("cs07", "محمد علي", "ma@x.edu"),
    Student("cs08", "Wei Zhang", "wz1@x.edu"),
    Student("cs09", "Wei Zhang", "wz2@x.edu"),
    Student("cs10", "Łukasz Żak", "lz@x.edu"),
    Student("cs11", "João Simão", "js@x.edu"),
    Student("cs12", "Иван Петров", "ip@x.edu"),
    Student("cs13", "志明", "cm@x.edu"),
    Student("cs14", "Jean-Luc Ç'elik", "jl@x.edu"),
]
MOODLE = "{}_assignsubmission_file_/a1.py"
CODE = "def f():\n    return 1\n"


def source(name):
    return f"# {name}\n{CODE}".encode()


def packed(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, source(name))
    return path


def packed_raw(path, names):
    """A zip whose names are these bytes and say nothing of their encoding, as Windows Explorer packs."""
    made, directory = io.BytesIO(), b""
    for number, name in enumerate(names):
        content = source(number)
        sizes = struct.pack("<3L2H", zlib.crc32(content), len(content), len(content), len(name), 0)
        offset = made.tell()
        made.write(struct.pack("<L5H", 0x04034B50, 20, 0, 0, 0, 0x5821) + sizes + name + content)
        directory += struct.pack("<L6H", 0x02014B50, 20, 20, 0, 0, 0, 0x5821) + sizes
        directory += struct.pack("<3H2L", 0, 0, 0, 0, offset) + name
    start = made.tell()
    made.write(directory + struct.pack("<L4H2LH", 0x06054B50, 0, 0, len(names), len(names), len(directory), start, 0))
    path.write_bytes(made.getvalue())
    return path


def collect(*places, students=STUDENTS, aliases=None, title=""):
    """(what stands there -> row, student -> what the file that was recorded says of itself)."""
    roster = Roster(students, aliases)
    search = Search(ASSIGNMENT, roster, Wanted("a1", frozenset({"f"})), title=title, timezone="Asia/Kolkata")
    with Collected(search, places) as collection:
        found = list(collection.found())
        refused = [name for source in collection.sources for name in source.refused]
    given = {
        each.submission.student: each.submission.content.decode().splitlines()[0].removeprefix("# ")
        for each in found
        if each.submission is not None
    }
    return {each.row.student: each.row for each in found}, given, refused


def held(rows):
    return [name for name, row in rows.items() if row.state is State.UNKNOWN]


# --- a name that says whose it is, with what systems add to it


@pytest.mark.parametrize(
    "name",
    [
        "0042.py",
        "0042.ipynb.py",
        "0042.py.txt",
        "0042 (1).py",
        "0042(3).py",
        "0042 - Copy.py",
        "0042 - Copy (2).py",
        "0042 - Kopie.py",
        "0042 - Copie (2).py",
        "0042 - copia.py",
        "0042 copy 2.py",
        "Copy of 0042.py",
        "Copy_of_0042.py",
        "Kopie von 0042.py",
        "Copia_de_0042.py",
        "Cópia de 0042.py",
        "Copie_de_0042.py",
        "\u201c0042_ipynb\u201d的副本.py",
        "「0042.ipynb」のコピー.py",
        "0042.py.py",
        "0042_a1.py",
        "a1-0042.py",
        "0042/a1.py",
        "0042/a1/work.py",
        "class/0042/a1.py",
    ],
)
def test_what_a_system_adds_to_a_name_hides_nobody(tmp_path, name):
    rows, given, _ = collect(packed(tmp_path / "in.zip", [name]))
    assert given == {"0042": name} and not held(rows)


@pytest.mark.parametrize("name", ["42.py", "00042.py", "0042x.py", "2 0042.py", "0042-0043.py", "4.2E+01.py"])
def test_what_is_not_an_id_is_held(tmp_path, name):
    rows, given, _ = collect(packed(tmp_path / "in.zip", [name]))
    assert given == {} and len(held(rows)) == 1


@pytest.mark.parametrize(
    "file",
    [
        "a1.ipynb", "a1.ipynb.txt", "a1.ipynb (1)", "a1.ipynb.json", "a1.IPYNB", "a1.ipynb.ipynb", "a1 (1).ipynb.txt",
        "sub/a1.ipynb", "Copy_of_a1.ipynb",
    ],
)  # fmt: skip
def test_a_notebook_under_another_kind_of_name_is_the_notebook(tmp_path, file):
    from tiny import ipynb

    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(f"Asha Rao_11_assignsubmission_file_/{file}", ipynb(CODE))
        archive.writestr("Asha Rao_11_assignsubmission_file_/notes.txt", "hello")
    search = Search(ASSIGNMENT, Roster(STUDENTS), Wanted("a1", frozenset({"f"})))
    with Collected(search, [place]) as collection:
        (found,) = collection.found()
    assert found.row.student == "cs04" and found.row.file == file.rpartition("/")[2]


# --- packed again


def test_a_zip_with_backslashes_is_that_of_windows(tmp_path):
    names = [rf"Homework 1\{MOODLE.format(who)}".replace("/", "\\") for who in ("Asha Rao_11", "Zoë Müller_12")]
    _, given, _ = collect(packed(tmp_path / "in.zip", names))
    assert given == {"cs04": names[0], "cs02": names[1]}


def test_what_macos_adds_is_nobodys_work(tmp_path):
    name = "HW/" + MOODLE.format("Asha Rao_11")
    litter = [f"__MACOSX/{name.replace('a1.py', '._a1.py')}", "HW/.DS_Store", f"HW/._{name[3:]}", "HW/Icon\r"]
    rows, given, _ = collect(packed(tmp_path / "in.zip", [name, *litter]))
    assert given == {"cs04": name} and set(rows) == {"cs04"}


def test_letters_put_together_otherwise_are_the_same_letters(tmp_path):
    name = unicodedata.normalize("NFD", MOODLE.format("Zoë Müller_12"))
    assert collect(packed(tmp_path / "in.zip", [name]))[1] == {"cs02": name}


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_zip_in_a_zip_is_opened(tmp_path, depth):
    inside = source("deep")
    for level in range(depth):
        packed_once = io.BytesIO()
        with zipfile.ZipFile(packed_once, "w") as archive:
            archive.writestr("a1.py" if level == 0 else f"{level}.zip", inside)
        inside = packed_once.getvalue()
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("Asha Rao_11_assignsubmission_file_/mine.zip", inside)
    assert collect(place)[1] == {"cs04": "deep"}


@pytest.mark.parametrize(
    ("name", "encoding", "student"),
    [
        ("許 志明", "big5", "cs03"),
        ("許 志明", "gb18030", "cs03"),
        ("表 太郎", "shift_jis", "cs05"),
        ("김 민수", "cp949", "cs06"),
        ("Łukasz Żak", "cp1250", "cs10"),
        ("Łukasz Żak", "cp852", "cs10"),
        ("João Simão", "cp850", "cs11"),
        ("João Simão", "cp1252", "cs11"),
        ("Иван Петров", "cp866", "cs12"),
        ("Иван Петров", "cp1251", "cs12"),
        ("محمد علي", "cp1256", "cs07"),
    ],
)
def test_a_name_in_the_encoding_of_another_system_is_read_by_the_roster(tmp_path, name, encoding, student):
    place = packed_raw(tmp_path / "in.zip", [MOODLE.format(f"{name}_11").encode(encoding)])
    rows, given, _ = collect(place)
    assert list(given) == [student] and not held(rows)


def test_half_a_letter_that_looks_like_a_backslash_cuts_no_name(tmp_path):
    """Big5 writes 許 as B3 5C: read as a separator, 許志明 would be 志明, who is somebody else."""
    students = [Student("cs13", "志明"), Student("cs03", "許志明")]
    place = packed_raw(tmp_path / "in.zip", [MOODLE.format("許志明_11").encode("big5")])
    assert list(collect(place, students=students)[1]) == ["cs03"]
    rows, given, _ = collect(place, students=students[:1])
    assert given == {} and len(held(rows)) == 1


def test_a_name_with_a_zero_byte_is_refused_and_told(tmp_path):
    place = packed_raw(tmp_path / "in.zip", [b"cs04\x00evil.py", b"cs02.py"])
    rows, given, refused = collect(place)
    assert list(given) == ["cs02"] and len(refused) == 1 and "control characters" in refused[0]


# --- platforms


@pytest.mark.parametrize(
    ("names", "given", "unknown"),
    [
        pytest.param(["obriensean_4001_900_a1.py"], {"0042": 0}, [], id="Canvas, an apostrophe"),
        pytest.param(["müllerzoë_LATE_4002_901_a1-2.py"], {"cs02": 0}, [], id="Canvas, late, handed in again"),
        pytest.param(["team7_88_902_a1.py"], {}, ["team7"], id="Canvas, a group"),
        pytest.param(["raoasha_4777_902_a1.py"], {}, ["raoasha (4777)"], id="Canvas, a stranger of that name"),
        pytest.param(["zhangwei_9001_903_a1.py"], {}, ["zhangwei (9001)"], id="Canvas, two of one name"),
        pytest.param(["studenttest_77_903_a1.py", "raoasha_4004_9_a1.py"], {"cs04": 1}, [], id="Canvas's test student"),
        pytest.param(["A1_zm_poging_2026-09-01-10-00-00_a1.py"], {"cs02": 0}, [], id="Blackboard, Dutch"),
        pytest.param(["A1_0042_attempt_2026-09-01-10-00-00_a1.py"], {"0042": 0}, [], id="Blackboard, zeros"),
        pytest.param(["A1_42_attempt_2026-09-01-10-00-00_a1.py"], {}, ["42"], id="Blackboard, zeros lost"),
        pytest.param(
            ["7-44 - Jean-Luc Ç'elik - Sep 1, 2026 1158 PM/a1.py"], {"cs14": 0}, [], id="Brightspace, a dash in a name"
        ),
        pytest.param(["7-44 - Asha Rao - Sep 1, 2026 1158 PM - a1.py"], {"cs04": 0}, [], id="Brightspace, flat"),
        pytest.param(
            ["S/Submitted files/Rao, Asha/Homework 1/Version 2/a1.py"], {"cs04": 0}, [], id="Teams, last name first"
        ),
        pytest.param(["Asha Rao - HW.py", "Zoë Müller - HW.py"], {"cs04": 0, "cs02": 1}, [], id="Classroom"),
        pytest.param(
            ["Copy of Asha Rao - HW.py", "Zoë Müller - HW (1).py"], {"cs04": 0, "cs02": 1}, [], id="Classroom, copies"
        ),
        pytest.param([MOODLE.format("علي محمد_11")], {"cs07": 0}, [], id="Moodle, right to left, last name first"),
        pytest.param([MOODLE.format("\u200fمحمد علي\u200e_11")], {"cs07": 0}, [], id="Moodle, marks of direction"),
        pytest.param([MOODLE.format("Sean OBrien_11")], {"0042": 0}, [], id="Moodle, no apostrophe"),
        pytest.param([MOODLE.format("Sean O’Brien_11")], {"0042": 0}, [], id="Moodle, another apostrophe"),
        pytest.param([MOODLE.format("Wei Zhang_11")], {}, ["Wei Zhang (11)"], id="Moodle, two of one name"),
        pytest.param([MOODLE.format("Asha  Rao_11")], {"cs04": 0}, [], id="Moodle, two blanks"),
        pytest.param([MOODLE.format("Asha Rao\u00ad_11")], {"cs04": 0}, [], id="Moodle, a soft hyphen"),
    ],
)
def test_a_download_of_a_platform_reaches_its_people(tmp_path, names, given, unknown):
    rows, found, _ = collect(packed(tmp_path / "in.zip", names))
    assert found == {student: names[place] for student, place in given.items()}
    assert held(rows) == unknown


def test_gradescope_writes_names_in_escapes_and_groups_in_lists(tmp_path):
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("assignment_1_export/submission_7/a1.py", source("seven"))
        archive.writestr(
            "assignment_1_export/submission_metadata.yml",
            "submission_7:\n  :submitters:\n  - :name: \"Zo\\u00EB M\\u00FCller\"\n    :sid: '0'\n"
            "  - :name: Sean O'Brien\n    :sid: '0042'\n  :created_at: 2026-09-01 10:00:00.5 Z\n",
        )
    rows, given, _ = collect(place)
    assert given == {"0042": "seven"} and held(rows) == ["Zoë Müller (0)"]


# --- the platform's table beside the download

SHEET = "Identifier,Full name,ID number,Grade,Last modified (submission)\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("more", ["", ",,"], ids=["", "empty cells behind"])
def test_a_worksheet_names_people_and_times(tmp_path, line_end, more):
    place = packed(tmp_path / "in.zip", [MOODLE.format("A Nother_11"), MOODLE.format("Wei Zhang_12")])
    rows = f'Participant 11,A Nother,cs04,,"1 September 2026, 11:59 PM"{more}\nParticipant 12,Wei Zhang,cs09,,-{more}\n'
    (tmp_path / "grades.csv").write_text((SHEET + rows).replace("\n", line_end), newline="")
    rows, given, _ = collect(place, tmp_path / "grades.csv")
    assert set(given) == {"cs04", "cs09"} and rows["cs04"].time is not None


def test_a_worksheet_with_cells_too_many_is_said(tmp_path):
    place = packed(tmp_path / "in.zip", [MOODLE.format("Asha Rao_11")])
    (tmp_path / "grades.csv").write_text(f"{SHEET}Participant 11,Rao, Asha,cs04,,-\n")
    with pytest.raises(UsageError, match="grades.csv, line 2: more cells than headings .'-'.; correct it"):
        collect(place, tmp_path / "grades.csv")
