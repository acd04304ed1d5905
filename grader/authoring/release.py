"""What students get: one zip with the notebook, its public checks, a page to read first, and a manifest.
It also holds the program with which they look at what they hand in.

The zip holds what is named here and nothing else. It is refused while the audit of these very tests is missing or red,
and when a line of a solution or of a hidden test is found in it. The same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.authoring import students_program
from grader.authoring.build import built_files
from grader.course.config import read_course
from grader.course.master import master_parts
from grader.course.scheme import plain
from grader.errors import AuthoringError
from grader.execution.batch import question_digests
from grader.languages.formats import figure
from grader.languages.translating import ENGLISH, mark, speaking, tr
from grader.paths import Paths
from grader.sandbox.importable import importable
from grader.schema import Assignment, digest_of
from grader.submission import notebook
from grader.submission.imports import to_be_installed
from grader.submission.packing import zipped

PACKAGES = {  # module -> the package that has it, where pip knows it by another name
    "PIL": "pillow",
    "cv2": "opencv-python",
    "otter": "otter-grader",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
PASSAGE = 4  # so many lines in a row are no coincidence


READ = mark(" (a person reads your answer)")
CHECKS = mark("""\
`grader.check("{question}")` in the notebook runs a question's public checks. They give no points: your notebook is
graded later, on inputs that nobody has seen. Cells that begin with `# experiment` are not run then.

""")
PAGE = mark("""# {assignment}: {title}

Open `{assignment}.ipynb` in Jupyter, VS Code or Colab, {beside}and fill in what is asked
for.{need}

| question | title | points |
|---|---|---|
{rows}| | together | {points} |

{checks}Before you hand in, save the notebook, open a terminal in this folder and type

    python grader.pyz validate {assignment}.ipynb
    python grader.pyz pack {assignment}.ipynb --student YOUR-ID

The first says what was found for each question, what is missing and which of your imports will fail when it is graded,
the second makes `YOUR-ID_{assignment}.zip`.
Hand in the notebook or that zip. Both commands read your notebook and run nothing of it; Python 3.9 or later is all
they need, and on your machine it may be called `python3` or `py`. In Colab, download your notebook (File > Download >
Download .ipynb), put it and `{assignment}.zip` into the Files on the left, and run in a new cell

    !unzip -oq {assignment}.zip
    !python {assignment}/grader.pyz validate {assignment}.ipynb
""")


def audit_digest(paths: Paths, assignment: Assignment) -> str:
    """What an audit's verdict is about: the tests, the starter, the reference, wrong and right solutions."""
    folders = [paths.wrong(assignment.id), paths.right(assignment.id), paths.whole(assignment.id)]
    files = [file for folder in folders for file in sorted(folder.glob("*.py"))]
    known = [paths.starter(assignment.id), *master_parts(paths, assignment.id), *files]
    parts = [file.read_bytes() for file in known if file.is_file()]
    return digest_of([json.dumps(question_digests(paths, assignment), sort_keys=True).encode(), *parts])


def release_files(paths: Paths, assignment: Assignment) -> dict[str, bytes]:
    """Every file of the zip, by name. Raises AuthoringError when the starter is stale or something leaks."""
    folder = paths.assignment(assignment.id)
    built = built_files(paths, assignment.id)
    for name, text in built.items():
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            raise AuthoringError(f"assignments/{assignment.id}/{name} is not what the master builds; run: grader build")
    files = {name: text.encode("utf-8") for name, text in built.items()}
    files |= {name: (folder / name).read_bytes() for name in assignment.files}
    language = read_course(paths).language if paths.course_toml.is_file() else ENGLISH
    files[students_program.NAME] = students_program.students_program(language)
    page = f"{assignment.id}.ipynb"
    with speaking(language):
        modules = to_be_installed(notebook.read(files[page], page), folder)
        packages = [PACKAGES.get(module, module) for module in modules]
        files["README.md"] = readme(assignment, packages).encode("utf-8")
    _refuse_leaks(paths, assignment, files)
    release = release_id(files)
    files[page] = _stamped(files[page], release)
    files["manifest.json"] = manifest(assignment, files, release, importable(paths), language)
    return files


def release_id(files: dict[str, bytes]) -> str:
    """16 hex digits from everything that is released."""
    digests = ((name, hashlib.sha256(content).hexdigest()) for name, content in sorted(files.items()))
    return digest_of(f"{name} {digest}".encode() for name, digest in digests)[:16]


