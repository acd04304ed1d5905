"""`grader collect`, `grader roster alias`, and `grade` of what was collected: what a teaching assistant reads."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.commands.collecting import read_now
from grader.course.config import read_assignment
from grader.errors import UsageError
from grader.paths import PACKAGE, Paths
from grader.record.store import Store

PAGE_OF_DOCS = PACKAGE.parent / "docs" / "collect.md"
TABLE = PAGE_OF_DOCS.read_text(encoding="utf-8").partition("```text table\n")[2].partition("```")[0]
ROSTER = """student,name,email,lms_id
cs101,Asha Rao,asha@iit.example,4312
cs102,José Álvarez,jose@iit.example,4313
cs103,आशा देवी,devi@iit.example,4314
cs104,Bilal Khan,bilal@iit.example,4315
"""
ASSIGNMENT = """title = "From one neuron to a trained MLP"
[limits]
disk_mib = 2
[[question]]
id = "q1"
title = "Activations"
points = 4
names = ["relu", "softmax_loss"]
"""
COURSE = """name = "Deep Learning"
timezone = "Asia/Kolkata"
[deadlines]
a1_mlp = 2026-09-01T23:59:00
[late]
per_day = 10
[[component]]
id = "work"
title = "Assignments"
weight = 100
assignments = ["a1_mlp"]
"""


def notebook(*sources, outputs=()):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources]
    cells[0]["outputs"] = list(outputs)
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


RELU, LOSS = "def relu(x):\n    return x\n", "def softmax_loss(x, y):\n    return x, y\n"
GOOD = notebook(RELU, LOSS)
OTHER = notebook(RELU, LOSS, "x = 2")
PAGE = b"<!DOCTYPE html><title>Log in</title>"


def zipped(files):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def moodle(**names):
    """A Moodle download: file content, or {file: content}, by the number of the student: n9001_Asha_Rao=..."""
    files = {}
    for key, content in names.items():
        number, _, name = key.removeprefix("n").partition("_")
        for file, inside in (content if isinstance(content, dict) else {"a1_mlp.ipynb": content}).items():
            files[f"{name.replace('_', ' ')}_{number}_assignsubmission_file_/{file}"] = inside
    return zipped(files)


def worksheet(**times):
    """Moodle's grading worksheet: the e-mail name and the time on the clock of the site, by number."""
    rows = ["Identifier,Full name,Email address,Status,Grade,Last modified (submission)"]
    for number, (who, time, status) in times.items():
        rows.append(f'Participant {number.removeprefix("n")},,{who}@iit.example,{status},,"{time}"')
    return "\r\n".join(rows).encode("utf-8-sig")


@pytest.fixture
def here(course_of):
    """A course with one small assignment, and the current folder in it."""
    files = {"course.toml": COURSE, "roster.csv": ROSTER, "assignments/a1_mlp/assignment.toml": ASSIGNMENT}
    return course_of(files).root


@pytest.fixture
def run(here, grader):
    """Run a command in the course, as typed."""
    return grader


@pytest.fixture
def collect(here, run):
    """Collect files by name: bytes are written, a dict is a folder; returns (exit code, rows by student, document)."""

    def collect(*options, **places):
        names = [write(here, name.replace("__", "."), content) for name, content in places.items()]
        code, out, _ = run("collect", "a1_mlp", *names, "--json", *options)
        document = json.loads(out)
        return code, {row["student"]: row for row in document["rows"]}, document

    return collect


def write(folder, name, content):
    path = folder / name
    if isinstance(content, dict):
        for inside, each in content.items():
            write(path, inside, each)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def on_record(folder):
    with Store.open(Paths(folder).record, read_only=True) as store:
        return {submission.student: submission for submission in store.current_submissions("a1_mlp")}


def states(rows):
    return {student: row["state"] for student, row in rows.items()}


# --- the table


def test_the_table_ends_with_who_needs_a_person_and_says_what_to_do(here, run):
    download = moodle(
        n9001_Asha_Rao=GOOD,
        n9002_José_Álvarez={"a1_mlp.ipynb": GOOD, "a1_mlp (1).ipynb": OTHER},
        n9003_आशा_देवी=PAGE,
        n9009_Bilal_Kahn=GOOD,
    )
    write(here, "moodle.zip", download)
    code, out, _ = run("collect", "a1_mlp", "moodle.zip")
    assert (code, out) == (1, TABLE)
    assert set(on_record(here)) == {"cs101", "cs102", "cs103"}


