"""`record`: whether the course's record is whole, a copy of it, and what can go of it."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

from grader.course.config import assignment_ids
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.translating import tr
from grader.paths import Paths, find_root
from grader.record import upkeep
from grader.record.claims import claimed, lock_of
from grader.terminal import screen


def record(chosen: argparse.Namespace) -> int:
    """Check, back up or prune; 1 where a check found something, or where there is something to prune."""
    paths = Paths(find_root())
    if chosen.folder is not None and chosen.action != "backup":
        raise UsageError(f"record {chosen.action} takes no folder")
    return {"check": _check, "backup": _backup, "prune": _prune}[chosen.action](paths, chosen)


def _check(paths: Paths, chosen: argparse.Namespace) -> int:
    found = upkeep.check(paths.record)
    for finding in found.findings:
        screen.tell(finding)
    counted = {"submissions": found.submissions, "attempts": found.attempts, "contents": found.contents}
    what = tr("{submissions} submissions, {attempts} attempts, {contents} contents", **counted)
    size = mib(paths.record.stat().st_size)
    if found.findings:
        screen.tell(f"{paths.record}: {size}; {what}; NOT as it was recorded: see above, and put a backup in its place")
        return NEEDS_A_PERSON
    screen.tell(f"{paths.record}: {size}; {what}; all of it can be read and is as it was recorded")
    return DONE


def _backup(paths: Paths, chosen: argparse.Namespace) -> int:
    if chosen.folder is None:
        raise UsageError("where to? grader record backup FOLDER (a new one for every backup)")
    others = (paths.secret,) if paths.secret.exists() else ()
    written = upkeep.backup(paths.record, chosen.folder, others)
    for file in written:
        screen.tell(f"{file}  {mib(file.stat().st_size)}")
    return DONE


def _prune(paths: Paths, chosen: argparse.Namespace) -> int:
    before = paths.record.stat().st_size if paths.record.exists() else 0
    if not chosen.yes:
        found = upkeep.prune(paths.record, for_good=False)
        screen.tell(f"goes:  what was said in {found.attempts} attempts that do not count any more: {mib(found.size)}")
        screen.tell(
            f"stays: what was said in the {found.counting} attempts that count; all that was handed in; every result, "
            "mark and change of every attempt, also of those that do not count"
        )
        screen.tell(f"{paths.record} has {mib(before)}; nothing was removed: `grader record prune --yes` does")
        return NEEDS_A_PERSON if found.attempts else DONE
    with ExitStack() as quiet:
        for assignment in assignment_ids(paths):
            quiet.enter_context(claimed(lock_of(paths.record, assignment), "record prune"))
        found = upkeep.prune(paths.record, for_good=True)
    after = paths.record.stat().st_size
    sizes = f"{mib(before)} -> {mib(after)}"
    screen.tell(f"what was said in {found.attempts} attempts was removed; {paths.record}: {sizes}")
    return DONE


def mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
