"""What a student does before handing in: `validate` and `pack`, and the program of the two in every release.

Neither Docker nor torch nor the course is needed, and no package. What the students' program is made of, this room and
what it imports, runs on Python 3.9 and later, on Linux, macOS and Windows; it is a zip of these very files
(authoring/students_program).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from grader import __version__
from grader.errors import GraderError, SubmissionError, UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON, USAGE, exit_code
from grader.languages.recorded import recorded
from grader.languages.translating import ENGLISH, languages, speaking
from grader.submission import notebook
from grader.submission.arguments import PACK, SUBMIT, VALIDATE, Parser, of_pack, of_submit, of_validate
from grader.submission.imports import Missing, missing, not_handed_in
from grader.submission.packing import packed, read_bytes, with_extras, write_bytes
from grader.submission.text import clean
from grader.submission.validate import Found, Released, broken_cells, look, read_manifest, unwritten_essays

EXAMPLES = """\
examples:
  python grader.pyz validate a1_mlp.ipynb                what was found for each question, what is missing
  python grader.pyz pack a1_mlp.ipynb --student cs101    make the zip to hand in
  python grader.pyz submit a1_mlp.ipynb --to https://... hand it in on the course's portal

Your notebook is read and not run. `python` may be called `python3` or `py` on your machine.
"""


@contextmanager
def in_language(code: str) -> Iterator[None]:
    """Say what is said inside of it in a language, errors too; in English where this program has no such language."""
    with speaking(code if code in languages() else ENGLISH):
        try:
            yield
        except GraderError as problem:
            raise type(problem)(recorded(str(problem))) from None


def validate(file: Path, released: Released) -> int:
    """Say whether a notebook will be accepted, and what it has for each question."""
    content = require_notebook(file)
    lines, code = looked_at(file, content, notebook.read(content, file.name), released)
    for line in lines:
        say(line)
    return code


def looked_at(file: Path, content: bytes, book: notebook.Notebook, released: Released) -> tuple[list[str], int]:
    """What `validate` says of a notebook, and its exit code. book: what was read in the content"""
    found, broken = look(book, released.questions), broken_cells(book)
    unwritten = unwritten_essays(content, file.name, released)
    gone = _gone(file, book, released)
    lines = [line for item in found for line in _lines(item, unwritten.get(item.question.id, ""))]
    essays = all(question.manual for question in released.questions)
    notices = [notice for notice in book.notices if not (essays and notice == notebook.NO_CODE)]
    for note in [*broken, *(item.text for item in gone), *_notes(file, book, released), *notices]:
        lines.append(f"  note: {note}")
    to_do = broken or unwritten or any(item.uses for item in gone)
    verdict, code = _verdict(file, released.assignment, found)
    return lines + verdict, max(code, NEEDS_A_PERSON if to_do else DONE)


def _gone(file: Path, book: notebook.Notebook, released: Released) -> list[Missing]:
    """What the notebook imports and will not have; nothing where the release does not say what there is."""
    if released.modules is None:
        return []
    asked = {name for question in released.questions for name in question.names}
    modules = [*released.modules, *(name[:-3] for name in released.files if name.endswith(".py"))]
    return missing(book, asked, modules, released.hidden_modules, file.resolve().parent)


def _notes(file: Path, book: notebook.Notebook, released: Released) -> Iterator[str]:
    """What to know of the file besides what it defines."""
    for name in not_handed_in(book, file.parent, released.files):
        yield f"your notebook imports {name}: hand that file in, too (grader pack NOTEBOOK {name} --student ID)"
    if book.release and released.release and book.release != released.release:
        yield f"your notebook was made from another release than the manifest.json that was read ({released.release})"


def pack(chosen: argparse.Namespace, released: Released) -> int:
    """Make the zip to hand in, and a receipt that says what is in it."""
    assignment = released.assignment
    content = require_notebook(chosen.notebook)
    found = look(notebook.read(content, chosen.notebook.name), released.questions)
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


def submit(chosen: argparse.Namespace, assignment: str) -> int:
    """Hand a notebook in on the portal."""
    from grader.submission.handing_in import submit as hand_in
    from grader.submission.handing_in import token_of

    content = require_notebook(chosen.notebook)
    to = chosen.to or os.environ.get("GRADER_PORTAL", "")
    token = token_of(chosen.token, chosen.notebook)
    return hand_in(chosen.notebook, content, assignment, to, token, say, chosen.yes)


def say(line: str) -> None:
    """Print a line; what the console cannot show becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    line = recorded(line)
    print(clean(line).encode(encoding, "replace").decode(encoding))