@pytest.mark.parametrize("width", [60, 80])
def test_on_a_narrow_screen_what_is_to_know_stands_below_the_row(here, run, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    long = "a1_mlp of the class of Monday, at last.ipynb"
    write(here, "moodle.zip", moodle(n9001_Asha_Rao={long: GOOD}, n9003_आशा_देवी=PAGE, n9009_Bilal_Kahn=GOOD))
    _, out, _ = run("collect", "a1_mlp", "moodle.zip")
    rows = out.split("\n\n")[1].splitlines()
    assert [line for line in rows if len(line) > width] == []
    at = next(number for number, line in enumerate(rows) if line.startswith("needs you"))
    assert rows[at + 1].startswith("    a1_mlp.ipynb: this is a saved web page")


@pytest.mark.parametrize("width", [40, 80])
def test_what_is_to_do_is_as_wide_as_the_screen_and_its_command_on_one_line(here, run, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    write(here, "in.zip", moodle(n9001_Bilal_Kahn=GOOD, n9002_Asha_Rao=GOOD))
    _, out, _ = run("collect", "a1_mlp", "in.zip")
    lines = out.partition("If Bilal Kahn")[2].splitlines()
    (command,) = [line for line in lines if "grader roster alias" in line]
    assert "grader roster alias 'Bilal Kahn' cs104;" in command
    assert all(len(line) <= max(width, 45) for line in lines), lines
    assert max(map(len, lines)) > width // 2


def test_a_download_without_a_blemish_is_done(collect):
    everybody = moodle(n1_Asha_Rao=GOOD, n2_José_Álvarez=GOOD, n3_आशा_देवी=GOOD, n4_Bilal_Khan=GOOD)
    code, rows, document = collect(all__zip=everybody)
    assert (code, set(states(rows).values())) == (0, {"read"})
    assert document["counts"] == {"read": 4, "mended": 0, "needs_you": 0, "missing": 0, "unknown": 0}


def test_a_name_cannot_command_the_terminal(here, run):
    write(here, "in.zip", moodle(**{"n1_Evil\u202eName": {"x\u202ecod.ipynb": GOOD}}))
    _, out, _ = run("collect", "a1_mlp", "in.zip")
    assert "unknown" in out
    assert all(letter.isprintable() or letter == "\n" for letter in out)


@pytest.mark.parametrize(
    ("content", "file", "state", "message"),
    [
        pytest.param(
            notebook(RELU, "", "def softmax_los(x, y):\n    return x, y"), "a1.ipynb", "read",
            "q1: looked for softmax_loss; your notebook defines softmax_los (cell 3)", id="1 a renamed function",
        ),
        pytest.param(
            notebook(RELU, LOSS, RELU), "a1.ipynb", "read",
            "q1: relu is defined in cells 1 and 3; the last one counts", id="2 a cell that is there twice",
        ),
        pytest.param(
            (RELU + "\n" + LOSS).encode(), "a1.py", "mended",
            "a1.py holds plain Python and no notebook: accepted, cut into 2 cells at blank lines", id="3 a script",
        ),
        pytest.param(
            GOOD[:-20], "a1.ipynb", "needs_you", f"a1.ipynb: the notebook breaks off after {len(GOOD) - 20} bytes",
            id="4 cut short",
        ),
        pytest.param(b"", "a1.ipynb", "needs_you", "a1.ipynb: the file is empty (0 bytes", id="4 empty"),
        pytest.param(
            GOOD.replace(b'"cells"', b'\n<<<<<<< HEAD\n"cells"'), "a1.ipynb", "needs_you",
            "a1.ipynb: line 3 is a mark of a git conflict", id="4 conflict",
        ),
        pytest.param(b"%PDF-1.7", "a1.pdf", "needs_you", "a1.pdf: this is a PDF, not a notebook", id="4 PDF"),
        pytest.param(
            notebook(RELU, LOSS, outputs=[{"output_type": "stream", "name": "stdout", "text": ["x" * 80 * 2**20]}]),
            "a1.ipynb", "mended",
            "80.0 MiB of outputs were dropped, the code is unchanged; most of it, 80.0 MiB, was in cell 1",
            id="7 outputs of 80 MB",
        ),
        pytest.param(
            notebook("import numpy"), "a1.ipynb", "needs_you",
            "it defines nothing that a1_mlp asks for; another assignment's notebook?", id="another assignment",
        ),
    ],
)  # fmt: skip
def test_every_mishap_has_its_sentence(here, collect, content, file, state, message):
    _, rows, _ = collect(in__zip=moodle(n1_Asha_Rao={file: content}))
    assert rows["cs101"]["state"] == state
    assert rows["cs101"]["what"][0].startswith(message)
    assert on_record(here)["cs101"].content == content


# --- whose it is


def test_who_is_unknown_is_held_until_somebody_says_who_it_is(here, run, collect):
    download = {"in__zip": moodle(n1_Ascha_Rao=GOOD)}
    code, rows, _ = collect(**download)
    assert (code, states(rows)["Ascha Rao"], rows["Ascha Rao"]["closest"]) == (1, "unknown", ["cs101"])
    assert on_record(here) == {}
    assert run("roster", "alias", "Ascha Rao", "cs101")[0] == 0
    code, rows, _ = collect(**download)
    assert (code, states(rows)["cs101"], rows["cs101"]["found_by"]) == (0, "read", "alias")
    assert set(on_record(here)) == {"cs101"}


def test_a_command_that_would_be_refused_is_not_proposed(here, run):
    write(here, "roster.csv", ROSTER.replace("Bilal Khan", "Asha Rao").encode())
    files = {f"Submitted files/{who}/A1/Version 1/a1_mlp.ipynb": GOOD for who in ("Asha Rao", "Bilal Kahn")}
    write(here, "in.zip", zipped(files))
    _, out, _ = run("collect", "a1_mlp", "in.zip")
    assert "2 students fit" in out and "grader roster alias 'Bilal Kahn'" in out
    write(here, "in.zip", zipped(dict([*files.items()][:1])))
    _, out, _ = run("collect", "a1_mlp", "in.zip")
    assert "2 students fit" in out and "roster alias" not in out


def test_a_group_hands_in_for_all_of_its_students(here, run, collect):
    assert run("roster", "alias", "Team 7", "cs101", "cs103")[1].startswith("Team 7 stands for cs101, cs103")
    collect(in__zip=moodle(n1_Team_7=GOOD))
    assert {student: found.content for student, found in on_record(here).items()} == {"cs101": GOOD, "cs103": GOOD}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Somebody", "cs1O1"], "no student 'cs1O1' on the roster (did you mean 'cs101'?)"),
        (["cs102", "cs101"], "'cs102' is itself on the roster; an alias of that name would take their work away"),
        (["team seven", "cs104"], "'Team Seven' stands for cs101 already; change it in roster_aliases.csv"),
        (["asha@iit.example", "cs102"],
         "'asha@iit.example' is itself on the roster; an alias of that name would take their work away"),
        (["Khan, Bilal", "cs101"], "'Khan, Bilal' is itself on the roster; an alias of that name would take their "
         "work away: name the account, as in 'Khan, Bilal (5003)'"),
        (["#1", "cs101"], "'#1' cannot be an alias: it needs letters or digits, and no # or blank in front"),
    ],
)  # fmt: skip
def test_an_alias_that_would_harm_is_refused(run, arguments, message):
    run("roster", "alias", "Team Seven", "cs101")
    assert run("roster", "alias", *arguments) == (2, "", f"grader: {message}\n")


