"""A whole class from the download to every platform's file, read back by other readers than ours: nobody is exchanged.

Everybody has a mark of their own, so a mark that reaches somebody else cannot look right. Many have the same name, ids
begin with other ids, and rows come in any order. A stand-in grades: it reads the mark in the notebook.
"""

import csv
import io
import json
import random
import re
import zipfile
from fractions import Fraction

import openpyxl
import pytest
from tiny import ipynb, small_course

from grader import cli
from grader.course.config import read_assignment
from grader.examination.task import Examined
from grader.execution import batch
from grader.execution.spec import Ready
from grader.record.store import Store
from grader.schema import CheckResult, Outcome, Status

BITS = 9  # checks, worth 1, 2, 4, ... points: any mark from 0 to 511 can be had
MOST = 2**BITS - 1
NAMES = ["Zhang Wei", "Wei Zhang", "Asha Rao", "Rao Asha", "Zoë Müller", "李 雷", "Sean O'Brien", "José García-López"]


class StandIn:
    """Passes the checks whose worth adds up to the mark that stands in a notebook."""

    ready = Ready("process", "image", ())

    def run(self, tasks):
        for task in tasks:
            mark = int(re.search(rb"mark = (\d+)", task.submission.content)[1])
            results = tuple(
                CheckResult(f"test_{bit}", f"q{bit % 3 + 1}", self.outcome(mark, bit), Fraction(2**bit))
                for bit in range(BITS)
            )
            yield task, Examined(Status.GRADED, results)

    @staticmethod
    def outcome(mark, bit):
        return Outcome.PASSED if mark >> bit & 1 else Outcome.FAILED


class Class:
    """The students of a course: k has the id sk, the mark of k, and a name that many have."""

    def __init__(self, paths, count):
        self.paths = paths
        self.marks = {f"s{k}": k + 1 for k in range(count)}
        self.names = {f"s{k}": NAMES[k % len(NAMES)] for k in range(count)}
        self.mails = {who: f"{who}x@x.edu" for who in self.marks}
        self.numbers = {who: 70_000 + mark for who, mark in self.marks.items()}  # of Canvas; of Moodle's participants

    def shuffled(self):
        order = list(self.marks)
        random.Random(3).shuffle(order)
        return order

    def table(self, header, row, separator=",", before=()):
        """A platform's file with a row for everybody, in no order."""
        made = io.StringIO()
        writer = csv.writer(made, delimiter=separator)
        writer.writerows([header, *before, *map(row, self.shuffled())])
        return made.getvalue()

    def percent(self, who):
        """As it is rounded: half up, to two digits."""
        return f"{int(Fraction(self.marks[who] * 10_000, MOST) + Fraction(1, 2)) / 100:.2f}"


def handed_in(of):
    """Moodle's zip and worksheet."""
    worksheet = of.table(
        ["Identifier", "Full name", "ID number", "Email address", "Status", "Grade", "Maximum Grade"],
        lambda who: [f"Participant {of.numbers[who]}", of.names[who], who, of.mails[who], "Submitted", "", MOST],
    )
    (of.paths.root / "worksheet.csv").write_text(worksheet, newline="")
    with zipfile.ZipFile(of.paths.root / "moodle.zip", "w") as archive:
        for who in of.shuffled():
            name = f"{of.names[who]}_{of.numbers[who]}_assignsubmission_file/tiny.ipynb"
            archive.writestr(name, ipynb(f"def softmax(z):\n    mark = {of.marks[who]}"))
    return "moodle.zip", "worksheet.csv"


@pytest.fixture(scope="module", params=[60, pytest.param(500, marks=pytest.mark.long)])
def graded(request, tmp_path_factory):
    """A class that was collected from Moodle and graded."""
    paths = small_course(tmp_path_factory.mktemp("class"))
    toml = paths.assignment_toml("tiny")
    for before, worth in (("4", 73), ("3", 146), ("1.5", 292)):
        toml.write_text(toml.read_text().replace(f"points = {before}\n", f"points = {worth}\n"))
    of = Class(paths, request.param)
    roster = of.table(
        ["student", "name", "email", "lms_id"], lambda who: [who, of.names[who], of.mails[who], of.numbers[who]]
    )
    paths.roster_csv.write_text(roster, newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(paths.root))
        patch.chdir(paths.root)
        assert cli.main(["collect", "tiny", *handed_in(of)]) == 0
        assignment = read_assignment(paths, "tiny")
        with Store.open(paths.record) as store:
            tests = batch.question_digests(paths, assignment)
            work = batch.Batch(store, assignment, tests, b"secret", store.begin_run("tiny", "grade tiny"))
            rows = list(work.grade(StandIn(), list(store.current_submissions("tiny"))))
            assert len(rows) == request.param
        yield of