def _stamped(notebook: bytes, release: str) -> bytes:
    """The notebook with the release's id in it, so that a submission tells which one it was made from."""
    document = json.loads(notebook)
    document["metadata"]["grader"] = {"release": release}
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def manifest(
    assignment: Assignment, files: dict[str, bytes], release: str, modules: tuple[str, ...], language: str = ENGLISH
) -> bytes:
    """What was released, by digest; also what `grader validate` needs to know away from the course.

    modules: that can be imported when graded;  language: of the course
    The notebook is in it, as "starter", where a person reads answers.
    """
    questions = [
        {"id": question.id, "title": question.title, "points": plain(question.points), "names": list(question.names)}
        | ({"manual": True} if question.manual else {})
        for question in assignment.questions
    ]
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    page: dict[str, Any] = {
        "assignment": assignment.id,
        "title": assignment.title,
        "release": release,
        "questions": questions,
        "hidden_modules": list(assignment.hidden_modules),
        "modules": list(modules),
        "files": digests,
    }
    if language != ENGLISH:
        page["language"] = language
    if any(question.manual for question in assignment.questions):
        page["starter"] = json.loads(files[f"{assignment.id}.ipynb"])
    return (json.dumps(page, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def readme(assignment: Assignment, packages: Sequence[str]) -> str:
    """The page that a student reads first. packages: that are to be installed, by the names that pip knows"""
    rows = "".join(
        f"| {each.id} | {each.title}{tr(READ) if each.manual else ''} | {figure(plain(each.points))} |\n"
        for each in assignment.questions
    )
    tested = [question.id for question in assignment.questions if not question.manual]
    need = tr(" You need Python 3.11 or later and these packages:\n`pip install {all}`.", all=" ".join(packages))
    kept = [*([tr("the folder `tests/`")] if tested else []), *(f"`{name}`" for name in assignment.files)]
    beside = tr("with {files} beside it (where they are not, the notebook puts them there), ")
    return tr(PAGE).format(
        assignment=assignment.id,
        title=assignment.title,
        beside=beside.format(files=tr(" and ").join(kept)) if kept else "",
        need=need if tested and packages else "",
        rows=rows,
        points=figure(plain(assignment.max_points)),
        checks=tr(CHECKS).format(question=tested[0]) if tested else "",
    )


def _refuse_leaks(paths: Paths, assignment: Assignment, files: dict[str, bytes]) -> None:
    """Refuse a passage of a hidden test in any file of the release; the build has searched for solutions."""
    hidden = {
        passage
        for file in paths.hidden_tests(assignment.id).rglob("*.py")
        for passage in _passages(file.read_text(encoding="utf-8").splitlines())
    }
    for name, content in files.items():
        text = content.decode("utf-8", "replace")
        lines = _cell_lines(json.loads(text)) if name.endswith(".ipynb") else text.splitlines()
        for passage in _passages(lines):
            if passage in hidden:
                raise AuthoringError(f"{name} would give away a hidden test: {passage[0]!r}")


def _passages(lines: list[str]) -> list[tuple[str, ...]]:
    """Every run of PASSAGE lines, blanks and indentation aside."""
    told = [line.strip() for line in lines if line.strip()]
    return [tuple(told[place : place + PASSAGE]) for place in range(len(told) - PASSAGE + 1)]


def _cell_lines(notebook: dict[str, Any]) -> list[str]:
    return [line for cell in notebook.get("cells", []) for line in "".join(cell["source"]).splitlines()]


def release(paths: Paths, assignment: Assignment, out: Path) -> tuple[Path, str]:
    """Write the zip; return its path and the release's id. Raises AuthoringError unless a fresh audit is green."""
    if not assignment.by_hand_alone:
        _require_audit(paths, assignment)
    files = release_files(paths, assignment)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{assignment.id}.zip"
    target.write_bytes(zipped(assignment.id, files))
    return target, json.loads(files["manifest.json"])["release"]


def _require_audit(paths: Paths, assignment: Assignment) -> None:
    file = paths.audit(assignment.id)
    how = f"run: grader audit {assignment.id}"
    if not file.is_file():
        raise AuthoringError(f"{assignment.id} has not been audited; {how}")
    said = json.loads(file.read_text(encoding="utf-8"))
    if said["digest"] != audit_digest(paths, assignment):
        raise AuthoringError(f"{assignment.id} has changed since its audit; {how}")
    if not said["green"]:
        raise AuthoringError(f"the audit of {assignment.id} is red: {said['findings']} findings; {how}")