def test_an_alias_that_is_put_right_does_not_become_a_group(run):
    run("roster", "alias", "Anna (5002)", "cs101")
    assert run("roster", "alias", "Anna (5002)", "cs102") == (
        2,
        "",
        "grader: 'Anna (5002)' stands for cs101 already; change it in roster_aliases.csv, or name all of the group\n",
    )
    assert run("roster", "alias", "Anna (5002)", "cs101", "cs102")[0] == 0


def test_a_table_of_aliases_with_a_stranger_in_it_is_an_error(here, run):
    write(here, "roster_aliases.csv", b"alias,student\nx,cs999\n")
    code, _, err = run("collect", "a1_mlp", "roster.csv")
    assert (code, err) == (3, "grader: roster_aliases.csv, line 2, column student: no student 'cs999' in roster.csv\n")


def test_the_platforms_table_finds_people_by_e_mail_whatever_they_are_called(here, collect):
    table = worksheet(n1=("asha", "-", ""), n2=("jose", "-", ""))
    code, rows, _ = collect(in__zip=moodle(n1_A__R_=GOOD, n2_Pepe=OTHER), grades__csv=table)
    assert (rows["cs101"]["found_by"], rows["cs102"]["found_by"]) == ("e-mail", "e-mail")
    assert on_record(here)["cs102"].content == OTHER


