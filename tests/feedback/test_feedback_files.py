"""`grader feedback`: names of files, Moodle's zip, and a whole class from a record that real grading made."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from decimal import Decimal

import pytest
from tiny import RIGHT, ipynb, small_course, submission

from grader import cli
from grader.errors import UsageError
from grader.feedback.names import slug
from grader.feedback.platform_zips import moodle_zip
from grader.marks.export import moodle_participants
from grader.marks.gradebook import read_gradebook
from grader.record.store import Store
from grader.schema import Attempt, Evidence, Status
from grader.submission.packing import zipped

ODD_IDS = [
    "cs101", "CS101", "Cs101", "a--b", "a-b", "a_b", "a.b", "..", "../../etc/passwd", "con", "NUL", "com1.txt", "",
    "x" * 300, "x" * 299, "é", "e\u0301", "<script>", "a\0b", "a\nb", "\u202egnp", "ñ", "🙂", "a b", " a", "-", ".a",
    "cs101.", "\ud800", "student", "=cmd()", "C:\\x",
]  # fmt: skip
WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade)\r\n"
    "Participant 4711,Ada Lovelace,ADA@example.org,Submitted,,8.5,-\r\n"
    "Participant 4712,Somebody Else,bob@example.org,Submitted,,8.5,-\r\n"
    "Participant 4713,Cy Twombly,,Submitted,,8.5,-\r\n"
    "Participant 4714,Twice There,twice@example.org,Submitted,,8.5,-\r\n"
    "Participant 4715,Twice There,twice@example.org,Submitted,,8.5,-\r\n"
    "Participant 4716,Not Enrolled,no@example.org,Submitted,,8.5,-\r\n"
)
ROSTER = (
    "student,name,email\nada,Ada Lovelace,ada@example.org\nbob,Bob Hope,bob@example.org\ncy,Cy Twombly,cy@example.org\n"
    "dee,Dee Dee,dee@example.org\neva,Eva Mozes,eva@example.org\ntwi,Twice There,twice@example.org\n"
)
ECHO = """\
import numpy as np


def softmax(z):
    raise ValueError("inputs " + " ".join(chr(97 + int(abs(10 * x)) % 26) * 5 for x in z.ravel()) + repr(z.tolist()))


class Counter:
    def __init__(self):
        print("made one")
        raise type("Got" + "".join(map(str, range(9))), (Exception,), {})("x")


def running_sum(x):
    print("INPUT", x.tolist())
    return type("Sum" + "".join(chr(97 + int(abs(100 * n)) % 26) for n in x), (), {})()
"""


# ---------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("student", ODD_IDS)
def test_a_file_name_is_plain_short_and_no_device(student):
    name = slug(student)
    assert re.fullmatch(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*", name, re.ASCII) and len(name) <= 60
    assert name.partition(".")[0] not in ("con", "nul", "com1")


def test_no_two_students_share_a_file():
    assert len(set(map(slug, ODD_IDS))) == len(ODD_IDS)
    assert slug("cs101") == "cs101"
    assert slug(slug("CS101")) != slug("CS101")  # whoever takes a made name for an id gets another one


# ---------------------------------------------------------------------------------------------------- Moodle


def moodle_reads(path: str) -> tuple[int, str, str] | None:
    """(participant, plugin, file) as Moodle's importer takes a path apart."""
    parts = path.split("/")
    while parts:
        pieces = parts.pop(0).split("_", 4)
        if len(pieces) == 5 and pieces[1].isdigit():
            return int(pieces[1]), "_".join(pieces[2:4]), "/".join([pieces[4], *parts]).lstrip("/")
    return None


def test_moodle_finds_participant_plugin_and_file_in_every_path_of_the_zip():
    made = moodle_zip({"4711": b"one", "12": b"two"}, "feedback_a1_mlp.html")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        read = {moodle_reads(entry.filename): archive.read(entry) for entry in archive.infolist()}
    assert read == {
        (12, "assignfeedback_file", "feedback_a1_mlp.html"): b"two",
        (4711, "assignfeedback_file", "feedback_a1_mlp.html"): b"one",
    }


def test_the_same_pages_make_the_same_zip():
    pages = {"2": b"x" * 1000, "10": b"y"}
    assert moodle_zip(pages, "f.html") == moodle_zip(dict(reversed(pages.items())), "f.html")


@pytest.mark.parametrize("participant", ["../1", "1/2", "", "Participant 7"])
def test_a_participant_that_is_no_number_is_no_path(participant):
    with pytest.raises(ValueError):
        moodle_zip({participant: b""}, "f.html")


def test_participants_are_found_by_address_or_name_and_nobody_who_is_there_twice(tmp_path):
    paths = small_course(tmp_path)
    paths.roster_csv.write_text(ROSTER)
    book = read_gradebook(paths, {})
    assert moodle_participants(book, WORKSHEET.encode()) == {"ada": "4711", "bob": "4712", "cy": "4713"}
    with pytest.raises(UsageError, match="has no column 'Identifier'"):
        moodle_participants(book, b"a,b\n1,2\n")


