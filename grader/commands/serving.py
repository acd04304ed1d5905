"""`serve` and `invite`: the portal, and who may come in."""

from __future__ import annotations

import argparse

from grader.errors import UsageError
from grader.paths import Paths, find_root


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
    settings = Settings(chosen.address, chosen.proxy, chosen.header, serving.client_secret())
    return serving.serve(paths, chosen.host, chosen.port, settings, grading, len(slots.gpus))