def test_a_table_that_a_student_hands_in_is_not_believed(here, collect):
    forged = worksheet(n1=("bilal", "Tuesday, 1 September 2026, 10:00 AM", ""))
    download = moodle(n1_Asha_Rao={"a1_mlp.ipynb": GOOD, "grades.csv": forged})
    for places in ({"in__zip": download}, {"folder": {"in.zip": download, "grades.csv": forged}}):
        _, rows, _ = collect(**places)
        assert (rows["cs101"]["state"], rows["cs101"]["time"], rows["cs104"]["state"]) == ("read", None, "missing")
    assert dict(on_record(here)["cs101"].extras) == {"grades.csv": forged}


def test_an_id_and_a_name_of_two_people_are_held(here, collect):
    table = worksheet(n1=("jose", "-", ""))
    _, rows, _ = collect(in__zip=moodle(n1_x=GOOD), grades__csv=table.replace(b"1,,jose", b"1,Asha Rao,jose"))
    assert rows["Asha Rao (1)"]["what"] == ["its e-mail is that of cs102, its name that of cs101"]
    assert on_record(here) == {}


def test_of_two_students_with_one_name_the_account_is_named(here, run, collect):
    """An alias of the name alone would, in the next assignment, give the other one's work away."""
    write(here, "roster.csv", ROSTER.replace("Bilal Khan", "Asha Rao").encode())
    _, rows, _ = collect(in__zip=moodle(n7_Asha_Rao=GOOD))
    assert rows["Asha Rao (7)"]["what"] == ["2 students fit"]
    code, _, err = run("roster", "alias", "Asha Rao", "cs101")
    assert code == 2 and "name the account, as in 'Asha Rao (5003)'" in err
    assert run("roster", "alias", "Asha Rao (7)", "cs101")[0] == 0
    assert collect(in__zip=moodle(n7_Asha_Rao=GOOD))[1]["cs101"]["state"] == "read"
    assert collect(in__zip=moodle(n8_Asha_Rao=OTHER))[1]["Asha Rao (8)"]["state"] == "unknown"
    assert {who: found.content for who, found in on_record(here).items()} == {"cs101": GOOD}


# --- one submission a student

TWO_ATTEMPTS = {
    "A1_asha_attempt_2026-09-01-10-00-00_a1.ipynb": GOOD,
    "A1_asha_attempt_2026-09-02-11-00-00_a1.ipynb": OTHER,
    "A1_asha_attempt_2026-09-02-11-00-00.txt": b"Name: Asha",
}


@pytest.mark.parametrize(("policy", "content", "number"), [("last", OTHER, 2), ("first", GOOD, 1)])
def test_one_of_two_attempts_counts_by_policy(here, collect, policy, content, number):
    _, rows, _ = collect("--policy", policy, in__zip=zipped(TWO_ATTEMPTS))
    other = {"last": "first", "first": "last"}[policy]
    what = rows["cs101"]["what"][0]
    assert what.startswith(f"attempt {number}, 2026-09-0{number} ")
    assert what.endswith(f"is used, the {policy} of 2; --policy {other} takes another")
    assert on_record(here)["cs101"].content == content
    assert rows["cs101"]["state"] == "mended"


def test_a_later_submission_on_record_is_not_replaced_by_an_older_download(here, collect):
    late = {name: content for name, content in TWO_ATTEMPTS.items() if "09-02" in name}
    early = {name: content for name, content in TWO_ATTEMPTS.items() if "09-01" in name}
    collect(tuesday__zip=zipped(late))
    _, rows, _ = collect(monday__zip=zipped(early))
    assert rows["cs101"]["what"][0].startswith("not taken: the record has the last one, of 2026-09-02 11:00, from ")
    assert on_record(here)["cs101"].content == OTHER
    collect("--policy", "first", monday__zip=zipped(early))
    assert on_record(here)["cs101"].content == GOOD


def test_collecting_again_changes_nothing_and_says_so(here, run):
    write(here, "in.zip", moodle(n1_Asha_Rao=GOOD))
    first = run("collect", "a1_mlp", "in.zip")[1].splitlines()
    again = run("collect", "a1_mlp", "in.zip")[1].splitlines()
    assert first[:-1] == again[:-1]
    assert (first[-1].split(". ")[1], again[-1].split(". ")[1]) == ("On record: 1 new.", "On record: 1 as before.")


def test_a_file_that_replaces_another_on_record_is_told(here, collect):
    collect(a__zip=moodle(n1_Asha_Rao=GOOD))
    _, rows, _ = collect(b__zip=moodle(n1_Asha_Rao=OTHER))
    assert (rows["cs101"]["state"], rows["cs101"]["what"]) == ("mended", ["replaces what was on record"])
    assert on_record(here)["cs101"].content == OTHER


