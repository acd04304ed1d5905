"""Downloads as they come: whose each file is, who is held, and what is said of it. Small zips, no command line."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from grader.cli import main
from grader.collect.choosing import Wanted
from grader.collect.collection import Collected, Search, State
from grader.course.people import Roster
from grader.course.sheets import Student
from grader.errors import UsageError
from grader.record.store import Store
from grader.schema import Assignment, Question

ASSIGNMENT = Assignment("a1", "Homework 1", (Question("q1", "Q", Fraction(1), ("f",)),))
STUDENTS = [
    Student("cs01", "Sean O'Brien", "sob@x.edu"),
    Student("cs02", "Zoë Müller", "zm@x.edu"),
    Student("cs03", "李 雷", "ll@x.edu"),
    Student("cs04", "Asha Rao", "asha@x.edu"),
    Student("j_smith", "Jane Smith"),
    Student("smith", "Bob Smith"),
    Student("lee", "Lee Lee"),
]
CODE = "def f():\n    return 1\n"
MOODLE = "{}_assignsubmission_file_/a1.py"


def packed(path, names, encoding="utf-8"):
    """A zip with a file of each name that holds its name; an encoding that is not UTF-8 is not told."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            if encoding != "utf-8":
                entry = zipfile.ZipInfo(name.encode(encoding).decode("cp437"))
            archive.writestr(entry, f"# {name}\n{CODE}")
    if encoding != "utf-8":
        path.write_bytes(_without_utf8(path.read_bytes(), encoding, names))
    return path


def _without_utf8(raw, encoding, names):
    """The zip with names in another encoding: zipfile writes what is not ASCII as UTF-8, and says so."""
    made = bytearray(raw)
    for name in names:
        told, meant = name.encode(encoding).decode("cp437").encode("utf-8"), name.encode(encoding)
        padded = meant.replace(b"_file_/a1.py", b"_file_/" + b"a" * (len(told) - len(meant) + 2) + b".py")
        made = bytearray(bytes(made).replace(told, padded))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = made.find(mark)
        while at >= 0:
            made[at + offset + 1] &= ~0x08
            at = made.find(mark, at + 4)
    return bytes(made)


def collect(*places, students=STUDENTS, aliases=None, title="", timezone=""):
    """(student or what stands there -> row, student -> the name of the file that was recorded)."""
    search = Search(
        ASSIGNMENT, Roster(students, aliases), Wanted("a1", frozenset({"f"})), title=title, timezone=timezone
    )
    with Collected(search, places) as collection:
        found = list(collection.found())
    given = {
        each.submission.student: each.submission.content.decode().splitlines()[0].removeprefix("# ")
        for each in found
        if each.submission is not None
    }
    return {each.row.student: each.row for each in found}, given


def said(row):
    return "; ".join(remark.text for remark in row.remarks)


# --- Blackboard: underscores in titles and user names


def blackboard(*heads):
    return [f"{head}_attempt_2026-09-01-10-00-00_a1.py" for head in heads]


@pytest.mark.parametrize(
    ("heads", "owners", "held"),
    [
        pytest.param(["A1_j_smith", "A1_smith", "A1_lee"], ["j_smith", "smith", "lee"], [], id="all on the roster"),
        pytest.param(["A1_a_lee", "A1_b_lee"], [None, None], ["a_lee", "b_lee"], id="two strangers stay two"),
        pytest.param(["A1_a_lee", "A1_lee"], [None, "lee"], ["a_lee"], id="a stranger beside a student"),
        pytest.param(["a1_j_smith"], ["j_smith"], [], id="alone, the title is the assignment's"),
        pytest.param(["Homework 1_x_lee"], [None], ["x_lee"], id="alone, a stranger"),
        pytest.param(["X_j_smith"], [None], ["X_j_smith"], id="alone, and where the title ends is not clear"),
        pytest.param(["HW_1_lee", "HW_1_smith"], ["lee", "smith"], [], id="a number belongs to the title"),
    ],
)
def test_a_user_name_of_blackboard_is_read_whole(tmp_path, heads, owners, held):
    names = blackboard(*heads)
    rows, given = collect(packed(tmp_path / "in.zip", names))
    assert given == {owner: name for owner, name in zip(owners, names, strict=True) if owner}
    assert [name for name, row in rows.items() if row.state is State.UNKNOWN] == held


def test_the_title_may_be_said(tmp_path):
    place = packed(tmp_path / "in.zip", blackboard("X_j_smith"))
    assert "the user name may be j_smith, smith: say the title, as in --title X_j" in said(
        collect(place)[0]["X_j_smith"]
    )
    assert list(collect(place, title="X")[1]) == ["j_smith"]
    assert list(collect(place, title="X j")[1]) == ["smith"]


