"""Downloads as each platform lays them out: whose each file is, when it came, in which order."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from grader.collect import layouts, plain
from grader.collect.entries import Entry
from grader.collect.times import late_minutes, on_the_clock, shown, shown_late, stated
from grader.collect.titles import alike
from grader.collect.uploads import Hints, Known
from grader.collect.worksheets import known_people
from grader.course.people import Person, Roster
from grader.course.sheets import Student
from grader.errors import AuthoringError, UsageError

ROSTER = Roster(
    [Student("cs101", "Ada Lovelace"), Student("cs102", "Grace Hopper"), Student("cs103", "Jos\u00e9 P\u00e9rez")]
)


def entry(path, content=b""):
    return Entry(path, len(content), lambda: content)


def hints(**changes):
    return Hints(assignment="a1_mlp", title="From one neuron to an MLP", is_student=ROSTER.is_student, **changes)


def read(*paths, layout="", **changes):
    """The uploads of a download with these files; the layout is found by their names."""
    entries = [path if isinstance(path, Entry) else entry(path) for path in paths]
    found = layouts.chosen(entries, hints(**changes))
    assert layout == found.NAME
    return found.read(entries, hints(**changes))


def told(reading):
    """(who, files) of every upload."""
    return [(" & ".join(map(str, each.people)), [file.path for file in each.files]) for each in reading.uploads]


# --- Moodle

MOODLE = [
    "Ada Lovelace_9001_assignsubmission_file_/a1_mlp.ipynb",
    "Ada Lovelace_9001_assignsubmission_file_/data/weights.npz",
    "Jos\u00e9 Mar\u00eda_P\u00e9rez_9002_assignsubmission_file_/a1.ipynb",
]


def test_moodle_folders_become_one_upload_a_person():
    reading = read(*MOODLE, layout="moodle")
    assert told(reading) == [
        ("Ada Lovelace", ["a1_mlp.ipynb", "data/weights.npz"]),
        ("Jos\u00e9 Mar\u00eda P\u00e9rez", ["a1.ipynb"]),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "Ada Lovelace_9001_assignsubmission_file/a1.ipynb",
        "Ada Lovelace_9001_assignsubmission_file_a1.ipynb",
        "IDL-A1-77/Ada Lovelace_9001_assignsubmission_file_/a1.ipynb",
        "downloads/today/Ada Lovelace_9001_ASSIGNSUBMISSION_FILE_/a1.ipynb",
    ],
    ids=["no underscore", "flat", "in a folder", "in folders, upper case"],
)
def test_moodle_names_come_in_several_forms(path):
    assert told(read(path, layout="moodle")) == [("Ada Lovelace", ["a1.ipynb"])]


def test_a_text_typed_into_moodle_is_no_file_and_is_mentioned():
    typed = "Ada Lovelace_9001_assignsubmission_onlinetext_/onlinetext.html"
    (alone,) = read(typed, layout="moodle").uploads
    (beside,) = read(typed, MOODLE[0], layout="moodle").uploads
    assert (alone.files, alone.remarks) == ((), ("only a text was typed into Moodle, which is not graded",))
    assert beside.remarks == ("also a text was typed into Moodle, which is not graded",)


def test_moodles_worksheet_says_who_and_when():
    known = {"9001": Known(Person("Ada Lovelace", ("cs101", "ada@x.org")), datetime(2026, 9, 1), True)}
    (upload,) = read("Participant_9001_assignsubmission_file_/a1.ipynb", layout="moodle", known=known).uploads
    assert upload.people[0].keys == ("cs101", "ada@x.org")
    assert (upload.when, upload.marked_late, upload.remarks) == (datetime(2026, 9, 1), True, ())


def test_blind_marking_is_named_for_what_it_is():
    (upload,) = read("Participant_9001_assignsubmission_file_/a1.ipynb", layout="moodle").uploads
    assert str(upload.people[0]) == "Participant 9001"
    assert "marked blindly" in upload.remarks[0]


def test_a_moodle_group_stands_under_its_name():
    assert told(read("Team \u00c4_12_assignsubmission_file_/a1.ipynb", layout="moodle")) == [
        ("Team \u00c4", ["a1.ipynb"])
    ]


def test_a_student_cannot_pose_as_another_by_the_names_inside_their_folder():
    nested = f"Eve_9009_assignsubmission_file_/{MOODLE[0]}"
    assert [who for who, _ in told(read(nested, layout="moodle"))] == ["Eve"]


# --- Canvas

CANVAS = [
    "lovelaceada_4312_99817_a1_mlp.ipynb",
    "lovelaceada_4312_99818_helpers.py",
    "hoppergrace_LATE_4313_99901_a1_mlp-1.ipynb",
    "p\u00e9rezjos\u00e9_4314_99950_x_5_6_y.ipynb",
]


def test_canvas_files_become_one_upload_a_person_in_the_order_of_their_numbers():
    reading = read(*CANVAS, layout="canvas")
    assert told(reading) == [
        ("lovelaceada", ["a1_mlp.ipynb", "helpers.py"]),
        ("hoppergrace", ["a1_mlp-1.ipynb"]),
        ("p\u00e9rezjos\u00e9", ["x_5_6_y.ipynb"]),
    ]
    assert [file.rank for file in reading.uploads[0].files] == [99817, 99818]
    assert [upload.marked_late for upload in reading.uploads] == [False, True, False]
    assert [upload.people[0].lms_id for upload in reading.uploads] == ["4312", "4313", "4314"]
    assert {upload.when for upload in reading.uploads} == {None}


def test_canvas_without_names_is_named_for_what_it_is():
    files = [f"anon_x7f{number}_{number}_a1.ipynb" for number in (1, 2)] + ["LATE_anon_x7f3_3_a1.ipynb"]
    reading = read(*files, layout="canvas")
    assert [str(upload.people[0]) for upload in reading.uploads] == [
        "anonymous x7f1",
        "anonymous x7f2",
        "anonymous x7f3",
    ]
    assert [upload.marked_late for upload in reading.uploads] == [False, False, True]
    assert "turn that off in Canvas" in reading.uploads[0].remarks[0]


def test_a_link_or_a_text_in_canvas_is_no_file():
    (upload, *_) = read("hoppergrace_4313_link.html", *CANVAS[:2], layout="canvas").uploads
    assert (upload.files, upload.remarks) == ((), ("only a text or a link was handed in, no file",))


def test_the_student_that_canvas_makes_for_trying_out_is_nobody_unless_the_roster_has_one():
    files = ["studenttest_4999_99900_a1.ipynb", "hoppergrace_4313_99819_a1.ipynb"]
    reading = read(*files, layout="canvas")
    assert (told(reading), reading.left) == ([("hoppergrace", ["a1.ipynb"])], ())
    known = Hints("a1_mlp", is_student=lambda text: text == "studenttest")
    assert len(layouts.LAYOUTS["canvas"].read([entry(name) for name in files], known).uploads) == 2


def test_a_canvas_group_stands_under_its_name():
    assert told(read("teamrocket_77_501_a1.ipynb", layout="canvas")) == [("teamrocket", ["a1.ipynb"])]


def test_names_that_happen_to_look_like_canvas_are_a_folder_where_the_roster_knows_them():
    roster = Roster([Student(f"lab_{number}_2021") for number in (1, 2, 3)])
    entries = [entry(f"lab_{number}_2021_final.ipynb") for number in (1, 2, 3)]
    known = Hints("a1_mlp", is_student=lambda text: roster.is_student(text.removesuffix("_final")))
    assert layouts.chosen(entries, known).NAME == "folder"
    assert layouts.chosen(entries, Hints("a1_mlp", roster=False)).NAME == "folder"
    assert layouts.chosen(entries, Hints("a1_mlp")).NAME == "canvas"


# --- Gradescope

METADATA = """\
---
submission_21:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0101'
    :email: ada@x.org
  :created_at: 2026-09-01 18:30:00.123456000 Z
  :score: 3.0
  :results:
    tests:
    - name: ":submitters:"
      output: |
        :created_at: 1999-01-01
        - :name: Nobody
  :history:
  - :id: 20
    :created_at: 2026-08-30 00:00:00 Z