@pytest.mark.parametrize(
    ("files", "what"),
    [
        pytest.param(
            {"Asha Rao_1_assignsubmission_onlinetext_/onlinetext.html": b"hi"},
            [
                "only a text was typed into Moodle, which is not graded",
                "no file was handed in: nothing is recorded",
            ],
            id="a text in the browser",
        ),
        pytest.param(
            {"Student Work/Working files/Asha Rao/A1/a1.ipynb": GOOD},
            ["only drafts are there, nothing was turned in", "no file was handed in: nothing is recorded"],
            id="drafts",
        ),
    ],
)
def test_who_handed_in_no_file_has_one_row_and_nothing_on_record(here, collect, files, what):
    code, rows, document = collect(in__zip=zipped(files))
    assert (code, rows["cs101"]["state"], sorted(rows["cs101"]["what"])) == (1, "needs_you", sorted(what))
    assert [row["student"] for row in document["rows"]].count("cs101") == 1
    assert on_record(here) == {}


def test_a_notebook_that_is_called_a_zip_is_a_notebook(here, collect):
    _, rows, _ = collect(in__zip=moodle(n1_Asha_Rao={"a1.zip": GOOD}))
    assert rows["cs101"]["what"] == ["a1.zip: no archive of a kind that is read"]
    assert on_record(here)["cs101"].content == GOOD


def test_who_was_collected_before_is_not_missing(collect):
    collect(a__zip=moodle(n1_Asha_Rao=GOOD))
    _, rows, _ = collect(b__zip=moodle(n2_José_Álvarez=GOOD))
    assert states(rows) == {"cs102": "read", "cs103": "missing", "cs104": "missing"}


def test_a_gradescope_group_is_graded_for_each_of_its_people(here, collect):
    metadata = """---
submission_21:
  :submitters:
  - :name: Asha Rao
    :sid: cs101
  - :name: Jose Alvarez
    :email: jose@iit.example
  :created_at: 2026-09-01 17:00:00 Z
"""
    top = "assignment_5_export"
    files = {f"{top}/submission_21/a1.ipynb": GOOD, f"{top}/submission_metadata.yml": metadata}
    _, rows, _ = collect(in__zip=zipped(files))
    assert {rows[student]["time"] for student in ("cs101", "cs102")} == {"2026-09-01T17:00:00+00:00"}
    assert set(on_record(here)) == {"cs101", "cs102"}


# --- lateness


def lateness(run, student):
    out = run("marks", "--student", student)[1]
    return next(line for line in out.splitlines() if "a1_mlp:" in line)


TIMES = worksheet(
    n1=("asha", "Tuesday, 1 September 2026, 11:59 PM", "Submitted for grading"),
    n2=("jose", "Thursday, 3 September 2026, 1:00 AM", "Submitted for grading - 1 day 1 hour late"),
)
TIMED = {"in__zip": moodle(n1_Asha_Rao=GOOD, n2_José_Álvarez=GOOD, n3_आशा_देवी=GOOD), "grades__csv": TIMES}


def test_lateness_goes_from_the_platforms_clock_into_the_marks(here, run, collect):
    _, rows, _ = collect(**TIMED)
    assert [rows[f"cs10{n}"]["late_minutes"] for n in (1, 2, 3)] == [0, 1501, None]
    assert rows["cs102"]["what"] == ["1 d 1 h late (2026-09-03 01:00)"]
    assert [" late" in lateness(run, f"cs10{n}") for n in (1, 2, 3)] == [False, True, False]


def test_a_time_once_known_stays_when_the_table_is_not_given_again(here, run, collect):
    collect(**TIMED)
    _, rows, _ = collect(in__zip=TIMED["in__zip"])
    assert rows["cs102"]["late_minutes"] == 1501
    assert rows["cs102"]["what"] == ["1 d 1 h late (2026-09-03 01:00)"]
    assert " late" in lateness(run, "cs102")


def test_what_a_platform_calls_late_is_counted_by_the_time_that_was_known(here, run, collect):
    times = worksheet(n1=("asha", "Thursday, 3 September 2026, 1:00 AM", ""))
    collect(in__zip=moodle(n1_Asha_Rao=GOOD), grades__csv=times)
    _, rows, _ = collect(in__zip=zipped({"raoasha_LATE_4312_9_a1_mlp.ipynb": GOOD}))
    assert (states(rows)["cs101"], rows["cs101"]["what"]) == ("read", ["1 d 1 h late (2026-09-03 01:00)"])


