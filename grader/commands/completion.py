"""`completion`: what makes a shell ask when Tab is pressed, and the answer: commands, options, ids, students."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable

from grader.course.config import assignment_ids, read_assignment
from grader.errors import GraderError
from grader.exit_codes import DONE
from grader.paths import Paths, find_root


def completion(chosen: argparse.Namespace) -> int:
    """Print what a shell has to be told."""
    import argcomplete

    print(argcomplete.shellcode(["grader"], shell=chosen.shell))  # type: ignore[no-untyped-call]
    return DONE


def answer(top: argparse.ArgumentParser) -> None:
    """Tell the shell that asks what can stand at the cursor, and end this process."""
    import argcomplete

    [below] = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    for command, parser in below.choices.items():
        for action in parser._actions:
            if command == "new" or action.dest in WORDS:  # what is not there yet
                action.completer = _quiet(lambda paths: ())  # type: ignore[attr-defined]
            elif action.dest in KNOWN:
                action.completer = _quiet(KNOWN[action.dest])  # type: ignore[attr-defined]
    argcomplete.autocomplete(top, always_complete_options="long")


def _students(paths: Paths) -> Iterable[str]:
    """Those on the roster; where there is none, those who handed in."""
    from grader.course.sheets import read_roster
    from grader.record.store import Store

    if paths.roster_csv.exists():
        return [student.id for student in read_roster(paths)]
    with Store.open(paths.record, read_only=True) as store:
        return {student for assignment in assignment_ids(paths) for student in store.current_digests(assignment)}


def _questions(paths: Paths) -> Iterable[str]:
    """Those of the assignment that the line names already."""
    named = set(os.environ["COMP_LINE"].split()).intersection(assignment_ids(paths))
    return [question.id for name in named for question in read_assignment(paths, name).questions]


def _runs(paths: Paths) -> Iterable[str]:
    from grader.record.store import Store

    with Store.open(paths.record, read_only=True) as store:
        return [str(run.id) for run in store.runs()]


WORDS = ("delta", "set", "comment", "reason", "who", "title")  # free text: no file is meant
KNOWN: dict[str, Callable[[Paths], Iterable[str]]] = {  # by the name of the argument or option
    "assignment": assignment_ids,
    "student": _students,
    "students": _students,
    "question": _questions,
    "before": _runs,
    "after": _runs,
}


def _quiet(known: Callable[[Paths], Iterable[str]]) -> Callable[..., list[str]]:
    """Something that argcomplete can ask; where the course cannot be read there is nothing to offer."""

    def ask(**asked: object) -> list[str]:
        try:
            return sorted(known(Paths(find_root())))
        except GraderError:
            return []

    return ask