def test_a_title_that_is_said_is_believed_whatever_user_names_are_there(tmp_path):
    heads = ["HW_1_x_lee", "HW_1_x_smith", "HW_1_x_2_42"]
    place = packed(tmp_path / "in.zip", blackboard(*heads))
    rows, given = collect(place, title="HW_1_x")
    assert (sorted(given), [name for name in rows if name not in given]) == (["lee", "smith"], ["2_42"])
    rows, given = collect(place)
    assert given == {} and "say the title, as in --title HW_1_x" in said(rows["HW_1_x_lee"])
    assert not any(row.named for row in rows.values())  # an alias would be of a name that is none
    with pytest.raises(UsageError, match="nothing in the download has the title 'HW 2'"):
        collect(place, title="HW 2")


def test_what_has_another_title_than_the_one_that_is_said_is_told(tmp_path):
    place = packed(tmp_path / "in.zip", blackboard("A1_lee", "A2_smith"))
    with Collected(Search(ASSIGNMENT, Roster(STUDENTS), Wanted("a1"), title="A1"), [place]) as collection:
        assert [each.row.student for each in collection.found()] == ["lee"]
        assert collection.other_titles() == {"smith": ["A2"]}


# --- Teams: titles of other assignments


def teams(**titles):
    return [f"Submitted files/{who.replace('_', ' ')}/{title}/Version 1/a.py" for who, title in titles.items()]


def test_nobody_is_missing_without_a_word_who_handed_in_under_another_title(tmp_path):
    names = teams(Asha_Rao="A1", Zoë_Müller="A1 (late)", Nobody_Here="A1 (late)")
    rows, given = collect(packed(tmp_path / "in.zip", names))
    assert sorted(given) == ["cs04"]
    asked = "not read: what was handed in under A1 (late); --title 'A1 (late)' takes it"
    assert {who: (row.state, said(row)) for who, row in rows.items() if who != "cs04"} == {
        "cs02": (State.NEEDS_YOU, asked),
        "Nobody Here": (State.UNKNOWN, asked),
    }
    rows, given = collect(packed(tmp_path / "in.zip", names), title="A1 (late)")
    assert sorted(given) == ["cs02"]


def test_who_handed_in_under_two_titles_needs_a_person(tmp_path):
    names = [*teams(Asha_Rao="A1"), *teams(Asha_Rao="A1 - resit")]
    rows, given = collect(packed(tmp_path / "in.zip", names))
    assert sorted(given) == ["cs04"] and rows["cs04"].state is State.NEEDS_YOU
    rows, given = collect(packed(tmp_path / "in.zip", names), title="A1")
    assert sorted(given) == ["cs04"] and "not read" not in said(rows["cs04"])


# --- Moodle: names in the forms that it gives them


@pytest.mark.parametrize(
    ("name", "student", "remark"),
    [
        ("Sean OBrien_11", "cs01", ""),
        ("Müller Zoë_12", "cs02", "found by the last name first in Müller Zoë"),
        ("雷 李_13", "cs03", "found by the last name first in 雷 李"),
        ("Team 7-Zoë Müller_14", "cs02", "handed in for the group Team 7"),
        ("Anna-Asha Rao_15", None, ""),
        ("Lee-Asha Rao_16", None, ""),
    ],
)
def test_moodle_without_its_worksheet(tmp_path, name, student, remark):
    rows, given = collect(packed(tmp_path / "in.zip", [MOODLE.format(name)]))
    assert list(given) == ([student] if student else [])
    assert remark in said(next(iter(rows.values())))


@pytest.mark.parametrize(
    ("encoding", "name", "student"), [("gb18030", "李 雷", "cs03"), ("cp1252", "Zoë Müller", "cs02")]
)
def test_a_name_in_the_encoding_of_another_system_is_known_by_the_roster(tmp_path, encoding, name, student):
    rows, given = collect(packed(tmp_path / "in.zip", [MOODLE.format(f"{name}_11")], encoding))
    assert list(given) == [student] and "found by another encoding of" in said(rows[student])


def test_two_numbers_of_the_platform_are_two_people(tmp_path):
    names = [MOODLE.format("Asha Rao_11"), MOODLE.format("Asha Rao_12")]
    place = packed(tmp_path / "in.zip", names)
    rows, given = collect(place)
    assert given == {} and set(rows) == {"Asha Rao (11)", "Asha Rao (12)"}
    assert "several people could be cs04: Asha Rao (11), Asha Rao (12)" in said(rows["Asha Rao (11)"])
    table = tmp_path / "grades.csv"
    table.write_text("Identifier,Full name,ID number,Grade\nParticipant 12,Asha Rao,cs04,\n")
    rows, given = collect(place, table)
    assert given == {"cs04": names[1]} and "Asha Rao (11)" in rows
    rows, given = collect(place, aliases={"Asha Rao (11)": ("cs04",)})
    assert given == {"cs04": names[0]}