def test_a_wrong_clock_is_put_right_by_collecting_again(here, run, collect):
    (here / "course.toml").write_text(COURSE.replace("Asia/Kolkata", "UTC").replace("23:59:00", "18:29:00Z"))
    _, rows, _ = collect(**TIMED)
    assert rows["cs101"]["late_minutes"] == 330
    (here / "course.toml").write_text(COURSE)
    _, rows, _ = collect(**TIMED)
    assert rows["cs101"]["late_minutes"] == 0
    assert " late" not in lateness(run, "cs101")


def test_an_extension_is_above_the_platforms_time(here, run, collect):
    write(here, "marks/status.csv", b"student,item,status,reason\ncs102,a1_mlp,late_hours=0,extension\n")
    collect(**TIMED)
    assert " late" not in lateness(run, "cs102")


def test_a_time_on_a_clock_that_nobody_named_is_unknown(here, run, collect):
    (here / "course.toml").write_text(
        COURSE.replace('timezone = "Asia/Kolkata"\n', "").replace("23:59:00", "18:29:00Z")
    )
    _, rows, _ = collect(**TIMED)
    assert rows["cs102"]["time"] is None
    out = run("collect", "a1_mlp", "in.zip", "grades.csv")[1]
    assert "The time of 3 of 3 is not known, or is on a clock that course.toml does not name (timezone)" in out


def test_what_a_platform_calls_late_and_nobody_can_count_is_for_a_person(here, run, collect):
    files = {"raoasha_LATE_4312_9_a1_mlp.ipynb": GOOD, "álvarezjosé_4313_10_a1_mlp.ipynb": GOOD}
    code, rows, _ = collect(in__zip=zipped(files))
    assert (code, states(rows)["cs101"], states(rows)["cs102"]) == (1, "needs_you", "read")
    assert rows["cs101"]["what"] == [
        "marked late, and its time is not known: not counted as late; settle it in marks/status.csv with "
        "late_hours=... for a1_mlp"
    ]
    assert " late" not in lateness(run, "cs101")


def test_without_a_deadline_nobody_is_late(here, run, collect):
    (here / "course.toml").write_text(COURSE.replace("[deadlines]\na1_mlp = 2026-09-01T23:59:00\n", ""))
    _, rows, _ = collect(**TIMED)
    assert rows["cs102"]["late_minutes"] is None
    out = run("collect", "a1_mlp", "in.zip", "grades.csv")[1]
    assert "No deadline of a1_mlp in course.toml: nobody is late." in out


# --- places


@pytest.mark.parametrize("layout", ["auto", "folder"])
def test_a_plain_folder_is_collected_too(here, collect, layout):
    folder = {"cs101/a1_mlp.ipynb": GOOD, "cs101/helpers.py": b"h", "José Álvarez.ipynb": OTHER, "notes.md": b""}
    code, rows, document = collect("--from", layout, folder=folder)
    assert (code, states(rows)["cs101"], states(rows)["cs102"]) == (1, "read", "read")
    assert document["places"][0]["left_alone"] == ["notes.md"]
    assert on_record(here)["cs101"].extras == (("helpers.py", b"h"),)


def test_a_folder_of_downloads_is_opened_download_by_download(here, collect):
    folder = {
        "idl-a1-77.zip": moodle(n1_Asha_Rao=GOOD),
        "more": {"export.zip": zipped({"submission_1/x.ipynb": GOOD})},
        "cs103.zip": zipped({"work/a1_mlp.ipynb": OTHER, "work/w.npz": b"w"}),
    }
    _, rows, document = collect(downloads=folder)
    assert [place["layout"] for place in document["places"]] == ["folder", "moodle", "gradescope"]
    assert states(rows)["cs101"] == states(rows)["cs103"] == "read"
    assert states(rows)["submission_1"] == "unknown"
    assert on_record(here)["cs103"].extras == (("w.npz", b"w"),)


def test_a_download_inside_a_zip_is_opened(here, collect):
    collect(all__zip=zipped({"monday/moodle.zip": moodle(n1_Asha_Rao=GOOD)}))
    assert set(on_record(here)) == {"cs101"}


def test_a_zip_in_a_submission_is_opened(here, collect):
    inner = zipped({"a1/a1_mlp.ipynb": GOOD, "a1/weights/w.npz": b"w", "a1/.git/config": b"", "__MACOSX/a1/._x": b""})
    _, rows, _ = collect(in__zip=moodle(n1_Asha_Rao={"work.zip": inner}))
    assert states(rows)["cs101"] == "read"
    assert on_record(here)["cs101"].extras == (("weights/w.npz", b"w"),)


