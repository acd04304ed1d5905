"""What is going on in a cluster, for `grader status`: written while it runs by the one who knows, read by anybody."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.paths import Paths
from grader.sandbox.leftovers import owner_alive, owner_label

if TYPE_CHECKING:
    from grader.cluster.members import Member


@dataclass(frozen=True)
class Board:
    """One file of one coordinator; removed at its end."""

    file: Path
    assignment: str
    dashboard: str

    @classmethod
    def put_up(cls, paths: Paths, assignment_id: str, dashboard: str) -> Board:
        """Make the file's folder, and take away what killed coordinators left there."""
        paths.clusters.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in paths.clusters.iterdir():
            if not owner_alive(_owner(file)):
                shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        return cls(paths.clusters / f"{owner_label()}.json", assignment_id, dashboard)

    def show(self, members: Iterable[Member], names: Mapping[int, str], busy: Mapping[int, str]) -> None:
        """Write who is there and which slot is busy with what; a disk that is full costs nothing but this."""
        nodes = [
            {
                "node": member.name,
                "state": member.says or member.state.value,
                "slots": [{"slot": names[slot], "busy_with": busy.get(slot, "")} for slot in member.slots],
            }
            for member in members
        ]
        shown = {"assignment": self.assignment, "dashboard": self.dashboard, "nodes": nodes}
        draft = self.file.with_suffix(".new")
        with suppress(OSError):
            draft.write_text(json.dumps(shown), encoding="utf-8")
            os.replace(draft, self.file)

    def take_down(self) -> None:
        with suppress(OSError):
            self.file.unlink(missing_ok=True)
            self.file.with_suffix(".new").unlink(missing_ok=True)


def boards(paths: Paths) -> list[dict[str, Any]]:
    """What the coordinators show that are at work in this course."""
    found = []
    for file in sorted(paths.clusters.glob("*.json")):
        with suppress(OSError, ValueError):  # it ended just now
            if owner_alive(_owner(file)):
                found.append(json.loads(file.read_text(encoding="utf-8")))
    return found


def _owner(file: Path) -> str:
    return file.name.partition(".")[0]