def test_two_people_of_canvas_in_two_downloads_stay_two(tmp_path):
    places = [packed(tmp_path / f"{n}.zip", [f"raoasha_{n}_{n}1_a1.py"]) for n in (4004, 4777)]
    rows, given = collect(*places)
    assert given == {} and set(rows) == {"raoasha (4004)", "raoasha (4777)"}
    known = [Student("cs04", "Asha Rao", lms_id="4004")]
    assert list(collect(*places, students=known)[1].values()) == ["raoasha_4004_40041_a1.py"]


# --- the tables of Moodle

WORKSHEET = (
    "Identifier;Full name;ID number;Status;Grade;Last modified (submission)\n"
    "Participant 11;A Name;cs04;Submitted - 3 hours late;;Wednesday, 2 September 2026, 2:59 AM\n"
)
GERMAN = (
    "ID,Vollständiger Name,ID-Nummer,Status,Bewertung,Zuletzt geändert (Abgabe)\n"
    'Teilnehmer/in11,A Name,cs04,Abgegeben - 3 Stunden zu spät,,"Mittwoch, 2. September 2026, 02:59"\n'
)


def _capitals(table):
    head, _, rows = table.partition("\n")
    return f"{head.upper()}\n{rows}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(WORKSHEET.encode(), id="semicolons"),
        pytest.param(WORKSHEET.replace(";", "\t").encode(), id="tabs"),
        pytest.param(WORKSHEET.replace(";", "\t").replace("\n", "\r\n").encode("utf-16"), id="UTF-16"),
        pytest.param(GERMAN.encode("utf-8-sig"), id="German"),
        pytest.param(_capitals(WORKSHEET).encode(), id="headings in capitals"),
        pytest.param(_capitals(GERMAN).encode(), id="German headings in capitals"),
    ],
)
def test_a_worksheet_is_read_in_every_form(tmp_path, raw):
    table = tmp_path / "grades.csv"
    table.write_bytes(raw)
    rows, given = collect(packed(tmp_path / "in.zip", [MOODLE.format("A Name_11")]), table, timezone="Asia/Kolkata")
    assert list(given) == ["cs04"]
    assert (rows["cs04"].time, rows["cs04"].marked_late) == (datetime(2026, 9, 1, 21, 29, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"student,mark\ncs01,3\n", "a table that is not known (it begins with 'student,mark'); expected Moodle's"),
        ("Identifier,Name\nParticipant 1,Zoë\n".encode("cp1252"), "not UTF-8 text; read as cp125"),
    ],
)
def test_a_table_that_cannot_be_used_says_what_it_is(tmp_path, raw, says):
    table = tmp_path / "grades.csv"
    table.write_bytes(raw)
    with pytest.raises(UsageError) as error:
        collect(packed(tmp_path / "in.zip", [MOODLE.format("Asha Rao_11")]), table)
    assert says in str(error.value)


# --- Brightspace


def test_brightspace_names_people_and_times(tmp_path):
    names = ["107-44 - Asha Rao - Sep 1, 2026 1158 PM/a1.py", "107-44 - Asha Rao - Sep 1, 2026 900 AM/a1.py"]
    names += ["108-44 - Zoë Müller - Sep 2, 2026 1205 AM/a1.py", "109-44 - Zoë Müller - Sep 1, 2026 1000 AM/a1.py"]
    rows, given = collect(packed(tmp_path / "in.zip", [*names, "index.html"]), timezone="Asia/Kolkata")
    assert given == {"cs04": names[0]}
    assert rows["cs04"].time == datetime(2026, 9, 1, 18, 28, tzinfo=UTC)
    assert set(rows) == {"cs04", "Zoë Müller (108)", "Zoë Müller (109)"}


# --- files that are not read


def test_a_refused_file_is_told_to_be_its_students(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "lee.py").symlink_to("/etc/hostname")
    (folder / "smith.py").write_text(CODE)
    rows, given = collect(folder)
    assert list(given) == ["smith"]
    assert (rows["lee"].state, said(rows["lee"])) == (State.NEEDS_YOU, "lee.py is not read: a link, not a file")