def test_hostile_archives_are_named_and_the_rest_is_read(here, collect):
    inner = zipped({"a1_mlp.ipynb": GOOD, "../../cs102/a1_mlp.ipynb": b"evil", "bomb.bin": bytes(20 * 2**20)})
    code, rows, document = collect(
        in__zip=zipped(
            {
                "Asha Rao_1_assignsubmission_file_/work.zip": inner,
                "../../outside.ipynb": b"evil",
                "Bilal Khan_4_assignsubmission_file_/a1_mlp.ipynb": GOOD,
            }
        )
    )
    assert (code, states(rows)["cs104"]) == (1, "read")
    assert document["places"][0]["not_read"] == ["../../outside.ipynb: its path leads out of the archive"]
    what = " ".join(rows["cs101"]["what"])
    assert "work.zip: ../../cs102/a1_mlp.ipynb: its path leads out of the archive" in what
    assert "work.zip: bomb.bin: 20 MiB packed" in what
    assert on_record(here)["cs101"].content == GOOD
    assert sorted(path.name for path in here.parent.rglob("*") if path.suffix == ".ipynb") == []


def test_a_file_that_is_too_large_to_go_along_is_named(here, collect):
    _, rows, _ = collect(in__zip=moodle(n1_Asha_Rao={"a1_mlp.ipynb": GOOD, "w.pt": b"w" * (3 * 2**20), "h.py": b"h"}))
    assert rows["cs101"]["what"] == ["w.pt (3.0 MiB) left out: at most 1 MiB of files go with a notebook"]
    assert on_record(here)["cs101"].extras == (("h.py", b"h"),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("nothing.zip", None, "there is no such file or folder", id="not there"),
        pytest.param("page.zip", PAGE, "a saved web page and no archive", id="page"),
        pytest.param("cut.zip", zipped({"x": b"x"})[:40], "the zip breaks off after 40 bytes", id="cut short"),
        pytest.param("x.rar", b"Rar!", "a RAR archive, which is not read; unpack it by hand", id="RAR"),
        pytest.param(
            "all.zip.002", b"x", "a part of a split archive, and its first part, all.zip.001, is", id="a part"
        ),
        pytest.param(
            "people.csv",
            b"name,age\n",
            "a table that is not known (it begins with 'name,age'); expected Moodle's",
            id="another table",
        ),
    ],
)
def test_a_place_that_cannot_be_used_is_an_error_and_leaves_no_trace(here, run, name, content, message):
    if content is not None:
        write(here, name, content)
    code, out, err = run("collect", "a1_mlp", name)
    assert (code, out) == (2, "")
    assert err.startswith(f"grader: {name}: {message}")
    assert not (here / ".grader").exists()


def test_a_platforms_download_needs_a_roster(here, run):
    (here / "roster.csv").unlink()
    write(here, "in.zip", moodle(n1_Asha_Rao=GOOD))
    code, _, err = run("collect", "a1_mlp", "in.zip")
    assert code == 2
    assert err.startswith("grader: no roster.csv: in.zip is a download of moodle, which needs one")


# --- grading


def test_grading_without_anything_collected_says_what_to_do(run):
    message = "nothing is collected for a1_mlp; run `grader collect a1_mlp DOWNLOAD...`, or name the files or folders"
    assert run("grade", "a1_mlp") == (2, "", f"grader: {message} to grade\n")


@pytest.fixture
def graded_course(course, monkeypatch):
    """The real assignment, with the roster of this file."""
    (course / "roster.csv").write_text(ROSTER, encoding="utf-8")
    monkeypatch.setenv("GRADER_COURSE", str(course))
    return course


