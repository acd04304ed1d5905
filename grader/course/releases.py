"""Which release of an assignment is the current one, and what is to be said of a notebook made from another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.paths import Paths
from grader.submission.ipynb import MADE_FROM


def remember(paths: Paths, assignment_id: str, release: str) -> None:
    """Note the id of the release that was made last."""
    file = paths.release(assignment_id)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(f"{release}\n", encoding="utf-8")


def current(paths: Paths, assignment_id: str) -> str:
    """The id of the release that was made last; "" where none was made here."""
    file = paths.release(assignment_id)
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def told(notices: Iterable[str], now: str) -> Iterator[str]:
    """The notices, without the release that a notebook was made from where it is the current one, or none is known."""
    for notice in notices:
        release = notice.removeprefix(MADE_FROM).partition(" ")[0] if notice.startswith(MADE_FROM) else ""
        if not release:
            yield notice
        elif now and release != now:
            yield f"made from another release of the assignment ({release}) than the current one ({now})"