def test_of_a_student_with_a_refused_file_the_others_count(tmp_path):
    place = tmp_path / "in.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("lee/a1.py", f"# a\n{CODE}")
        link = zipfile.ZipInfo("lee/weights.bin")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    rows, given = collect(place)
    assert given == {"lee": "a"} and rows["lee"].state is State.NEEDS_YOU
    assert "weights.bin is not read: a link, not a file" in said(rows["lee"])


def test_a_damaged_file_is_its_students_and_not_missing(tmp_path):
    place = packed(tmp_path / "in.zip", ["lee.py"])
    place.write_bytes(place.read_bytes().replace(b"return 1", b"return 2", 1))
    rows, given = collect(place)
    assert given == {} and rows["lee"].state is State.NEEDS_YOU and "is not on record" in said(rows["lee"])


@pytest.mark.parametrize("students", [STUDENTS, []], ids=["roster", "no roster"])
def test_a_file_without_a_name_is_nobodys_and_the_others_are_read(tmp_path, students):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (" .py", "smith.py"):
        (folder / name).write_text(f"# {name}\n{CODE}")
    search = Search(ASSIGNMENT, Roster(students, known=bool(students)), Wanted("a1"))
    with Collected(search, [folder]) as collection:
        rows = {each.row.student: each.row.state for each in collection.found()}
    assert rows.pop("smith") is not State.UNKNOWN and rows == {" .py": State.UNKNOWN}


# --- another assignment's download


@pytest.fixture
def course(course_of):
    """A course whose assignment a1 asks for g, and the current folder in it."""
    scheme = 'name = "C"\n[[component]]\nid = "w"\ntitle = "W"\nweight = 100\nassignments = ["a1"]\n'
    question = '[[question]]\nid = "q1"\ntitle = "Q"\npoints = 1\nnames = ["g"]\n'
    return course_of({"course.toml": scheme, "assignments/a1/assignment.toml": f'title = "One"\n{question}'})


def folder_of(name, code, *students):
    place = Path(name)
    place.mkdir()
    for student in students:
        (place / f"{student}.py").write_text(code)
    return name


def on_record(paths):
    with Store.open(paths.record, read_only=True) as store:
        return {each.student: each.content.decode() for each in store.current_submissions("a1")}


def test_a_download_of_another_assignment_is_not_recorded(course, capsys):
    place = folder_of("in", CODE, "ann", "bo", "cy")
    assert main(["collect", "a1", place]) == 2
    assert "3 of the first 3 hand-ins define nothing that a1 asks for" in capsys.readouterr().err
    assert on_record(course) == {}
    assert main(["collect", "a1", place, "--anyway"]) == 1
    assert set(on_record(course)) == {"ann", "bo", "cy"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        pytest.param(CODE, "it defines nothing that a1 asks for", id="another assignment's"),
        pytest.param("<html>", "this is a saved web page", id="no program"),
    ],
)
def test_a_file_that_defines_nothing_asked_never_replaces_one_that_does(course, capsys, wrong, says):
    good = CODE.replace("f()", "g()")
    assert main(["collect", "a1", folder_of("right", good, "ann", "bo")]) == 0
    other = folder_of("other", wrong, "bo")
    assert main(["collect", "a1", other]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "not taken: what is on record defines what is asked for; --anyway takes it" in said and says in said
    assert "1 needs you. On record: nothing of this." in said
    assert on_record(course) == {"ann": good, "bo": good}
    assert main(["collect", "a1", other, "--anyway"]) == 1
    assert on_record(course) == {"ann": good, "bo": wrong}
    assert main(["collect", "a1", folder_of("third", f"{wrong}#", "bo")]) == 1  # neither defines anything
    assert on_record(course) == {"ann": good, "bo": f"{wrong}#"}


def test_what_was_collected_can_be_taken_back_and_collected_again(course, capsys):
    good, wrong = CODE.replace("f()", "g()"), CODE
    right, other = folder_of("right", good, "ann", "bo"), folder_of("other", wrong, "bo", "cy")
    assert main(["collect", "a1", right]) == 0
    assert main(["collect", "a1", other, "--anyway"]) == 1
    assert on_record(course) == {"ann": good, "bo": wrong, "cy": wrong}
    capsys.readouterr()
    assert main(["collect", "a1", other, "--forget"]) == 0
    said = capsys.readouterr().out
    assert "a1: 2 taken back: bo, cy" in said and "counts again for 1, 1 have none now" in said
    assert on_record(course) == {"ann": good, "bo": good}
    assert main(["collect", "a1", other, "--forget"]) == 2
    assert "nothing was taken back" in capsys.readouterr().err
    assert main(["collect", "a1", other, "--anyway"]) == 1
    assert on_record(course) == {"ann": good, "bo": wrong, "cy": wrong}
