"""The command line: parse, call one function, map errors to exit codes. Nothing heavy is imported before it is needed.

Exit codes: 0 done; 1 done, and something needs a person; 2 usage; 3 bad course or assignment; 4 the machine;
130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence

from grader import __version__, commands
from grader.cli import authoring, grading, machine, portal, reading
from grader.cli.shared import Command
from grader.exit_codes import exit_code
from grader.languages.translating import speaking
from grader.submission.arguments import PACK, SUBMIT, VALIDATE, Parser, of_pack, of_submit, of_validate
from grader.terminal import colour

ABOUT = "Grade deep-learning assignments: student code answers, the judgement is made outside the sandbox."
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
FOR_STUDENTS = {
    "validate": Command("student:check", of_validate, VALIDATE),
    "pack": Command("student:pack", of_pack, PACK),
    "submit": Command("student:submit", of_submit, SUBMIT),
}
GROUPS = {  # what stands above them in the help
    "collect, grade, correct": grading.COMMANDS,
    "marks and pages": reading.COMMANDS,
    "the portal": portal.COMMANDS,
    "courses and assignments": authoring.COMMANDS,
    "for students": FOR_STUDENTS,
    "this machine": machine.COMMANDS,
}
COMMANDS: dict[str, Command] = {name: command for group in GROUPS.values() for name, command in group.items()}


def _examples(assignment: str) -> str:
    typed = [(f"grader {command.replace('a1_mlp', assignment)}", what) for command, what in EXAMPLES]
    width = max(len(command) for command, _ in typed)
    return "examples:\n" + "".join(f"{line}\n" for line in _columns(typed, width))


def _groups() -> str:
    """Every command with what it does, in its group."""
    width = max(map(len, COMMANDS))
    lines = []
    for title, group in GROUPS.items():
        lines += [f"{title}:", *_columns([(name, command.text) for name, command in group.items()], width), ""]
    return "\n".join(lines)


def _columns(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Each name with what it is beside it, wrapped where the screen ends, as argparse does with options."""
    room = max(_screen() - width - 4, 20)
    for name, what in rows:
        for place, line in enumerate(textwrap.wrap(what, room)):
            yield f"  {'' if place else name:{width}}  {line}"


def _screen() -> int:
    return shutil.get_terminal_size().columns - 2  # as argparse


def parser(example: str = "a1_mlp") -> Parser:
    """The parser of all commands. example: an assignment, for the examples of its help."""
    top = Parser(
        prog="grader",
        usage="grader COMMAND ...",
        description=textwrap.fill(ABOUT, _screen()),
        epilog=f"{_groups()}\n{_examples(example)}\ngrader help COMMAND says what a command takes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"grader {__version__}")
    below = top.add_subparsers(dest="command", metavar="COMMAND", required=True, help=argparse.SUPPRESS)
    for name, command in COMMANDS.items():
        made = below.add_parser(name, prog=f"grader {name}", description=command.text)
        made.set_defaults(run=command.place)
        command.arguments(made)
        made.add_argument(
            "--color", choices=colour.CHOICES, default="auto", help="default: on a terminal (NO_COLOR: not)"
        )
    return top


def _function(place: str) -> Callable[..., int]:
    """The function of a command, imported when it is to be called."""
    module, _, name = place.partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(f"{commands.__name__}.{module}"), name)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command in the language of its course and return its exit code; a GraderError is one line on stderr."""
    with speaking(str(_function("language:of_the_course")())):
        return exit_code(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    given = asked_for_help(list(sys.argv[1:] if arguments is None else arguments))
    top = parser(str(_function("example:example")())) if {"-h", "--help"} & set(given[:1]) else parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks, for Tab was pressed
        _function("completion:answer")(top)
    chosen = top.parse_args(given)
    colour.choose(chosen.color)
    return _function(chosen.run)(chosen)


def asked_for_help(given: list[str]) -> list[str]:
    """`grader`, `grader help` and `grader help COMMAND` as the options that argparse knows."""
    if not given or given[0] == "help":
        return [*given[1:2], "--help"]
    return given