@pytest.fixture
def export(graded, capsys, tmp_path):
    """Export to a platform, into a file of it if there is one; returns the bytes."""

    def run(platform, into=None, codec="utf-8"):
        more = []
        if into is not None:
            (tmp_path / "into").write_bytes(into.encode(codec))
            more = ["--into", str(tmp_path / "into")]
        code = cli.main(["marks", "--export", platform, "--item", "tiny", "--out", str(tmp_path / "out"), *more])
        assert code == 0, capsys.readouterr().err
        return (tmp_path / "out").read_bytes() if (tmp_path / "out").is_file() else tmp_path / "out"

    return run


def read(content, codec="utf-8", separator=","):
    return list(csv.DictReader(io.StringIO(content.decode(codec), newline=""), delimiter=separator))


def whole(of, marks):
    """Whether everybody has the mark of their own: read marks by id."""
    assert {who: Fraction(mark) for who, mark in marks.items()} == of.marks


def test_moodle(graded, export):
    rows = read(export("moodle", (graded.paths.root / "worksheet.csv").read_text()))
    whole(graded, {row["ID number"]: row["Grade"] for row in rows})
    assert all(row["Identifier"] == f"Participant {graded.numbers[row['ID number']]}" for row in rows)


def test_canvas(graded, export):
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "tiny (12)"]
    possible = [["    Points Possible", "", "", "", "", MOST]]
    into = graded.table(header, lambda who: [graded.names[who], graded.numbers[who], "", "", "S1", ""], before=possible)
    of_number = {str(number): who for who, number in graded.numbers.items()}
    rows = [row for row in read(export("canvas", into)) if row["ID"]]
    whole(graded, {of_number[row["ID"]]: row["tiny (12)"] for row in rows})


def test_blackboard(graded, export):
    column = f"tiny [Total Pts: {MOST} Score] |118854"
    header = ["Last Name", "First Name", "Username", column]
    into = graded.table(header, lambda who: [*graded.names[who].split(" ", 1)[::-1], who, ""], "\t")
    rows = read(export("blackboard", into, "utf-16"), "utf-16", "\t")
    whole(graded, {row["Username"]: row[column] for row in rows})


def test_brightspace(graded, export):
    column = f"tiny Points Grade <Numeric MaxPoints:{MOST} Weight:5>"
    header = ["OrgDefinedId", "Username", column, "End-of-Line Indicator"]
    rows = read(export("brightspace", graded.table(header, lambda who: [f"#{who}", who, "", "#"])))
    whole(graded, {row["OrgDefinedId"].removeprefix("#"): row[column] for row in rows})


@pytest.mark.parametrize("platform", ["classroom", "teams"])
def test_tables_to_copy_from(graded, export, platform):
    rows = read(export(platform), "utf-8-sig")
    assert {row["Email Address"]: row["tiny (100)"] for row in rows} == {
        mail: graded.percent(who) for who, mail in graded.mails.items()
    }


def test_tables_of_our_own(graded, export):
    rows = read(export("csv"), "utf-8-sig")
    found = {row["student"]: (row["name"], row["email"], row["tiny_percent"]) for row in rows}
    expected = {who: (graded.names[who], graded.mails[who], graded.percent(who)) for who in graded.marks}
    assert found == expected
    sheet = openpyxl.load_workbook(io.BytesIO(export("xlsx"))).active
    header, *lines = sheet.iter_rows(values_only=True)
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    assert {
        row["student"]: (row["name"], row["email"], f"{float(row['tiny_percent']):.2f}") for row in cells
    } == expected


def test_gradescope(graded, export):
    folder = export("gradescope") / "tiny"
    pages = {file.parent.name: json.loads(file.read_text()) for file in folder.glob("*/results.json")}
    whole(graded, {who: str(sum(test["score"] for test in page["tests"])) for who, page in pages.items()})


def test_pages_reach_their_student(graded, capsys, tmp_path):
    """Whose page a file is can be read in it: the points, which nobody else has."""
    cli.main(["feedback", "tiny", "--out", str(tmp_path), "--format", "mail"])
    rows = read((tmp_path / "mail_merge.csv").read_bytes(), "utf-8-sig")
    assert {row["id"]: (row["mail"], row["name"]) for row in rows} == {
        who: (graded.mails[who], graded.names[who]) for who in graded.marks
    }
    points = r"<b>[^<]*?(\d+)</b> of 511 points"
    whole(graded, {row["id"]: re.search(points, (tmp_path / row["file"]).read_text())[1] for row in rows})
    zipped = ["--format", "moodle", "--worksheet", str(graded.paths.root / "worksheet.csv")]
    cli.main(["feedback", "tiny", "--out", str(tmp_path), *zipped])
    with zipfile.ZipFile(tmp_path / "tiny_feedback_moodle.zip") as archive:
        pages = {int(name.split("_")[1]): archive.read(name).decode() for name in archive.namelist()}
    whole(graded, {who: re.search(points, pages[number])[1] for who, number in graded.numbers.items()})
    capsys.readouterr()