def test_an_address_of_somebody_else_keeps_a_page_from_the_one_who_has_the_name(tmp_path):
    paths = small_course(tmp_path)
    paths.roster_csv.write_text(ROSTER)
    worksheet = WORKSHEET.replace("Cy Twombly,,", "Cy Twombly,other@example.org,")
    assert set(moodle_participants(read_gradebook(paths, {}), worksheet.encode())) == {"ada", "bob"}


# ---------------------------------------------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A small course whose class was graded: right, wrong and prying, unreadable, deferred, not graded yet."""
    paths = small_course(tmp_path_factory.mktemp("course"))
    folder = paths.root / "in"
    folder.mkdir()
    (folder / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    (folder / "bob.ipynb").write_bytes(ipynb("print('hello from bob')", ECHO))
    (folder / "cy.ipynb").write_bytes(b"%PDF-1.7 printed")
    paths.roster_csv.write_text(ROSTER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(paths.root))
        assert cli.main(["grade", "tiny", str(folder), "--sandbox", "process", "--workers", "1"]) == 1
    with Store.open(paths.record) as store:
        run = store.begin_run("tiny", "grade tiny")
        for student in ("dee", "eva"):
            store.add_submission(submission(student, *RIGHT))
        digest = store.current_digests("tiny")["dee"]
        spoilt = Evidence(digest, (("q1", "ab"),), "sha256:ef", "cpu", "00", "process")
        faults = ("deferred: docker went away at /var/run/secret.sock",)
        store.add_attempt(run, Attempt("dee", "tiny", Status.DEFERRED, spoilt, (), faults), {})
        store.add_override("ada", "tiny", "q3", Decimal(-1), "same sums as bob", "staff")
    return paths


@pytest.fixture
def grader(course, monkeypatch, capsys):
    monkeypatch.setenv("GRADER_COURSE", str(course.root))

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_everybody_who_handed_in_gets_one_page_and_what_is_open_is_said(grader, tmp_path):
    code, out, _ = grader("feedback", "tiny", "--out", tmp_path / "pages")
    assert (code, out) == (
        1, f"{tmp_path / 'pages'}: 5 pages: 2 graded, 1 unreadable, 1 deferred, 1 not graded yet\n"
    )  # fmt: skip
    pages = {file.name: file.read_text() for file in (tmp_path / "pages").iterdir()}
    assert sorted(pages) == ["ada.html", "bob.html", "cy.html", "dee.html", "eva.html"]
    assert (tmp_path / "pages").stat().st_mode & 0o077 == 0
    assert "7.5</b> of 8.5 points" in pages["ada.html"] and "same sums as (somebody else)" in pages["ada.html"]
    assert "this is a PDF" in pages["cy.html"]
    assert "Not finished yet" in pages["dee.html"] and "secret.sock" not in pages["dee.html"]
    assert "Not graded yet" in pages["eva.html"]
    names = {"ada": "Lovelace", "bob": "Bob Hope", "cy": "Twombly", "dee": "Dee Dee", "eva": "Mozes"}
    for student, name in names.items():
        assert [other for other, page in pages.items() if name in page] == [f"{student}.html"]


def test_a_submission_that_echoes_hidden_inputs_gets_no_word_of_them(grader, tmp_path, course):
    grader("feedback", "tiny", "--out", tmp_path, "--student", "bob")
    page = (tmp_path / "bob.html").read_text()
    with Store.open(course.record, read_only=True) as store:
        messages = [result.message for result in store.current_attempt("bob", "tiny").attempt.results]
    said = {word for message in messages for word in re.findall(r"[A-Za-z]{3,}", message)}
    echoed = {word for word in said if len(set(word)) == 1 or word.startswith("Sum")}
    assert echoed, "the submission did echo"
    assert not [word for word in echoed if word in page]
    assert "Your code stopped with ValueError in cell 2, line 5 (softmax)." in page
    assert "hello from bob" in page and "INPUT [" not in page and "made one</pre>" not in page


def test_made_twice_it_is_the_same_and_in_markdown_too(grader, tmp_path):
    for folder in ("one", "two"):
        grader("feedback", "tiny", "--out", tmp_path / folder)
        grader("feedback", "tiny", "--out", tmp_path / folder, "--format", "md")
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two and "bob.md" in one and len(one) == 10


def test_json_says_whose_page_is_in_which_file(grader, tmp_path):
    _, out, _ = grader("feedback", "tiny", "--out", tmp_path, "--student", "cy", "--json")
    assert json.loads(out) == {
        "assignment": "tiny", "pages": [{"student": "cy", "stage": "unreadable", "file": "cy.html"}]
    }  # fmt: skip


def test_moodles_zip_holds_who_is_in_the_worksheet_and_the_others_are_named(grader, tmp_path):
    worksheet = tmp_path / "Grades.csv"
    worksheet.write_text(WORKSHEET, newline="")
    code, out, err = grader("feedback", "tiny", "--out", tmp_path, "--format", "moodle", "--worksheet", worksheet)
    assert code == 1 and "roster of dee, eva" in err
    with zipfile.ZipFile(tmp_path / "tiny_feedback_moodle.zip") as archive:
        read = {moodle_reads(name)[0]: archive.read(name).decode() for name in archive.namelist()}
    assert sorted(read) == [4711, 4712, 4713]
    assert "Ada Lovelace" in read[4711] and "Bob Hope" in read[4712] and "Cy Twombly" in read[4713]


def canvas_reads(name):
    """Account and file, as Canvas's `infer_comment_context_from_filename` finds them in a name."""
    numbers = [part for part in name.split("_") if re.fullmatch(r"\d+", part)][:2]
    return tuple(map(int, numbers))


def canvas_download(folder, *names):
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for name in names:
            archive.writestr(name, ipynb(*RIGHT))
    return folder / "submissions.zip"


def test_canvas_takes_back_each_page_under_the_numbers_of_its_own_students_file(grader, tmp_path):
    download = canvas_download(
        tmp_path, "lovelaceada_4312_99817_tiny.ipynb", "lovelaceada_4312_99818_second-1.ipynb",
        "lovelaceada_4312_99816_7_8.py",
        "hopebob_LATE_4313_99820_tiny_2024.ipynb", "nobodynora_4999_99830_tiny.ipynb",
    )  # fmt: skip
    options = ("feedback", "tiny", "--out", tmp_path, "--format", "canvas", "--download", download)
    code, out, err = grader(*options)
    assert code == 1
    assert "left out of the zip: the download has no file of cy, dee, eva\n" in err
    with zipfile.ZipFile(tmp_path / "tiny_feedback_canvas.zip") as archive:
        assert archive.namelist() == ["feedback_4312_99818_tiny.html", "feedback_4313_99820_tiny.html"]
        read = {canvas_reads(name): archive.read(name).decode() for name in archive.namelist()}
    assert "Ada Lovelace" in read[4312, 99818] and "Bob Hope" in read[4313, 99820]
    first = (tmp_path / "tiny_feedback_canvas.zip").read_bytes()
    grader(*options)
    assert (tmp_path / "tiny_feedback_canvas.zip").read_bytes() == first


def test_a_page_is_not_put_where_a_group_reads_it(grader, course, tmp_path, monkeypatch):
    aliases = course.roster_aliases_csv
    aliases.write_text("alias,student\nteamone,ada\nteamone,bob\n")
    try:
        download = canvas_download(tmp_path, "teamone_50_99817_tiny.ipynb", "twomblycy_51_99821_tiny.ipynb")
        _, _, err = grader("feedback", "tiny", "--out", tmp_path, "--format", "canvas", "--download", download)
    finally:
        aliases.unlink()
    assert "the download has a group's file, whose page all of the group would read, of ada, bob\n" in err
    assert "the download has no file of dee, eva\n" in err
    with zipfile.ZipFile(tmp_path / "tiny_feedback_canvas.zip") as archive:
        assert archive.namelist() == ["feedback_51_99821_tiny.html"]


@pytest.mark.parametrize(
    ("names", "number"),
    [
        pytest.param({"tiny.ipynb": ipynb(*RIGHT), "extra.pdf": b"%PDF"}, 1, id="what lies beside it"),
        pytest.param({"tiny.ipynb": ipynb("x = 1"), "old.ipynb": ipynb(*RIGHT), "z.csv": b"1"}, 2, id="by its bytes"),
        pytest.param({"tiny.ipynb": ipynb("x = 1"), "more.py": b"y = 1"}, 1, id="none is the same any more"),
        pytest.param({"all.zip": zipped("", {"a/tiny.ipynb": ipynb(*RIGHT)}), "x.pdf": b"%PDF"}, 1, id="in an archive"),
    ],
)
def test_canvas_gets_the_number_of_the_file_that_was_graded(grader, tmp_path, names, number):
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for place, (name, content) in enumerate(names.items(), 1):
            archive.writestr(f"lovelaceada_4312_{place}_{name}", content)
    options = ("--format", "canvas", "--download", tmp_path / "submissions.zip")
    grader("feedback", "tiny", "--out", tmp_path, *options)
    with zipfile.ZipFile(tmp_path / "tiny_feedback_canvas.zip") as archive:
        assert archive.namelist() == [f"feedback_4312_{number}_tiny.html"]


def test_everybody_who_is_left_out_of_a_zip_is_named_by_reason(grader, course, tmp_path):
    many = [f"s{number:02}" for number in range(15)]
    twins = ["tw1", "tw2"]
    roster = course.roster_csv.read_text()
    course.roster_csv.write_text(roster + "".join(f"{each},,\n" for each in many) + "tw1,Wei Li,\ntw2,Wei Li,\n")
    with Store.open(course.record) as store:
        for student in (*many, *twins):
            store.add_submission(submission(student, *RIGHT))
    worksheet = tmp_path / "Grades.csv"
    twice = "\nParticipant 4715,Dee Dee,dee@example.org\nParticipant 4716,Dee Dee,dee@example.org\n"
    worksheet.write_text(WORKSHEET.rstrip() + twice + "Participant 4717,Wei Li,\n", newline="")
    download = canvas_download(tmp_path, "lovelaceada_4312_99817_tiny.ipynb", "liwei_4314_99818_tiny.ipynb")
    try:
        moodle = grader("feedback", "tiny", "--out", tmp_path, "--format", "moodle", "--worksheet", worksheet)[2]
        canvas = grader("feedback", "tiny", "--out", tmp_path, "--format", "canvas", "--download", download)[2]
    finally:
        course.roster_csv.write_text(roster)
        with Store.open(course.record) as store:
            digest = store.current_digests("tiny")["s00"]
            store.forget("tiny", dict.fromkeys((*many, *twins), digest))
    assert f"no row with the id number, the address or the name on the roster of eva, {', '.join(many)}\n" in moodle
    assert "several rows that could be those of dee\n" in moodle
    assert "row that could be theirs or somebody else's, of tw1, tw2\n" in moodle
    assert f"the download has no file of bob, cy, dee, eva, {', '.join(many)}\n" in canvas
    assert "a file that could be theirs or somebody else's, of tw1, tw2\n" in canvas


def test_a_mail_merge_has_a_row_for_each_page_with_the_address_of_its_student(grader, course, tmp_path, monkeypatch):
    roster = course.roster_csv.read_text()
    course.roster_csv.write_text(roster.replace("cy@example.org", ""))
    try:
        code, _, err = grader("feedback", "tiny", "--out", tmp_path, "--format", "mail")
    finally:
        course.roster_csv.write_text(roster)
    assert code == 1 and "an address on the roster: cy\n" in err
    rows = list(csv.DictReader((tmp_path / "mail_merge.csv").read_text("utf-8-sig").splitlines()))
    assert rows == [
        {"id": "ada", "mail": "ada@example.org", "name": "Ada Lovelace", "file": "ada.html"},
        {"id": "bob", "mail": "bob@example.org", "name": "Bob Hope", "file": "bob.html"},
        {"id": "dee", "mail": "dee@example.org", "name": "Dee Dee", "file": "dee.html"},
        {"id": "eva", "mail": "eva@example.org", "name": "Eva Mozes", "file": "eva.html"},
    ]
    assert all(row["name"] in (tmp_path / row["file"]).read_text() for row in rows)
    assert len(list(tmp_path.glob("*.html"))) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "canvas"], "add --download FILE"),
        (["--format", "canvas", "--download", "no.zip"], "no.zip"),
        (["--format", "mail", "--download", "no.zip"], "--download goes with --format canvas"),
        (["--format", "moodle"], "add --worksheet FILE"),
        (["--format", "moodle", "--worksheet", "no.csv"], "no.csv cannot be read: No such file"),
        (["--format", "moodle", "--worksheet", __file__], "has no column 'Identifier'"),
        (["--format", "moodle", "--worksheet", "other.csv"], "is it the worksheet of tiny?"),
        (["--worksheet", "other.csv"], "--worksheet goes with --format moodle"),
        (["--student", "bobb"], "'bobb' has handed in nothing for tiny (did you mean 'bob'?)"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(grader, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.csv").write_text("Identifier,Email address\nParticipant 1,nobody@example.org\n")
    code, out, err = grader("feedback", "tiny", "--out", tmp_path / "pages", *arguments)
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1
    assert not (tmp_path / "pages").exists() or not list((tmp_path / "pages").iterdir())


def test_without_a_roster_there_are_pages_and_without_attempts_there_are_none(grader, course, tmp_path, monkeypatch):
    monkeypatch.setattr(type(course), "roster_csv", property(lambda paths: paths.root / "none.csv"))
    _, _, err = grader("feedback", "tiny", "--out", tmp_path, "--student", "ada")
    assert "no roster.csv" in err and "best" not in (tmp_path / "ada.html").read_text()
    assert "7.5</b> of 8.5 points" in (tmp_path / "ada.html").read_text()


def test_composing_and_rendering_import_neither_numpy_nor_torch_nor_docker():
    program = "import sys, grader.commands.feedback; print({'numpy', 'torch', 'docker', 'pytest'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
