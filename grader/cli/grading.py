"""What commands that collect, grade and correct take."""

from __future__ import annotations

from pathlib import Path

from grader.cli.shared import Command, as_json, assignment, batch
from grader.submission.arguments import Parser


def _collect(made: Parser) -> None:
    assignment(made)
    made.add_argument("places", nargs="+", type=Path, metavar="PATH", help="zips, folders, and a platform's tables")
    layouts = ["auto", "moodle", "canvas", "gradescope", "teams", "classroom", "blackboard", "brightspace", "folder"]
    made.add_argument("--from", dest="layout", choices=layouts, default="auto", help="default: by the names in it")
    made.add_argument("--policy", choices=["last", "first"], default="last", help="which of several uploads counts")
    made.add_argument("--forget", action="store_true", help="take back what was collected from these places")
    made.add_argument("--anyway", action="store_true", help="also what defines nothing that is asked for")
    made.add_argument("--title", default="", help="what the platform calls the assignment, where it has several")
    as_json(made)


def _roster(made: Parser) -> None:
    made.add_argument("action", choices=["alias", "import"], help="alias NAME STUDENT ..., or import FILE")
    made.add_argument("what", metavar="NAME|FILE", help="the name as the platform writes it; a table of students")
    made.add_argument("students", nargs="*", metavar="STUDENT", help="alias: a student's id; several for a group")
    encodings = "import: of a table that is not UTF-8 and does not say what it is: cp1252, gb18030, ..."
    made.add_argument("--encoding", default="", metavar="NAME", help=encodings)
    columns = "import: which column of the table it is (student, name, email, lms_id, group), where that is not known"
    made.add_argument("--column", action="append", default=[], metavar="COLUMN=HEADING", help=columns)
    made.add_argument("--replace", action="store_true", help="import: in place of the roster that is there")


def _grade(made: Parser) -> None:
    assignment(made)
    places = "download, folder, notebook or .py (default: what was collected)"
    made.add_argument("places", nargs="*", type=Path, default=[], metavar="PATH", help=places)
    made.add_argument("--policy", choices=["last", "first"], default="last", help="which of several uploads counts")
    made.add_argument("--force", action="store_true", help="run everything again")
    batch(made)


def _regrade(made: Parser) -> None:
    assignment(made)
    made.add_argument("--all", action="store_true", help="also questions whose tests and points are as they were")
    batch(made)


def _try(made: Parser) -> None:
    assignment(made)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help="notebook, .py or zip, whoever's it is")
    made.add_argument("--question", action="append", default=[], metavar="q3", help="this one (several times: these)")
    seeds = "draw other hidden inputs, the same for the same name (default: as when it is graded)"
    made.add_argument("--seed", metavar="NAME", help=seeds)
    batch(made)


def _status(made: Parser) -> None:
    assignment(made, nargs="?", text="this one in full (default: all, in a table)")
    as_json(made)


def _manual(made: Parser) -> None:
    assignment(made)
    made.add_argument("--json", action="store_true", help="print what waits, and write nothing")


def _override(made: Parser) -> None:
    made.add_argument("student")
    assignment(made)
    made.add_argument("question", help="q3; or all: the assignment as a whole")
    made.add_argument("delta", nargs="?", help="points to be added: +2 or -0.5")
    made.add_argument("--set", metavar="POINTS", help="what the points are, whatever is graded later")
    made.add_argument("--undo", action="store_true", help="take back the last change of this question")
    made.add_argument("--comment", metavar="TEXT", help="a comment for the student; no points change")
    made.add_argument("--reason", metavar="TEXT", help="why; the student reads it")
    made.add_argument("--note", metavar="TEXT", help="for the staff alone: no student reads it; also by itself")
    made.add_argument("--who", help="who decided it (default: the user of this machine)")


def _diff(made: Parser) -> None:
    made.add_argument("before", type=int, metavar="RUN")
    made.add_argument("after", type=int, metavar="RUN")
    as_json(made)


COMMANDS = {
    "collect": Command(
        "collecting:collect", _collect, "Read downloads of Moodle, Canvas and others; say whose each file is."
    ),
    "roster": Command(
        "collecting:roster",
        _roster,
        "Whom a name stands for; a roster from a platform's table.",
    ),
    "grade": Command("grading:grade", _grade, "Grade submissions; what was graded before is not run again."),
    "try": Command("trying:try_files", _try, "What a file would get, question by question; nothing goes on record."),
    "regrade": Command(
        "grading:regrade",
        _regrade,
        "Judge again from evidence, after a change of tests: whose marks change.",
    ),
    "status": Command(
        "correcting:status",
        _status,
        "Where an assignment stands, or all: handed in, graded, to be marked, incidents.",
    ),
    "manual": Command(
        "manual:manual",
        _manual,
        "Write the table of marks that a person gives; marks that stand are kept.",
    ),
    "override": Command(
        "overriding:override",
        _override,
        "Change points by hand, with a reason on record.",
    ),
    "diff": Command(
        "correcting:diff", _diff, "What changed between two runs, student by student (see status for runs)."
    ),
}
