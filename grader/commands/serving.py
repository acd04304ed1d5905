"""`serve` and `invite`: the portal, and who may come in."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grader.errors import MachineryError, UsageError
from grader.paths import Paths, find_root

if TYPE_CHECKING:
    from grader.execution.spec import PoolSpec


def serve(chosen: argparse.Namespace) -> int:
    """Serve the portal of this course until it is ended."""
    from grader.portal import serving

    missing = serving.needed()
    if missing:
        raise UsageError(f"serve needs {missing}: pip install 'coursegrader[serve]'")
    from grader.commands.grading import spec
    from grader.portal.portal import Settings

    paths = Paths(find_root())
    slots = spec(chosen)
    grading = ["--sandbox", slots.kind, "--isolation", slots.level, "--image", slots.image]
    grading += ["--runtime", slots.runtime] if slots.runtime else []
    grading += ["--gpus", chosen.gpus] if chosen.gpus else ["--workers", str(len(slots.gpus))]
    how = tuple(how_it_grades(slots))
    settings = Settings(chosen.address, chosen.proxy, chosen.header, serving.client_secret())
    return serving.serve(paths, chosen.host, chosen.port, settings, grading, len(slots.gpus), how)


def how_it_grades(slots: PoolSpec) -> Iterator[str]:
    """What hand-ins are graded with, and what hinders it. Raises MachineryError where a GPU is of no use."""
    from grader.commands.grading import UNWATCHED, why_unwatched
    from grader.sandbox.image import digest

    gpus = [gpu for gpu in slots.gpus if gpu is not None]
    unwatched = why_unwatched(slots)
    count = f"{len(slots.gpus)} slot{'' if len(slots.gpus) == 1 else 's'}"
    where = "in processes of this machine (grader doctor says how isolated)"
    if slots.kind == "docker":
        where = f"in containers of {slots.image}"
    yield f"grades with {count} {where}{', on GPU ' + ', '.join(gpus) if gpus else ''}"
    if unwatched:
        yield f"{UNWATCHED}: {unwatched}"
    if slots.kind == "docker":
        try:
            digest(slots.image)
        except MachineryError as error:
            yield f"hand-ins will not be graded until this is settled: {error}"
