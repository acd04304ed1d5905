"""The command line: parse, call one function, map errors to exit codes. Nothing heavy is imported before it is needed.

Exit codes: 0 done; 1 done, and something needs a person; 2 usage; 3 bad course or assignment; 4 the machine;
130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from grader import __version__, commands
from grader.exit_codes import exit_code
from grader.submission.arguments import PACK, VALIDATE, Parser, of_pack, of_validate

EXAMPLES = (  # a1_mlp stands for an assignment of the course
    ("collect a1_mlp downloads/*.zip", "who handed in what, from Moodle, Canvas, Gradescope, Teams, ..."),
    ("grade a1_mlp", "what was collected; what was graded before is not run again"),
    ("grade a1_mlp notebooks/", "a folder of STUDENT.ipynb or STUDENT/... files, without collecting"),
    ("grade a1_mlp alice.ipynb --json", "one notebook, one JSON document"),
    ("show alice a1_mlp", "what alice's marks come from"),
    ("marks", "who stands where, and the course total"),
    ("regrade a1_mlp", "after a change of the hidden tests; runs no student code again"),
    ("doctor", "what this machine can do, and what to do about the rest"),
)


# ---------------------------------------------------------------------------------------------------- arguments


def _collect(made: Parser) -> None:
    made.add_argument("assignment")
    made.add_argument("places", nargs="+", type=Path, metavar="PATH", help="zips, folders, and a platform's tables")
    layouts = ["auto", "moodle", "canvas", "gradescope", "teams", "classroom", "blackboard", "brightspace", "folder"]
    made.add_argument("--from", dest="layout", choices=layouts, default="auto", help="default: by the names in it")
    made.add_argument("--policy", choices=["last", "first"], default="last", help="which of several uploads counts")
    made.add_argument("--forget", action="store_true", help="take back what was collected from these places")
    made.add_argument("--anyway", action="store_true", help="although most define nothing that is asked for")
    made.add_argument("--title", default="", help="what the platform calls the assignment, where it has several")
    _json(made)


def _roster(made: Parser) -> None:
    made.add_argument("action", choices=["alias", "import"], help="alias NAME STUDENT ..., or import FILE")
    made.add_argument("what", metavar="NAME|FILE", help="the name as the platform writes it; a table of students")
    made.add_argument("students", nargs="*", metavar="STUDENT", help="alias: a student's id; several for a group")
    encodings = "import: of a table that is not UTF-8 and does not say what it is: cp1252, gb18030, ..."
    made.add_argument("--encoding", default="", metavar="NAME", help=encodings)
    made.add_argument("--replace", action="store_true", help="import: in place of the roster that is there")


def _grade(made: Parser) -> None:
    made.add_argument("assignment")
    places = "download, folder, notebook or .py (default: what was collected)"
    made.add_argument("places", nargs="*", type=Path, default=[], metavar="PATH", help=places)
    made.add_argument("--policy", choices=["last", "first"], default="last", help="which of several uploads counts")
    made.add_argument("--force", action="store_true", help="run everything again")
    _batch(made)


def _regrade(made: Parser) -> None:
    made.add_argument("assignment")
    _batch(made)


def _batch(made: Parser) -> None:
    """What every command takes that examines many submissions."""
    made.add_argument("--workers", type=int, metavar="N", help="submissions at a time (default: one per processor)")
    made.add_argument("--gpus", metavar="LIST", help="GPU ids, one slot each: 0,1 (twice the same id: two slots)")
    _sandbox(made)
    _json(made)
    made.add_argument("--quiet", action="store_true", help="show no progress")


def _sandbox(made: Parser) -> None:
    made.add_argument("--isolation", choices=["zygote", "strict"], default="zygote")
    made.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    made.add_argument("--image", default="grader:latest", help="the grading image (default: %(default)s)")


def _json(made: argparse._ActionsContainer) -> None:
    made.add_argument("--json", action="store_true", help="print one JSON document")


FORMATS = ["moodle", "canvas", "blackboard", "brightspace", "gradescope", "classroom", "teams", "csv", "xlsx"]


def _marks(made: Parser) -> None:
    form = made.add_mutually_exclusive_group()
    _json(form)
    form.add_argument("--csv", action="store_true")
    form.add_argument("--student", metavar="ID", help="explain one student's mark")
    form.add_argument("--export", choices=FORMATS, help="for a platform")
    items = "export: this item, or total (several times: these)"
    made.add_argument("--item", action="append", metavar="ID", help=items)
    made.add_argument("--into", type=Path, metavar="FILE", help="export: the platform's own file, to be filled in")
    made.add_argument("--out", type=Path, metavar="PATH", help="export: where to write")
    made.add_argument("--column", action="append", default=[], metavar="ITEM=HEADER", help="export: a Canvas column")
    made.add_argument("--diff", action="store_true", help="export: show what would change in the file, write nothing")
    made.add_argument("--missing-zero", action="store_true", help="export: 0 for what was not handed in")
    made.add_argument("--allow-deferred", action="store_true", help="export: although marks are still to come")


def _show(made: Parser) -> None:
    made.add_argument("student")
    made.add_argument("assignment")
    made.add_argument("--question", metavar="q3", help="this question only")
    form = made.add_mutually_exclusive_group()
    _json(form)
    form.add_argument("--transcript", action="store_true", help="every call and what came back (shows hidden inputs)")
    form.add_argument("--shell", action="store_true", help="a Python prompt in the sandbox, the submission loaded")
    form.add_argument("--save", type=Path, metavar="FILE", help="write the file that was handed in, outputs and all")
    _sandbox(made)


def _status(made: Parser) -> None:
    made.add_argument("assignment")
    _json(made)


def _manual(made: Parser) -> None:
    made.add_argument("assignment")
    made.add_argument("--json", action="store_true", help="print what waits, and write nothing")


def _override(made: Parser) -> None:
    made.add_argument("student")
    made.add_argument("assignment")
    made.add_argument("question", help="q3; or all: the assignment as a whole")
    made.add_argument("delta", nargs="?", help="points to be added: +2 or -0.5")
    made.add_argument("--set", metavar="POINTS", help="what the points are, whatever is graded later")
    made.add_argument("--undo", action="store_true", help="take back the last change of this question")
    made.add_argument("--comment", metavar="TEXT", help="a comment for the student; no points change")
    made.add_argument("--reason", metavar="TEXT", help="why; the student reads it")
    made.add_argument("--who", help="who decided it (default: the user of this machine)")


def _diff(made: Parser) -> None:
    made.add_argument("before", type=int, metavar="RUN")
    made.add_argument("after", type=int, metavar="RUN")
    _json(made)


def _report(made: Parser) -> None:
    made.add_argument("assignment", nargs="?", help="the page of this one alone (default: the course and all)")
    made.add_argument("--out", type=Path, default=Path("build/report"), metavar="DIR")
    borders = "percentages near which a mark is worth a second look (default: %(default)s)"
    made.add_argument("--boundaries", default="40,50,60,70,80,90", metavar="LIST", help=borders)


def _feedback(made: Parser) -> None:
    made.add_argument("assignment")
    made.add_argument("--out", type=Path, required=True, metavar="DIR")
    made.add_argument("--student", metavar="ID", help="this student's page only")
    forms = "pages, Markdown, or the zip that Moodle takes as feedback files (default: %(default)s)"
    made.add_argument("--format", choices=["html", "md", "moodle"], default="html", help=forms)
    made.add_argument("--worksheet", type=Path, metavar="FILE", help="moodle: the assignment's grading worksheet")
    made.add_argument("--json", action="store_true", help="print whose page is in which file")


def _doctor(made: Parser) -> None:
    made.add_argument("--image", default="grader:latest")
    _json(made)


def _image(made: Parser) -> None:
    made.add_argument("action", choices=["build", "load", "save", "check"])
    made.add_argument("file", nargs="?", type=Path, help="for load and save: a file as `docker save` makes it")
    made.add_argument("--tag", default="grader:latest")
    made.add_argument("--force", action="store_true", help="build although a current image is there")


def _init(made: Parser) -> None:
    made.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="default: this folder")
    made.add_argument(
        "--name", default="", help="of the course (default: the scheme's; with new assignments alone, the folder's)"
    )
    schemes = ["best_three_of_four", "mid_and_end", "assignments_and_activities"]
    made.add_argument("--scheme", choices=schemes, default=schemes[0], help="how it is marked (default: %(default)s)")
    ids = "assignments of the program, and ids of new ones (default: all four of the program)"
    made.add_argument("--with", dest="wanted", metavar="ID,ID", help=ids)


def _completion(made: Parser) -> None:
    made.add_argument("shell", choices=["bash", "zsh", "fish"])


def _new(made: Parser) -> None:
    made.add_argument("assignment", metavar="ID")


def _build(made: Parser) -> None:
    made.add_argument("assignment", nargs="?", help="default: every assignment that has a master")


def _audit(made: Parser) -> None:
    made.add_argument("assignment")
    made.add_argument(
        "--seeds", type=_at_least_one, default=5, metavar="N", help="times the reference is graded (default: 5)"
    )
    made.add_argument("--quick", action="store_true", help="look at each wrong solution's own question only")
    share = "share of wrong and right solutions (default: all)"
    made.add_argument("--sample", type=_percent, default=100, metavar="PERCENT", help=share)
    made.add_argument("--draw", type=int, default=0, metavar="N", help="other inputs than those of draw 0")
    only = "look at this question alone (several times: at these)"
    made.add_argument("--question", action="append", default=[], metavar="Q", help=only)
    mutants = "share of machine-made mutants to try (default: none)"
    made.add_argument("--mutants", type=_percent, default=0, metavar="PERCENT", help=mutants)
    made.add_argument("--page", type=Path, metavar="FILE", help="write a page (HTML); a whole audit always does")
    _batch(made)


def _at_least_one(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text}: 1 at least")
    return number


def _percent(text: str) -> float:
    if not 0 <= (number := float(text)) <= 100:
        raise argparse.ArgumentTypeError(f"{text}: a percentage, 0 to 100")
    return number


_at_least_one.__name__, _percent.__name__ = "number", "percentage"  # argparse says: invalid ... value


def _release(made: Parser) -> None:
    made.add_argument("assignment")
    made.add_argument("--out", type=Path, default=Path("build/release"), metavar="DIR")


# ---------------------------------------------------------------------------------------------------- commands

COMMANDS: dict[str, tuple[str, Callable[[Parser], None], str]] = {  # its function in `commands`, arguments, help
    "collect": ("collecting:collect", _collect, "Read downloads of Moodle, Canvas and others; say whose each file is."),
    "roster": (
        "collecting:roster",
        _roster,
        "Settle whom a platform's name stands for; make a roster of a platform's table.",
    ),
    "grade": ("grading:grade", _grade, "Grade submissions; what was graded before is not run again."),
    "regrade": (
        "grading:regrade",
        _regrade,
        "Judge again from transcripts, after a change of tests; print whose marks changed.",
    ),
    "marks": ("reading:marks", _marks, "Course marks: best three of four, weights, and how each came about."),
    "show": ("reading:show", _show, "One student's attempt: every check, what was said, and the evidence."),
    "status": ("correcting:status", _status, "Where an assignment stands: handed in, graded, waiting, incidents."),
    "manual": (
        "manual:manual",
        _manual,
        "Write the table of marks that a person gives: a row for each answer that waits; marks that stand are kept.",
    ),
    "override": (
        "overriding:override",
        _override,
        "Change points by hand, with a reason on record; of a question or a whole assignment, whatever was handed in.",
    ),
    "diff": ("correcting:diff", _diff, "What changed between two runs, student by student (see status for runs)."),
    "report": (
        "reporting:report",
        _report,
        "Draw where the course stands: pages that open from disk, and the marks as CSV.",
    ),
    "feedback": (
        "feedback:feedback",
        _feedback,
        "Write a private page for each student: marks, what to repair first, where it counts, and a receipt.",
    ),
    "doctor": ("machine:doctor", _doctor, "Probe this machine: Docker, image, isolation, GPUs."),
    "image": ("machine:image", _image, "Build, load, save or check the grading image."),
    "completion": (
        "completion:completion",
        _completion,
        "Print what makes a shell complete commands, options and ids.",
    ),
    "init": ("beginning:init", _init, "Begin a course: a folder in which every command works."),
    "new": ("authoring:new", _new, "Begin an assignment: a question that builds, grades and passes its audit."),
    "build": ("authoring:build", _build, "Make the starter notebook and its public tests from the master."),
    "audit": ("authoring:audit", _audit, "Test the hidden tests: reference, starter, wrong and right solutions."),
    "release": ("authoring:release", _release, "Make the zip for students; refused while the audit is not green."),
    "validate": ("student:check", of_validate, VALIDATE),
    "pack": ("student:pack", of_pack, PACK),
}


def _examples(assignment: str) -> str:
    commands = [(command.replace("a1_mlp", assignment), what) for command, what in EXAMPLES]
    width = max(len(command) for command, _ in commands)
    return "examples:\n" + "".join(f"  grader {command:{width}}  {what}\n" for command, what in commands)


def parser(example: str = "a1_mlp") -> Parser:
    """The parser of all commands. example: an assignment, for the examples of its help."""
    top = Parser(
        prog="grader",
        description="Grade deep-learning assignments: student code answers, the judgement is made outside the sandbox.",
        epilog=_examples(example),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"grader {__version__}")
    below = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (place, arguments, text) in COMMANDS.items():
        made = below.add_parser(name, help=text, description=text)
        made.set_defaults(run=place)
        arguments(made)
    return top


def _function(place: str) -> Callable[..., int]:
    """The function of a command, imported when it is to be called."""
    module, _, name = place.partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(f"{commands.__name__}.{module}"), name)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a GraderError is one line on stderr."""
    return exit_code(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    top = parser(str(_function("completion:example")())) if {"-h", "--help"} & set(given[:1]) else parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks, for Tab was pressed
        _function("completion:answer")(top)
    chosen = top.parse_args(arguments)
    return _function(chosen.run)(chosen)


if __name__ == "__main__":
    sys.exit(main())