def grade(*places):
    """Grade in the process sandbox, by a command of its own; returns (exit code, the attempts by student, stderr)."""
    command = [
        sys.executable,
        "-m",
        "grader.cli",
        "grade",
        "a1_mlp",
        *map(str, places),
        "--sandbox",
        "process",
        "--json",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    attempts = json.loads(ended.stdout)["attempts"] if ended.stdout else []
    return ended.returncode, {attempt["student"]: attempt for attempt in attempts}, ended.stderr


HELPED = """\
import numpy as np
from helpers import scale
w = np.load("d/w.npy")
try:
    open("helpers.py", "a")
except OSError:
    read_only = True
def sigmoid(x):
    return scale(x) + w * read_only
"""


def test_what_was_collected_is_graded_with_the_files_that_came_along(run, graded_course):
    import numpy as np

    weights = io.BytesIO()
    np.save(weights, np.zeros(1))
    helpers = b"import numpy as np\ndef scale(x):\n    return 1 / (1 + np.exp(-np.asarray(x, float)))\n"
    download = moodle(
        n1_Asha_Rao={"a1.ipynb": notebook(HELPED), "helpers.py": helpers, "d/w.npy": weights.getvalue()},
        n2_José_Álvarez=PAGE,
        n9_Nobody_Known=GOOD,
    )
    write(graded_course, "in.zip", download)
    assert run("collect", "a1_mlp", graded_course / "in.zip")[0] == 1
    code, attempts, _ = grade()
    assert (code, set(attempts)) == (1, {"cs101", "cs102"})
    assert attempts["cs102"]["status"] == "unreadable"
    assert not any("raised" in notice for notice in attempts["cs101"]["notices"])
    (shape,) = (
        check
        for question in attempts["cs101"]["questions"]
        for check in question["checks"]
        if check["name"] == "test_smooth_activations_have_the_right_values"
    )
    assert shape["message"].startswith("looked for tanh")  # sigmoid, with its helper and its weights, was right


def test_a_folder_is_graded_without_collecting_and_strangers_are_held(graded_course):
    place = write(graded_course, "in", {"cs101/a1_mlp.ipynb": GOOD, "cs1O2.ipynb": GOOD, "README.md": b""})
    code, attempts, err = grade(place)
    assert (code, set(attempts)) == (1, {"cs101"})
    assert "grader: cs1O2: held, not graded; closest on the roster: cs102 José Álvarez" in err
    assert "grader: README.md is neither a notebook nor a student's folder; left alone" in err


def test_a_single_file_is_graded_whoevers_it_is(here, capsys):
    paths = Paths(here)
    solution = write(here, "solution.ipynb", GOOD)
    found, held = read_now(paths, read_assignment(paths, "a1_mlp"), [solution])
    assert ([(submission.student, told) for submission, told in found], held) == ([("solution", None)], 0)
    assert "solution: not on the roster; taken because the file was named" in capsys.readouterr().err


TREE = {  # what folders hold; the released notebook may lie beside those of a class
    "each/alice/a1_mlp.ipynb": GOOD,
    "each/bob/a1_mlp (1).ipynb": OTHER,
    "other/alice/hw.ipynb": GOOD,
    "other/bob/hw.ipynb": OTHER,
    "class/alice.ipynb": GOOD,
    "class/a1_mlp.ipynb": OTHER,
    "with/cs101/a1_mlp.ipynb": GOOD,
    "with/cs101/tools.py": b"x = 1",
}


@pytest.mark.parametrize(
    ("places", "roster", "students", "says"),
    [
        (["each/alice", "each/bob"], False, ["alice", "bob"], "taken for 2 folders of one student each: alice, bob"),
        (["other/alice", "other/bob"], False, ["alice", "bob"], "taken for 2 folders of one student each: alice, bob"),
        (["each/alice"], False, ["alice"], "taken for one student's folder: alice"),
        (["with/cs101"], False, ["cs101"], "taken for one student's folder: cs101"),
        (["each"], False, ["alice", "bob"], ""),
        (["other/alice"], False, ["hw"], "other/alice: taken for a class of 1: hw; a folder of one student holds"),
        (["class"], False, ["alice"], "a1_mlp: held, not graded; called like the assignment, which names no student"),
        (["each/alice/a1_mlp.ipynb"], False, [], "a1_mlp: held, not graded; called like the assignment"),
        (["each/alice/a1_mlp.ipynb", "each/bob/a1_mlp (1).ipynb"], False, ["alice", "bob"], "alice, bob"),
        (["with/cs101/a1_mlp.ipynb"], True, ["cs101"], "taken for one student's folder: cs101"),
        (["each/alice/a1_mlp.ipynb"], True, [], "a1_mlp: held, not graded; called like the assignment"),
        (["each/alice"], True, [], "alice: held, not graded"),
    ],
)
def test_whether_a_folder_is_a_students_or_a_class_is_seen_in_it_and_said(
    here, capsys, monkeypatch, places, roster, students, says
):
    for name, content in TREE.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes(content)
    if not roster:
        (here / "roster.csv").unlink()
    monkeypatch.chdir(here)
    paths = Paths(here)
    try:
        found, _ = read_now(paths, read_assignment(paths, "a1_mlp"), [Path(place) for place in places])
    except UsageError as nothing:
        assert "nothing is graded: whose it is, or what it is, is not known" in str(nothing)
        found = []
    assert [submission.student for submission, _ in found] == students
    assert says in capsys.readouterr().err
