"""The child process that scores: the only place of a running portal where labels are opened. Lines of JSON in and out.

in:   {"competition": "kaggle", "part": "public", "file": "/..."}, or without a file: what there is to know
out:  {"score": 0.8125, "key": "..."}, {"key": ..., "rows": ..., "public_rows": ..., "baselines": {...}},
      {"refused": "line 3: ..."} for a file that is wrong, {"error": "..."} for what the staff must see to
It ends when its input does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.competition import scoring
from grader.competition.labels import Labels, Part, read_labels
from grader.course.competition import Competition, read_competition
from grader.course.config import read_course
from grader.errors import AuthoringError, GraderError, SubmissionError
from grader.paths import Paths

MOST_BYTES = 6 * 2**30
BEHIND = 5  # pages come first


class Scoring:
    """Labels are read again when a file of theirs changes. staff: the private part may be told at any time"""

    def __init__(self, paths: Paths, staff: bool) -> None:
        self.paths, self.staff = paths, staff
        self._known: dict[str, tuple[object, Competition, Labels]] = {}

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What is asked, or why not."""
        try:
            competition, labels = self._read(asked["competition"])
            part = Part(asked["part"])
            if part is Part.PRIVATE and not self.staff and datetime.now(UTC) <= competition.deadline:
                raise AuthoringError("scores of the private part are told after the deadline")
            if "file" in asked:
                content = Path(asked["file"]).read_bytes()
                return {"score": scoring.score(content, competition, labels, part), "key": labels.key}
            return {
                "key": labels.key,
                "rows": len(labels.ids),
                "public_rows": len(labels.parts[Part.PUBLIC]),
                "baselines": self._baselines(competition, labels, part),
            }
        except SubmissionError as why:
            return {"refused": str(why)}
        except (GraderError, OSError) as why:
            return {"error": str(why)}

    def _read(self, competition_id: str) -> tuple[Competition, Labels]:
        folder = self.paths.competition(competition_id)
        there = self._known.get(competition_id)
        files = {"competition.toml", there[1].labels if there else "labels.csv"}
        stamp = [(name, _stamp(folder / name)) for name in sorted(files)]
        if there is None or there[0] != stamp:
            competition = read_competition(self.paths, competition_id, read_course(self.paths).timezone)
            labels = read_labels(self.paths, competition)
            scoring.check(competition, labels)
            stamp = [(name, _stamp(folder / name)) for name in sorted({"competition.toml", competition.labels})]
            there = self._known[competition_id] = (stamp, competition, labels)
        return there[1], there[2]

    def _baselines(self, competition: Competition, labels: Labels, part: Part) -> dict[str, float]:
        scores = {}
        for each in competition.baselines:
            file = self.paths.competition(competition.id) / each.file
            try:
                scores[each.name] = scoring.score(file.read_bytes(), competition, labels, part)
            except (SubmissionError, OSError) as why:
                text = why.strerror if isinstance(why, OSError) else why
                raise AuthoringError(f"competitions/{competition.id}/{each.file}: {text}") from None
        return scores


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--staff", action="store_true")
    chosen = parser.parse_args()
    os.nice(BEHIND)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold the labels
    answers = Scoring(Paths(chosen.root), chosen.staff)
    try:
        for line in sys.stdin:
            print(json.dumps(answers.answer(json.loads(line))), flush=True)
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
