"""The command line: parse, call one function, map errors to exit codes. Nothing heavy is imported before it is needed.

Exit codes: 0 done; 1 done, and something needs a person; 2 usage; 3 bad course or assignment; 4 the machine;
130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from grader import __version__
from grader.errors import GraderError
from grader.exit_codes import DONE, EXIT_CODES, INTERRUPTED

EXAMPLES = """\
examples:
  grader collect a1_mlp downloads/*.zip     who handed in what, from Moodle, Canvas, Gradescope, Teams, ...
  grader grade a1_mlp                       what was collected; what was graded before is not run again
  grader grade a1_mlp notebooks/            a folder of STUDENT.ipynb or STUDENT/... files, without collecting
  grader grade a1_mlp alice.ipynb --json    one notebook, one JSON document
  grader show alice a1_mlp                  what alice's marks come from
  grader marks                              best three of four, and the course total
  grader regrade a1_mlp                     after a change of the hidden tests; runs no student code again
  grader doctor                             what this machine can do, and what to do about the rest
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="grader",
        description="Grade deep-learning assignments: student code answers, the judgement is made outside the sandbox.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_collecting(commands)
    _add_grading(commands)
    _add_reading(commands)
    _add_feedback(commands)
    _add_machine(commands)
    _add_authoring(commands)
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: Callable[..., int], text: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=text, description=text)
    made.set_defaults(run=run)
    return made


def _add_collecting(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    collect = _command(
        commands, "collect", _collect, "Read downloads of Moodle, Canvas and others; say whose each file is."
    )
    collect.add_argument("assignment")
    collect.add_argument("places", nargs="+", type=Path, metavar="PATH", help="zips, folders, and a platform's tables")
    layouts = ["auto", "moodle", "canvas", "gradescope", "teams", "classroom", "blackboard", "folder"]
    collect.add_argument("--from", dest="layout", choices=layouts, default="auto", help="default: by the names in it")
    collect.add_argument("--policy", choices=["last", "first"], default="last", help="which of several uploads counts")
    collect.add_argument("--title", default="", help="what the platform calls the assignment, where it has several")
    collect.add_argument("--json", action="store_true", help="print one JSON document")
    roster = _command(commands, "roster", _roster, "Settle whom a platform's name stands for (roster_aliases.csv).")
    roster.add_argument("action", choices=["alias"])
    roster.add_argument("alias", help="the name as the platform writes it")
    roster.add_argument("students", nargs="+", metavar="STUDENT", help="a student's id; several for a group")


def _add_grading(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    grade = _command(commands, "grade", _grade, "Grade submissions; what was graded before is not run again.")
    grade.add_argument("assignment")
    places = "download, folder, notebook or .py (default: what was collected)"
    grade.add_argument("places", nargs="*", type=Path, metavar="PATH", help=places)
    grade.add_argument("--force", action="store_true", help="run everything again")
    regrade = _command(
        commands,
        "regrade",
        _regrade,
        "Judge again from transcripts, after a change of tests; print whose marks changed.",
    )
    regrade.add_argument("assignment")
    for made in (grade, regrade):
        made.add_argument("--workers", type=int, metavar="N", help="submissions at a time (default: one per processor)")
        made.add_argument("--gpus", metavar="LIST", help="GPU ids, one slot each: 0,1 (twice the same id: two slots)")
        _add_sandbox(made)
        made.add_argument("--json", action="store_true", help="print one JSON document")


def _add_sandbox(made: argparse.ArgumentParser) -> None:
    made.add_argument("--isolation", choices=["zygote", "strict"], default="zygote")
    made.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    made.add_argument("--image", default="grader:latest", help="the grading image (default: %(default)s)")


def _add_reading(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    marks = _command(commands, "marks", _marks, "Course marks: best three of four, weights, and how each came about.")
    form = marks.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--csv", action="store_true")
    form.add_argument("--student", metavar="ID", help="explain one student's mark")
    form.add_argument("--export", choices=["moodle", "canvas", "gradescope", "csv", "xlsx"], help="for a platform")
    marks.add_argument("--item", action="append", metavar="ID", help="export: this item (several times: these)")
    marks.add_argument("--into", type=Path, metavar="FILE", help="export: the platform's own file, to be filled in")
    marks.add_argument("--out", type=Path, metavar="PATH", help="export: where to write")
    marks.add_argument("--column", action="append", default=[], metavar="ITEM=HEADER", help="export: a Canvas column")
    marks.add_argument("--allow-deferred", action="store_true", help="export: although marks are still to come")
    show = _command(commands, "show", _show, "One student's attempt: every check, what was said, and the evidence.")
    show.add_argument("student")
    show.add_argument("assignment")
    show.add_argument("--question", metavar="q3", help="this question only")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--transcript", action="store_true", help="every call and what came back (shows hidden inputs)")
    form.add_argument("--shell", action="store_true", help="a Python prompt in the sandbox, the submission loaded")
    _add_sandbox(show)
    status = _command(commands, "status", _status, "Where an assignment stands: handed in, graded, waiting, incidents.")
    status.add_argument("assignment")
    status.add_argument("--json", action="store_true")
    override = _command(commands, "override", _override, "Change a question's points by hand, with a reason on record.")
    for name in ("student", "assignment", "question"):
        override.add_argument(name)
    override.add_argument("delta", help="+2 or -0.5")
    override.add_argument("--reason", required=True)
    override.add_argument("--who", help="who decided it (default: the user of this machine)")
    diff = _command(commands, "diff", _diff, "What changed between two runs, student by student (see status for runs).")
    diff.add_argument("before", type=int, metavar="RUN")
    diff.add_argument("after", type=int, metavar="RUN")
    diff.add_argument("--json", action="store_true")
    drawn = "Draw where the course stands: pages that open from disk, and the marks as CSV."
    report = _command(commands, "report", _report, drawn)
    report.add_argument("assignment", nargs="?", help="the page of this one alone (default: the course and all)")
    report.add_argument("--out", type=Path, default=Path("build/report"), metavar="DIR")
    borders = "percentages near which a mark is worth a second look (default: %(default)s)"
    report.add_argument("--boundaries", default="40,50,60,70,80,90", metavar="LIST", help=borders)


def _add_feedback(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Write a private page for each student: marks, what to repair first, where it counts, and a receipt."
    feedback = _command(commands, "feedback", _feedback, text)
    feedback.add_argument("assignment")
    feedback.add_argument("--out", type=Path, required=True, metavar="DIR")
    feedback.add_argument("--student", metavar="ID", help="this student's page only")
    forms = "pages, Markdown, or the zip that Moodle takes as feedback files (default: %(default)s)"
    feedback.add_argument("--format", choices=["html", "md", "moodle"], default="html", help=forms)
    feedback.add_argument("--worksheet", type=Path, metavar="FILE", help="moodle: the assignment's grading worksheet")
    feedback.add_argument("--json", action="store_true", help="print whose page is in which file")


def _add_machine(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = _command(commands, "doctor", _doctor, "Probe this machine: Docker, image, isolation, GPUs.")
    doctor.add_argument("--image", default="grader:latest")
    doctor.add_argument("--json", action="store_true")
    image = _command(commands, "image", _image, "Build, load, save or check the grading image.")
    image.add_argument("action", choices=["build", "load", "save", "check"])
    image.add_argument("file", nargs="?", type=Path, help="for load and save: a file as `docker save` makes it")
    image.add_argument("--tag", default="grader:latest")
    image.add_argument("--force", action="store_true", help="build although a current image is there")


def _add_authoring(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = _command(commands, "init", _init, "Begin a course: a folder in which every command works.")
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="default: this folder")
    init.add_argument("--name", default="", help="what the course is called")
    schemes = ["best_three_of_four", "mid_and_end", "assignments_and_activities"]
    init.add_argument("--scheme", choices=schemes, default=schemes[0], help="how it is marked (default: %(default)s)")
    ids = "assignments of the program, and ids of new ones (default: all four of the program)"
    init.add_argument("--with", dest="wanted", default="", metavar="ID,ID", help=ids)
    new = _command(commands, "new", _new, "Begin an assignment: a question that builds, grades and passes its audit.")
    new.add_argument("assignment", metavar="ID")
    build = _command(commands, "build", _build, "Make the starter notebook and its public tests from the master.")
    build.add_argument("assignment", nargs="?", help="default: every assignment that has a master")
    audit = _command(commands, "audit", _audit, "Test the hidden tests: reference, starter, wrong and right solutions.")
    audit.add_argument("assignment")
    audit.add_argument("--seeds", type=int, default=5, metavar="N", help="times the reference is graded (default: 5)")
    audit.add_argument("--quick", action="store_true", help="look at each wrong solution's own question only")
    audit.add_argument(
        "--sample", type=float, default=100, metavar="PERCENT", help="share of wrong and right solutions (default: all)"
    )
    audit.add_argument("--draw", type=int, default=0, metavar="N", help="other inputs than those of draw 0")
    audit.add_argument("--question", nargs="+", default=[], metavar="Q", help="look at these questions alone")
    audit.add_argument(
        "--mutants",
        type=float,
        default=0,
        metavar="PERCENT",
        help="share of machine-made mutants to try (default: none)",
    )
    audit.add_argument("--workers", type=int, metavar="N", help="submissions at a time (default: one per processor)")
    audit.add_argument("--gpus", metavar="LIST", help="GPU ids, one slot each: 0,1")
    audit.add_argument("--json", action="store_true", help="print one JSON document")
    audit.add_argument("--page", type=Path, metavar="FILE", help="write a page (HTML); a whole audit always does")
    _add_sandbox(audit)
    release = _command(
        commands, "release", _release, "Make the zip for students; refused while the audit is not green."
    )
    release.add_argument("assignment")
    release.add_argument("--out", type=Path, default=Path("build/release"), metavar="DIR")
    validate = _command(
        commands, "validate", _validate, "For students: will this notebook be accepted, what is missing?"
    )
    validate.add_argument("notebook", type=Path)
    pack = _command(commands, "pack", _pack, "For students: make the zip to hand in, and a receipt.")
    pack.add_argument("notebook", type=Path)
    pack.add_argument("--student", required=True, metavar="ID")
    pack.add_argument("--extra", type=Path, nargs="*", default=[], metavar="FILE", help="files that the notebook reads")
    pack.add_argument("--out", type=Path, metavar="DIR")


# ---------------------------------------------------------------------------------------------------- commands


def _audit(chosen: argparse.Namespace) -> int:
    from grader.commands import authoring

    return authoring.audit(chosen)


def _init(chosen: argparse.Namespace) -> int:
    from grader.commands import beginning

    return beginning.init(chosen)


def _new(chosen: argparse.Namespace) -> int:
    from grader.commands import authoring

    return authoring.new(chosen)


def _release(chosen: argparse.Namespace) -> int:
    from grader.commands import authoring

    return authoring.release(chosen)


def _validate(chosen: argparse.Namespace) -> int:
    from grader.commands import student

    return student.check(chosen)


def _pack(chosen: argparse.Namespace) -> int:
    from grader.commands import student

    return student.pack(chosen)


def _collect(chosen: argparse.Namespace) -> int:
    from grader.commands import collecting

    return collecting.collect(chosen)


def _roster(chosen: argparse.Namespace) -> int:
    from grader.commands import collecting

    return collecting.roster(chosen)


def _grade(chosen: argparse.Namespace) -> int:
    from grader.commands import grading

    return grading.grade(chosen)


def _regrade(chosen: argparse.Namespace) -> int:
    from grader.commands import grading

    return grading.regrade(chosen)


def _marks(chosen: argparse.Namespace) -> int:
    from grader.commands import reading

    return reading.marks(chosen)


def _show(chosen: argparse.Namespace) -> int:
    from grader.commands import reading

    return reading.show(chosen)


def _feedback(chosen: argparse.Namespace) -> int:
    from grader.commands import feedback

    return feedback.feedback(chosen)


def _report(chosen: argparse.Namespace) -> int:
    from grader.commands import reporting

    return reporting.report(chosen)


def _status(chosen: argparse.Namespace) -> int:
    from grader.commands import correcting

    return correcting.status(chosen)


def _override(chosen: argparse.Namespace) -> int:
    from grader.commands import correcting

    return correcting.override(chosen)


def _diff(chosen: argparse.Namespace) -> int:
    from grader.commands import correcting

    return correcting.diff(chosen)


def _doctor(chosen: argparse.Namespace) -> int:
    from grader.commands import machine

    return machine.doctor(chosen)


def _image(chosen: argparse.Namespace) -> int:
    from grader.commands import machine

    return machine.image(chosen)


def _build(chosen: argparse.Namespace) -> int:
    from grader.commands import authoring

    return authoring.build(chosen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a GraderError is one line on stderr."""
    try:
        chosen = parser().parse_args(arguments)
        code: int = chosen.run(chosen)
        sys.stdout.flush()  # here, where somebody hears of a reader that went away
        return code
    except GraderError as error:
        print(f"grader: {error}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except KeyboardInterrupt:
        print("grader: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `grader marks | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed at the exit
        return DONE


if __name__ == "__main__":
    sys.exit(main())
