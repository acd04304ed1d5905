"""What a student does before handing in: `validate` and `pack`, and the program of the two in every release.

Neither Docker nor torch nor the course is needed, and no package. What the students' program is made of, this room and
what it imports, runs on Python 3.9 and later, on Linux, macOS and Windows; it is a zip of these very files
(authoring/students_program).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader import __version__
from grader.errors import SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON, USAGE, exit_code
from grader.submission import notebook
from grader.submission.arguments import PACK, VALIDATE, Parser, of_pack, of_validate
from grader.submission.packing import packed, read_bytes, with_extras, write_bytes
from grader.submission.text import clean
from grader.submission.validate import Asked, Found, asked_by_manifest, broken_cells, look

EXAMPLES = """\
examples:
  python grader.pyz validate a1_mlp.ipynb                what was found for each question, what is missing
  python grader.pyz pack a1_mlp.ipynb --student cs101    make the zip to hand in

Your notebook is read and not run. `python` may be called `python3` or `py` on your machine.
"""


def validate(file: Path, assignment: str, questions: tuple[Asked, ...]) -> int:
    """Say whether a notebook will be accepted, and what it has for each question."""
    book = notebook.read(require_notebook(file), file.name)
    found, broken = look(book, questions), broken_cells(book)
    for item in found:
        for line in _lines(item):
            say(line)
    for note in [*broken, *book.notices]:
        say(f"  note: {note}")
    return max(_verdict(file, assignment, found), NEEDS_A_PERSON if broken else DONE)


def pack(chosen: argparse.Namespace, assignment: str, questions: tuple[Asked, ...]) -> int:
    """Make the zip to hand in, and a receipt that says what is in it."""
    content = require_notebook(chosen.notebook)
    found = look(notebook.read(content, chosen.notebook.name), questions)
    suffix = ".py" if chosen.notebook.suffix.lower() == ".py" else ".ipynb"
    files = with_extras({f"{assignment}{suffix}": content}, [*chosen.more, *chosen.extra])
    made = packed(assignment, chosen.student, files, found)
    target = (chosen.out or chosen.notebook.parent) / made.name
    write_bytes(target, made.content)
    say(str(target))
    say(f"sha256 {made.digest}")
    for name, digest in made.digests.items():
        say(f"  {name}  {digest}")
    return DONE


def say(line: str) -> None:
    """Print a line; what the console cannot show becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    print(clean(line).encode(encoding, "replace").decode(encoding))


def manifest_of(*folders: Path) -> tuple[str, tuple[Asked, ...]] | None:
    """What is asked for, by the first manifest.json that lies in one of the folders; None if there is none."""
    manifests = (folder / "manifest.json" for folder in folders)
    return next((asked_by_manifest(file) for file in manifests if file.is_file()), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the students' program and return its exit code."""
    return exit_code(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not chosen.command:
        parser.print_help()
        return USAGE
    require_notebook(chosen.notebook)  # a name that is wrong is said first
    assignment, questions = _released(chosen.notebook)
    if chosen.command == "pack":
        return pack(chosen, assignment, questions)
    return validate(chosen.notebook, assignment, questions)


def _parser() -> Parser:
    parser = Parser(
        prog="python grader.pyz",
        description="Look at your notebook before you hand it in, and pack it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"grader {__version__}")
    below = parser.add_subparsers(dest="command", metavar="COMMAND")
    of_validate(below.add_parser("validate", help=VALIDATE, description=VALIDATE))
    of_pack(below.add_parser("pack", help=PACK, description=PACK))
    return parser


def _released(file: Path) -> tuple[str, tuple[Asked, ...]]:
    asked = manifest_of(file.resolve().parent, Path(sys.argv[0]).resolve().parent)
    if asked is None:
        raise UsageError(f"no manifest.json beside {file.name} nor beside grader.pyz; it came in the same zip")
    return asked


def require_notebook(file: Path) -> bytes:
    """The file's bytes. Raises UsageError or SubmissionError with what to do."""
    content = read_bytes(file)
    if not content:
        raise SubmissionError(f"{file.name} is empty; save the notebook and try again")
    return content


def _lines(item: Found) -> Iterator[str]:
    mark = "by hand" if item.question.manual else "ok" if item.complete else "--"
    yield f"{mark} {item.question.id:4} {item.question.title} ({item.question.points} points)"
    if item.question.manual:
        yield "        a person reads what you wrote below its heading"
    if item.stubs:
        yield f"        not written yet: {', '.join(item.stubs)}"
    yield from (f"        {sentence}" for sentence in item.missing)


def _verdict(file: Path, assignment: str, found: list[Found]) -> int:
    found = [item for item in found if not item.question.manual]
    if not found:
        say(f"{file.name} will be accepted for {assignment}; a person marks it.")
        return DONE
    if not any(item.written or item.stubs for item in found):
        say(f"{file.name} defines nothing that {assignment} asks for; is it the notebook of another assignment?")
        return NEEDS_A_PERSON
    complete = sum(item.complete for item in found)
    say(f"{file.name} will be accepted for {assignment}: {complete} of {len(found)} questions are complete.")
    if complete == len(found):
        return DONE
    say("What is missing or not written yet is worth nothing; what is there is graded all the same.")
    return NEEDS_A_PERSON
