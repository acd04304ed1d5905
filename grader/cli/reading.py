"""What commands that read the record take: marks, attempts, pages."""

from __future__ import annotations

from pathlib import Path

from grader.cli.shared import Command, as_json, assignment, sandbox
from grader.submission.arguments import Parser

FORMATS = ["moodle", "canvas", "blackboard", "brightspace", "gradescope", "classroom", "teams", "csv", "xlsx"]


def _marks(made: Parser) -> None:
    form = made.add_mutually_exclusive_group()
    as_json(form)
    form.add_argument("--csv", action="store_true")
    form.add_argument("--export", choices=FORMATS, help="for a platform")
    made.add_argument("--student", metavar="ID", help="explain one student's mark")
    made.add_argument("--need", metavar="TOTAL", help="with --student: what the rest must bring for this total")
    supposed = "with --student: the total with this percentage in an item, before lateness (several times: these)"
    made.add_argument("--if", action="append", default=[], dest="suppose", metavar="ITEM=PERCENT", help=supposed)
    items = "export: this item, or total (several times: these)"
    made.add_argument("--item", action="append", metavar="ID", help=items)
    made.add_argument("--into", type=Path, metavar="FILE", help="export: the platform's own file, to be filled in")
    made.add_argument("--out", type=Path, metavar="PATH", help="export: where to write")
    column = "export: the column of an item; as much of its heading as no other begins with will do"
    made.add_argument("--column", action="append", default=[], metavar="ITEM=HEADER", help=column)
    made.add_argument("--diff", action="store_true", help="export: show what would change in the file, write nothing")
    made.add_argument("--missing-zero", action="store_true", help="export: 0 for what was not handed in")
    made.add_argument("--allow-deferred", action="store_true", help="export: although marks are still to come")


def _show(made: Parser) -> None:
    made.add_argument("student")
    assignment(made)
    made.add_argument("--question", metavar="q3", help="this question only")
    form = made.add_mutually_exclusive_group()
    as_json(form)
    form.add_argument("--transcript", action="store_true", help="every call and what came back (shows hidden inputs)")
    form.add_argument("--shell", action="store_true", help="a Python prompt in the sandbox, the submission loaded")
    form.add_argument("--save", type=Path, metavar="FILE", help="write the file that was handed in, outputs and all")
    sandbox(made)


def _report(made: Parser) -> None:
    assignment(made, nargs="?", text="the page of this one alone (default: the course and all)")
    made.add_argument("--out", type=Path, default=Path("build/report"), metavar="DIR")
    borders = "percentages near which a mark is worth a second look (default: %(default)s)"
    made.add_argument("--boundaries", default="40,50,60,70,80,90", metavar="LIST", help=borders)


def _feedback(made: Parser) -> None:
    assignment(made)
    made.add_argument("--out", type=Path, required=True, metavar="DIR")
    made.add_argument("--student", metavar="ID", help="this student's page only")
    forms = "pages, Markdown, a zip for Moodle or Canvas, or pages with a table for a mail merge (default: %(default)s)"
    made.add_argument("--format", choices=["html", "md", "moodle", "canvas", "mail"], default="html", help=forms)
    made.add_argument("--worksheet", type=Path, metavar="FILE", help="moodle: the assignment's grading worksheet")
    made.add_argument("--download", type=Path, metavar="FILE", help="canvas: the assignment's downloaded submissions")
    made.add_argument("--json", action="store_true", help="print whose page is in which file")


def _similar(made: Parser) -> None:
    assignment(made)
    places = "files or folders, as for grade (default: what was collected)"
    made.add_argument("places", nargs="*", type=Path, default=[], metavar="PATH", help=places)
    also = "an earlier year: its course folder or record (several times: these)"
    made.add_argument("--also", type=Path, action="append", default=[], metavar="RECORD", help=also)
    known = "a folder of solutions that are public (several times: these)"
    made.add_argument("--known", type=Path, action="append", default=[], metavar="DIR", help=known)
    as_json(made)
    made.add_argument("--out", type=Path, default=Path("build/similar"), metavar="DIR", help="where the page goes")
    aside = "put on record that these two were looked at; needs --reason"
    made.add_argument("--set-aside", nargs=2, metavar=("STUDENT", "OTHER"), help=aside)
    made.add_argument("--reason", metavar="TEXT", help="set aside: why; students do not read it")
    made.add_argument("--who", help="set aside: who decided it (default: the user of this machine)")
    plain = "write plain Python files for JPlag or MOSS, and compare nothing"
    made.add_argument("--plain", type=Path, metavar="DIR", help=plain)


COMMANDS = {
    "marks": Command("reading:marks", _marks, "Course marks: best three of four, weights, and how each came about."),
    "show": Command("reading:show", _show, "One student's attempt: every check, what was said, and the evidence."),
    "report": Command(
        "reporting:report",
        _report,
        "Draw where the course stands: pages that open from disk, and the marks as CSV.",
    ),
    "feedback": Command(
        "feedback:feedback",
        _feedback,
        "Write a private page for each student: marks, and what to repair first.",
    ),
    "similar": Command("similar:similar", _similar, "Which hand-ins are alike, question by question; for staff alone."),
}
