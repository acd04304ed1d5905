"""`similar`: which hand-ins are alike, for staff alone; nothing is run, and no student's page says a word of it."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from grader.commands import plain_files
from grader.commands.grading import submissions_of
from grader.commands.writing import make_folder, write
from grader.course.config import read_assignment
from grader.errors import SubmissionError, UsageError
from grader.exit_codes import DONE
from grader.languages.translating import tr, trn
from grader.paths import Paths, find_root
from grader.record.store import Store
from grader.schema import Assignment, Attempt, Submission
from grader.similarity import set_aside
from grader.similarity.comparing import Comparison, HandIn, Pair, compare
from grader.similarity.fingerprints import pieces
from grader.similarity.mistakes import Mistake, by_pair, rare_mistakes
from grader.similarity.page import SHOWN, page
from grader.similarity.set_aside import SetAside
from grader.submission import notebook
from grader.submission.notebook import Notebook
from grader.terminal import colour, screen
from grader.terminal.tables import screen_width

FILES = ("*.ipynb", "*.py")


def similar(chosen: argparse.Namespace) -> int:
    """Compare what was handed in, write the page, and say who is most alike."""
    paths = Paths(find_root())
    assignment = read_assignment(paths, chosen.assignment)
    handed_in = [submission for submission, _ in submissions_of(paths, assignment, chosen.places, "last")[0]]
    others = {**_earlier(assignment, chosen.also), **_known(assignment, chosen.known)}
    if chosen.set_aside:
        return _set_aside(paths, assignment, chosen, {each.student for each in handed_in} | others.keys())
    if chosen.plain:
        return plain_files.write_all(paths, assignment, _readable(_named(handed_in)), _readable(others), chosen.plain)
    hand_ins = [*_read(assignment, _named(handed_in), own=True), *_read(assignment, others, own=False)]
    found, mistakes, aside = _compared(paths, assignment, hand_ins)
    if chosen.json:
        print(json.dumps(_document(assignment, hand_ins, found, mistakes, aside), indent=1, ensure_ascii=False))
        return DONE
    left = [pair for pair in found.pairs if frozenset((pair.first, pair.second)) not in aside]
    make_folder(chosen.out, 0o700)
    target = chosen.out / f"{assignment.id}.html"
    write(target, page(assignment, hand_ins, found, mistakes, aside))
    colour.show(_table(left[:SHOWN], mistakes))
    screen.tell(f"{target}  (for staff: alike is not copied; look at the code and ask both)")
    return DONE


def page_of_class(paths: Paths, assignment: Assignment) -> str:
    """The page on what was collected alone."""
    handed_in = [submission for submission, _ in submissions_of(paths, assignment, [], "last")[0]]
    hand_ins = [*_read(assignment, _named(handed_in), own=True)]
    return page(assignment, hand_ins, *_compared(paths, assignment, hand_ins))


def _compared(
    paths: Paths, assignment: Assignment, hand_ins: Sequence[HandIn]
) -> tuple[Comparison, Mapping[frozenset[str], Sequence[Mistake]], Mapping[frozenset[str], SetAside]]:
    """What is alike, rare mistakes in common, and which pairs were set aside."""
    aside = {decision.pair: decision for decision in set_aside.read(_file(paths, assignment))}
    mistakes = by_pair(rare_mistakes(_attempts(paths, assignment)))
    return compare(hand_ins, _given(paths, assignment)), mistakes, aside


# ---------------------------------------------------------------------------------------------------- who is compared


Named = Mapping[str, Submission]


def _named(handed_in: Iterable[Submission]) -> Named:
    return {each.student: each for each in handed_in}


def _readable(handed_in: Named) -> Iterator[tuple[str, Notebook]]:
    """Each hand-in with what was read of it; those that cannot be read are named on stderr."""
    for name, each in handed_in.items():
        try:
            yield name, notebook.read(each.content, each.filename)
        except SubmissionError as problem:
            screen.say(f"{name}: left out: {problem}")


def _read(assignment: Assignment, handed_in: Named, own: bool) -> Iterator[HandIn]:
    for name, read in _readable(handed_in):
        yield HandIn(name, _text(read), pieces(read, assignment.questions), own)


def _text(read: Notebook) -> str:
    """The code as it is written, comments and names too, without blank lines, cells and what a file has beside it."""
    lines = (line.rstrip() for cell in read.cells if not cell.experiment for line in cell.source.split("\n"))
    return "\n".join(line for line in lines if line)


def _earlier(assignment: Assignment, records: Iterable[Path]) -> Named:
    """The hand-ins of other years: the record of a course folder, or a record itself."""
    found: dict[str, Submission] = {}
    for place in records:
        file = Paths(place).record if place.is_dir() else place
        if not file.is_file():
            raise UsageError(f"--also {place}: there is no record; name a course folder or its .grader/record.sqlite")
        with Store.open(file, read_only=True) as store:
            label = place.resolve().name if place.is_dir() else place.resolve().parent.parent.name
            found |= {f"{each.student} ({label})": each for each in store.current_submissions(assignment.id)}
    return found


def _known(assignment: Assignment, folders: Iterable[Path]) -> Named:
    """Solutions that are public: every notebook and Python file below a folder, named by its place there."""
    found: dict[str, Submission] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--known {folder}: there is no such folder")
        for file in sorted(file for form in FILES for file in folder.rglob(form)):
            name = file.relative_to(folder).as_posix()
            found[f"{name} (known)"] = Submission(name, assignment.id, file.name, file.read_bytes())
    return found


def _given(paths: Paths, assignment: Assignment) -> Mapping[str, frozenset[int]]:
    """Every fingerprint of the starter, kept or not, by question."""
    starter = paths.starter(assignment.id)
    if not starter.is_file():
        return {}
    read = notebook.read(starter.read_bytes(), starter.name)
    return {name: frozenset(piece.marks) for name, piece in pieces(read, assignment.questions, every=True).items()}


def _attempts(paths: Paths, assignment: Assignment) -> list[Attempt]:
    if not paths.record.exists():
        return []
    with Store.open(paths.record, read_only=True) as store:
        return [stored.attempt for stored in store.current_attempts(assignment.id).values()]


# ---------------------------------------------------------------------------------------------------- what is said


def _document(
    assignment: Assignment,
    hand_ins: Sequence[HandIn],
    found: Comparison,
    mistakes: Mapping[frozenset[str], Sequence[Mistake]],
    aside: Mapping[frozenset[str], SetAside],
) -> dict[str, object]:
    """As --json has it: every pair that shares anything, most alike first."""
    return {
        "assignment": assignment.id,
        "hand_ins": sum(each.own for each in hand_ins),
        "pairs": [_entry(pair, mistakes, aside) for pair in found.pairs],
        "clusters": [list(members) for members in found.clusters()],
        "mistakes": [
            {"question": each.question, "check": each.check, "students": list(each.students)}
            for each in sorted(
                {one for some in mistakes.values() for one in some}, key=lambda one: (-one.bits, one.check)
            )
        ],
    }


def _entry(
    pair: Pair, mistakes: Mapping[frozenset[str], Sequence[Mistake]], aside: Mapping[frozenset[str], SetAside]
) -> dict[str, object]:
    two = frozenset((pair.first, pair.second))
    decision = aside.get(two)
    return {
        "students": [pair.first, pair.second],
        "shared": round(pair.share, 4),
        "score": round(pair.score, 2),
        "identical": pair.identical,
        "questions": [
            {"id": each.question or None, "shared": round(each.share, 4), "bits": round(each.bits, 1)}
            for each in pair.questions
        ],
        "mistakes": [{"question": each.question, "check": each.check} for each in mistakes.get(two, ())],
        "set_aside": decision.reason if decision else None,
    }


def _table(pairs: Sequence[Pair], mistakes: Mapping[frozenset[str], Sequence[Mistake]]) -> str:
    if not pairs:
        return tr("no two hand-ins share what only few have") + "\n"
    rows = []
    for pair in pairs:
        most = ", ".join(f"{each.question or tr('other')} {100 * each.share:.0f} %" for each in pair.questions[:4])
        rare = len(mistakes.get(frozenset((pair.first, pair.second)), ()))
        told = [tr("the same code word for word")] * pair.identical + [most]
        told += [trn("{n} rare mistake in common", "{n} rare mistakes in common", rare)] * bool(rare)
        rows.append([pair.first, pair.second, f"{100 * pair.share:.0f} %", "; ".join(told)])
    width = screen_width()
    return screen.table([tr("student"), tr("and"), tr("shared"), tr("most alike in")], rows, right=[2], width=width)


# ---------------------------------------------------------------------------------------------------- what is decided


def _file(paths: Paths, assignment: Assignment) -> Path:
    return paths.root / "similar" / f"{assignment.id}.csv"


def _set_aside(paths: Paths, assignment: Assignment, chosen: argparse.Namespace, there: set[str]) -> int:
    """Put on record that two were looked at."""
    first, second = chosen.set_aside
    for student in (first, second):
        if student not in there:
            raise UsageError(f"nothing of {student!r} is handed in for {assignment.id}")
    if first == second or not (chosen.reason or "").strip():
        raise UsageError('name two students and say why: --set-aside ADA BOB --reason "worked together, allowed"')
    file = _file(paths, assignment)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    decision = SetAside(first, second, chosen.reason.strip(), chosen.who or getpass.getuser(), now)
    text = set_aside.with_one_more(file, decision)
    make_folder(file.parent)
    write(file, text)
    screen.tell(f"{file}: {first} and {second} set aside: {decision.reason}")
    return DONE