submission_22:
  :created_at: 2026-09-01 13:30:00 -0500
  :submitters:
    - :name: "Jos\\u00e9 \\"P\\" P\\xE9rez"
      :sid: null
      :email: 'jose''s@x.org'
    - :name: Grace Hopper
      :sid: 0102
"""


def gradescope(*paths, metadata=METADATA):
    top = "assignment_5_export/"
    return [entry(top + path) for path in paths] + [entry(f"{top}submission_metadata.yml", metadata.encode())]


def test_gradescope_says_who_and_when_also_of_groups():
    one, group = read(
        *gradescope("submission_21/a1.ipynb", "submission_21/d/x.py", "submission_22/a1.ipynb"), layout="gradescope"
    ).uploads
    assert [file.path for file in one.files] == ["a1.ipynb", "d/x.py"]
    assert [(person.name, person.keys) for person in one.people] == [("Ada Lovelace", ("0101", "ada@x.org"))]
    assert one.when == datetime(2026, 9, 1, 18, 30, tzinfo=UTC)
    assert [(person.name, person.keys) for person in group.people] == [
        ('Jos\u00e9 "P" P\u00e9rez', ("jose's@x.org",)),
        ("Grace Hopper", ("0102",)),
    ]
    assert group.when == datetime(2026, 9, 1, 13, 30, tzinfo=timezone(timedelta(hours=-5)))


def test_gradescope_without_metadata_knows_nobody():
    (upload,) = read("assignment_5_export/submission_21/a1.ipynb", layout="gradescope").uploads
    assert str(upload.people[0]) == "submission_21"


def test_metadata_that_a_student_hands_in_is_a_file_like_any_other():
    mine = entry("assignment_5_export/submission_22/submission_metadata.yml", b"submission_22:\n  :submitters:\n")
    (upload,) = read(*gradescope(), mine, layout="gradescope").uploads
    assert [str(person) for person in upload.people] == ['Jos\u00e9 "P" P\u00e9rez', "Grace Hopper"]


# --- Teams

WORK = "Student Work/Submitted files"


def test_the_highest_version_in_teams_is_the_last_by_number():
    paths = [f"{WORK}/Lovelace, Ada/A1/Version {n}/a1.ipynb" for n in (9, 10, 2)]
    reading = read(*paths, layout="teams")
    assert [(upload.order, upload.said) for upload in reading.uploads] == [
        ((2,), "Version 2"), ((9,), "Version 9"), ((10,), "Version 10"),
    ]  # fmt: skip
    assert str(reading.uploads[0].people[0]) == "Lovelace, Ada"


def test_drafts_in_teams_are_not_taken_and_are_mentioned():
    reading = read(
        f"{WORK}/Ada/A1/Version 1/a1.ipynb",
        "Student Work/Working files/Ada/A1/a1.ipynb",
        "Student Work/Working files/Grace/A1/Version 3/a1.ipynb",
        layout="teams",
    )
    assert told(reading) == [("Ada", ["a1.ipynb"]), ("Grace", [])]
    assert reading.uploads[1].remarks == ("only drafts are there, nothing was turned in",)


def test_teams_holds_every_assignment_and_the_right_one_is_read():
    paths = [f"{WORK}/Ada/{title}/Version 1/a.ipynb" for title in ("A2 CNN", "a1 MLP", "Essay")]
    assert len(read(*paths, layout="teams").uploads) == 1
    entries = [entry(path) for path in paths]
    (upload,) = layouts.LAYOUTS["teams"].read(entries, Hints("a9", "Essay")).uploads
    assert upload.files[0].path == "a.ipynb"
    passed = layouts.LAYOUTS["teams"].read(entries, Hints("a9", "Essay")).passed
    assert [(str(each.person), each.title, each.alike) for each in passed] == [
        ("Ada", "A2 CNN", False), ("Ada", "a1 MLP", False)
    ]  # fmt: skip
    with pytest.raises(UsageError, match="several assignments: A2 CNN, Essay, a1 MLP; .*say which with --title"):
        layouts.LAYOUTS["teams"].read(entries, Hints("a9_other", "Nothing like it"))


def test_drafts_of_other_assignments_in_teams_are_no_drafts_of_this_one():
    reading = read(
        f"{WORK}/Ada/A1 MLP/Version 1/a1.ipynb", "Student Work/Working files/Grace/A2 CNN/a2.ipynb", layout="teams"
    )
    assert told(reading) == [("Ada", ["a1.ipynb"])]


@pytest.mark.parametrize(
    ("title", "is_alike"),
    [("A2 CNN (late)", True), ("A2-CNN - resit", True), ("a2cnn late", True), ("A20 CNN", False), ("CNN", False),
     ("A2 CNN2", False), ("", False)],
)  # fmt: skip
def test_a_title_with_something_added_may_be_the_same_assignment(title, is_alike):
    assert alike(title, "a2_cnn") is is_alike
    assert alike("a2_cnn", "") is False


def test_teams_is_known_without_the_folders_around_it():
    assert told(read("Ada Lovelace/A1/Version 1/a1.ipynb", layout="teams")) == [("Ada Lovelace", ["a1.ipynb"])]


# --- Classroom


def test_classroom_copies_name_their_students_and_drive_numbers_equal_names():
    reading = read(
        "A1 MLP/Ada Lovelace - A1 MLP.ipynb",
        "A1 MLP/Ada Lovelace - A1 MLP (1).ipynb",
        "A1 MLP/Ana L\u00f3pez Garc\u00eda - A1 MLP.ipynb",
        "A1 MLP/Copy of notebook.ipynb",
        layout="classroom",
    )
    assert [(str(upload.people[0]), upload.order) for upload in reading.uploads] == [
        ("Ada Lovelace", (0,)),
        ("Ada Lovelace", (1,)),
        ("Ana L\u00f3pez Garc\u00eda", (0,)),
        ("notebook", (1,)),
    ]


def test_a_dash_in_a_name_is_not_classroom():
    read("Ada Lovelace - draft.ipynb", "Grace - final.ipynb", "x.ipynb", layout="folder")


# --- Blackboard


def test_every_attempt_in_blackboard_is_an_upload_with_its_time():
    reading = read(
        "A_1_ada_attempt_2026-09-01-10-00-00.txt",
        "A_1_ada_attempt_2026-09-01-10-00-00_a1.ipynb",
        "A_1_ada_attempt_2026-09-02-11-30-00_a1_final_attempt.ipynb",
        "A_1_grace_poging_2026-09-01-09-00-00_a1.ipynb",
        "A_1_Group 7 _attempt_2026-09-01-09-00-00_a1.ipynb",
        layout="blackboard",
    )
    assert [(str(u.people[0]), u.order, u.when and u.when.day, [f.path for f in u.files]) for u in reading.uploads] == [
        ("Group 7", (1,), 1, ["a1.ipynb"]),
        ("ada", (1,), 1, ["a1.ipynb"]),
        ("ada", (2,), 2, ["a1_final_attempt.ipynb"]),
        ("grace", (1,), 1, ["a1.ipynb"]),
    ]
    assert reading.uploads[2].said == "attempt 2, 2026-09-02 11:30"


def test_the_user_of_blackboards_preview_is_nobody_unless_the_roster_has_one():
    names = [f"A1_{user}_attempt_2026-09-01-10-00-00_a1.ipynb" for user in ("cs101", "j_doe_previewuser")]
    login = {"is_login": lambda text: text == "j_doe_previewuser"}
    assert [who for who, _ in told(read(*names, layout="blackboard"))] == ["cs101"]
    assert [who for who, _ in told(read(*names, layout="blackboard", **login))] == ["cs101", "j_doe_previewuser"]


def test_a_file_name_in_blackboard_cannot_pose_as_another_attempt():
    name = "A1_eve_attempt_2026-09-01-10-00-00_A1_ada_attempt_2026-09-03-10-00-00_a1.ipynb"
    assert [who for who, _ in told(read(name, layout="blackboard"))] == ["eve"]


# --- plain folders


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(["cs101.ipynb", "cs102.py"], [("cs101", ["cs101.ipynb"]), ("cs102", ["cs102.py"])], id="files"),
        pytest.param(["cs101/a.ipynb", "cs101/d/x.py"], [("cs101", ["a.ipynb", "d/x.py"])], id="folders"),
        pytest.param(["cs101.zip", "cs102/a.py"], [("cs101", ["cs101.zip"]), ("cs102", ["a.py"])], id="a zip each"),
        pytest.param(["A/cs101/a.py", "B/cs102/a.py"], [("cs101", ["a.py"]), ("cs102", ["a.py"])], id="sections"),
        pytest.param(["all/2026/cs101.ipynb"], [("cs101", ["cs101.ipynb"])], id="folders around"),
        pytest.param(["Ada Lovelace/x.ipynb"], [("Ada Lovelace", ["x.ipynb"])], id="names"),
        pytest.param(["cs101_a1_mlp.ipynb"], [("cs101_a1_mlp", ["cs101_a1_mlp.ipynb"])], id="with the assignment"),
    ],
)  # fmt: skip
def test_students_are_at_the_level_where_the_roster_knows_the_names(paths, expected):
    reading = read(*paths, layout="folder", place="downloads")
    assert sorted(told(reading)) == expected
    for upload in reading.uploads:
        assert ROSTER.match(upload.people[0]).students


def test_a_folder_named_for_a_student_is_theirs():
    assert told(read("a1.ipynb", "x.py", layout="folder", place="cs101")) == [("cs101", ["a1.ipynb", "x.py"])]


def test_what_is_neither_a_notebook_nor_a_students_is_left():
    reading = read("cs101.ipynb", "README.md", "cs102.pdf", layout="folder")
    assert [who for who, _ in told(reading)] == ["cs101", "cs102"]
    assert [entry.path for entry in reading.left] == ["README.md"]


@pytest.mark.parametrize(
    ("packed", "paths", "people"),
    [
        (False, ["ana.ipynb", "bo/x.ipynb"], ["ana", "bo"]),
        (False, ["s-1.ipynb", "s-2.ipynb"], ["s-1", "s-2"]),
        (True, ["all/ana/x.ipynb", "all/bo/x.ipynb"], ["ana", "bo"]),
        (True, ["a1_mlp.ipynb", "helpers.py"], ["here"]),
        (True, ["work/a1_mlp.ipynb", "work/helpers.py"], ["here"]),
    ],
)
def test_without_a_roster_the_names_that_are_there_are_taken(packed, paths, people):
    nobody = Hints("a1_mlp", roster=False, place="here", packed=packed)
    reading = plain.read([entry(path) for path in paths], nobody)
    assert sorted(str(upload.people[0]) for upload in reading.uploads) == people


# --- what platforms export as tables

WORKSHEET = (
    "\ufeffIdentifier,Full name,ID number,Email address,Status,Grade,Last modified (submission),Feedback comments\r\n"
    "Participant 9001,Ada Lovelace,cs101,ada@x.org,Submitted for grading - 3 mins 31 secs late,,"
    '"Wednesday, 10 June 2026, 2:14 PM","said ""no""\nagain"\r\n'
    "Participant 9002,Grace Hopper,,grace@x.org,No submission,,-,\r\n"
)


def test_moodles_worksheet_is_read():
    layout, known = known_people(entry("grades.csv", WORKSHEET.encode()))
    assert layout == "moodle"
    assert known == {
        "9001": Known(Person("Ada Lovelace", ("cs101", "ada@x.org")), datetime(2026, 6, 10, 14, 14), True),
        "9002": Known(Person("Grace Hopper", ("grace@x.org",)), None, False),
    }


def test_canvas_gradebook_is_read_also_with_semicolons():
    for separator in ",;":
        rows = [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"],
            ["Lovelace Ada", "4312", "cs101", "ada", "A"],
        ]
        table = "\n".join(separator.join(row) for row in rows)
        assert known_people(entry("g.csv", table.encode())) == (
            "canvas",
            {"4312": Known(Person("Lovelace Ada", ("cs101", "ada")))},
        )


def test_gradescopes_scores_are_read():
    columns, row = "First Name,Last Name,SID,Email,Submission ID,Submission Time", "Ada,Lovelace,7,a@x,21,"
    _, known = known_people(entry("g.csv", f"{columns}\n{row}2022-06-25 13:16:26 -0600\n".encode()))
    assert known["21"].person == Person("Ada Lovelace", ("7", "a@x"))
    assert known["21"].when.astimezone(UTC) == datetime(2022, 6, 25, 19, 16, 26, tzinfo=UTC)


@pytest.mark.parametrize("table", [b"", b"student,name\ncs101,Ada\n", b'a,b\n"unclosed'])
def test_another_table_is_not_believed(table):
    assert known_people(entry("roster.csv", table)) is None


def test_a_table_that_is_no_text_says_so():
    with pytest.raises(AuthoringError, match="g.csv: not utf-16-le text"):
        known_people(entry("g.csv", b"\xff\xfe\x00"))


# --- clocks


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-06-25 13:16:26 -0600", "2022-06-25T19:16:26"),
        ("2022-06-25 19:16:26.123456000 Z", "2022-06-25T19:16:26"),
        ("2022-06-25T19:16:26+05:30", "2022-06-25T13:46:26"),
        ("2022-06-25 19:16 UTC", "2022-06-25T19:16:00"),
    ],
)
def test_a_time_with_its_zone_is_a_moment(text, utc):
    assert on_the_clock(stated(text), "") == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["Wednesday, 10 June 2026, 2:14 PM", "Wednesday, June 10, 2026, 2:14 PM", "10 June 2026, 14:14", "2026-06-10 14:14",
     "Wednesday, 10 June 2026, 2:14\u202fPM"],
)  # fmt: skip
def test_a_time_without_a_zone_is_on_the_courses_clock_or_unknown(text):
    assert stated(text) == datetime(2026, 6, 10, 14, 14)
    assert on_the_clock(stated(text), "") is None
    assert on_the_clock(stated(text), "Asia/Kolkata") == datetime(2026, 6, 10, 8, 44, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "-", "yesterday", "2026-13-45 10:00", "31 June 2026, 10:00", "mercredi 10 juin 2026"]
)
def test_what_is_no_time_is_unknown(text):
    assert stated(text) is None


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        pytest.param((2026, 7, 1, 12, 0), (2026, 7, 1, 10, 0), id="summer"),
        pytest.param((2026, 12, 1, 12, 0), (2026, 12, 1, 11, 0), id="winter"),
        pytest.param((2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30), id="an hour that the clock shows twice"),
        pytest.param((2026, 3, 29, 2, 30), (2026, 3, 29, 0, 30), id="an hour that the clock leaves out"),
    ],
)
def test_a_change_of_clocks_makes_nobody_late(local, utc):
    assert on_the_clock(datetime(*local), "Europe/Berlin") == datetime(*utc, tzinfo=UTC)


DEADLINE = datetime(2026, 9, 1, 23, 59, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("after", "minutes"),
    [(-timedelta(days=3), 0), (timedelta(0), 0), (timedelta(seconds=1), 1), (timedelta(minutes=15), 15),
     (timedelta(minutes=15, seconds=1), 16), (timedelta(days=2, minutes=1), 2881)],
)  # fmt: skip
def test_lateness_is_counted_in_minutes_begun(after, minutes):
    assert late_minutes((DEADLINE + after).astimezone(UTC), DEADLINE) == Decimal(minutes)


def test_what_is_not_known_is_never_late():
    assert late_minutes(None, DEADLINE) == late_minutes(DEADLINE, None) == 0


def test_times_are_shown_on_the_courses_clock():
    assert shown(DEADLINE, "Asia/Kolkata") == "2026-09-01 23:59"
    assert shown(DEADLINE, "") == "2026-09-01 18:29 UTC"
    assert shown(None, "") == "unknown"
    assert [shown_late(Decimal(n)) for n in (5, 190, 3120)] == ["5 min", "3 h 10 min", "2 d 4 h"]
