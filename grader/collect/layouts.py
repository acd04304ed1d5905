"""Tell which learning platform a download comes from, by the names in it."""

from __future__ import annotations

from collections.abc import Sequence

from grader.collect import blackboard, brightspace, canvas, classroom, gradescope, moodle, plain, teams
from grader.collect.entries import Entry
from grader.collect.names import is_litter
from grader.collect.uploads import Hints, Layout

MARKED: tuple[Layout, ...] = (gradescope, moodle, blackboard, brightspace, teams)  # names that nothing else makes
LIKELY: tuple[Layout, ...] = (canvas, classroom)  # names that a person could choose as well
FOLDER: Layout = plain
LAYOUTS = {
    layout.NAME: layout for layout in (moodle, canvas, gradescope, teams, classroom, blackboard, brightspace, plain)
}
ENOUGH_OF_MARKED, ENOUGH_OF_LIKELY, ENOUGH_OF_ROSTER = 0.2, 0.5, 0.5
FEW = 3  # files in which a likely layout may be chance


def recognised(paths: Sequence[str]) -> Layout | None:
    """The platform that gives files such names; None if none does."""
    paths = [path for path in paths if not is_litter(path)]
    fits = [(layout.fit(paths), layout) for layout in MARKED]
    best = max(fits, key=lambda fit: fit[0])
    if best[0] >= ENOUGH_OF_MARKED:
        return best[1]
    likely = [layout for layout in LIKELY if layout.fit(paths) >= ENOUGH_OF_LIKELY]
    return likely[0] if likely else None


def chosen(entries: Sequence[Entry], hints: Hints) -> Layout:
    """The layout of a place: a platform's, unless the names are simply those of the roster; else a plain folder."""
    layout = recognised([entry.path for entry in entries])
    if layout is None:
        return FOLDER
    if layout in LIKELY and (not hints.roster or plain.known_share(entries, hints) >= ENOUGH_OF_ROSTER):
        return FOLDER
    return layout


def is_download(paths: Sequence[str]) -> bool:
    """Whether an archive is a platform's download and not one student's."""
    layout = recognised(paths)
    return layout is not None and (layout in MARKED or len(paths) >= FEW)