def manifest_of(file: Path, assignment: str, *folders: Path) -> Released | None:
    """What is asked for, by a manifest.json in one of the folders, or in ASSIGNMENT/ there; None if there is none.

    Of several it is that of `assignment`, of the notebook's release, the first. Raises UsageError where none is of
    `assignment`.
    """
    places = [place for folder in folders for place in (folder, folder / assignment)]
    manifests = [place / "manifest.json" for place in dict.fromkeys(places)]
    found = [read_manifest(manifest) for manifest in manifests if manifest.is_file()]
    of_it = [released for released in found if assignment in ("", released.assignment)]
    if found and not of_it:
        there_is = ", ".join(dict.fromkeys(released.assignment for released in found))
        raise UsageError(f"no manifest.json of {assignment} beside {file.name}; there is that of {there_is}")
    if len(of_it) > 1:
        release = notebook.read(require_notebook(file), file.name).release
        of_it.sort(key=lambda released: released.release != release)
    return of_it[0] if of_it else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the students' program and return its exit code."""
    return exit_code(lambda: _spoken(arguments))


def _spoken(arguments: Sequence[str] | None) -> int:
    """The same in the language of the release that lies beside the program."""
    with in_language(language_beside(Path(sys.argv[0]).resolve().parent)):
        return _run(arguments)


def language_beside(folder: Path) -> str:
    """The language of the release in a folder; English where none says another."""
    try:
        return read_manifest(folder / "manifest.json").language
    except UsageError:
        return ENGLISH


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not chosen.command:
        parser.print_help()
        return USAGE
    require_notebook(chosen.notebook)  # a name that is wrong is said first
    released = _released(chosen.notebook, chosen.assignment)
    with in_language(released.language):
        if chosen.command == "submit":
            return submit(chosen, released.assignment)
        return pack(chosen, released) if chosen.command == "pack" else validate(chosen.notebook, released)


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
    of_submit(below.add_parser("submit", help=SUBMIT, description=SUBMIT))
    return parser


def _released(file: Path, assignment: str) -> Released:
    released = manifest_of(file, assignment, file.resolve().parent, Path(sys.argv[0]).resolve().parent)
    if released is None:
        raise UsageError(f"no manifest.json beside {file.name} nor beside grader.pyz; it came in the same zip")
    return released


def require_notebook(file: Path) -> bytes:
    """The file's bytes. Raises UsageError or SubmissionError with what to do."""
    content = read_bytes(file)
    if not content:
        raise SubmissionError(f"{file.name} is empty; save the notebook and try again")
    return content


def _lines(item: Found, unwritten: str) -> Iterator[str]:
    mark = "by hand" if item.question.manual else "ok" if item.complete else "--"
    yield f"{mark} {item.question.id:4} {item.question.title} ({item.question.points} points)"
    if unwritten:
        yield f"        {unwritten}"
    elif item.question.manual:
        yield "        a person reads what you wrote below its heading"
    if item.stubs:
        yield f"        not written yet: {', '.join(item.stubs)}"
    yield from (f"        {sentence}" for sentence in item.missing)


def _verdict(file: Path, assignment: str, found: list[Found]) -> tuple[list[str], int]:
    found = [item for item in found if not item.question.manual]
    if not found:
        return [f"{file.name} will be accepted for {assignment}; a person marks it."], DONE
    if not any(item.written or item.stubs for item in found):
        nothing = f"{file.name} defines nothing that {assignment} asks for; is it the notebook of another assignment?"
        return [nothing], NEEDS_A_PERSON
    complete = sum(item.complete for item in found)
    said = f"{file.name} will be accepted for {assignment}: {complete} of {len(found)} questions are complete."
    if complete == len(found):
        return [said], DONE
    rest = "What is missing or not written yet is worth nothing; what is there is graded all the same."
    return [said, rest], NEEDS_A_PERSON
