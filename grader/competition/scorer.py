"""The scoring process as its parent knows it: files go in, scores come out, and no label ever does."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.competition.labels import Part
from grader.course.competition import Competition
from grader.errors import AuthoringError, MachineryError, SubmissionError
from grader.paths import Paths

LONGEST_S = 120.0  # for one answer
WAIT_S = 180.0  # for one's turn


@dataclass(frozen=True)
class About:
    """What may be known of labels. key: another one when scores of before hold no more;  baselines: name -> score"""

    key: str
    rows: int
    public_rows: int
    baselines: Mapping[str, float]


class Scorer:
    """One child, begun when it is first asked. staff: it tells scores of the private part before the deadline, too"""

    def __init__(self, paths: Paths, staff: bool = False) -> None:
        self._paths = paths
        self._command = [sys.executable, "-m", "grader.competition.scoring_process", str(paths.root)]
        self._command += ["--staff"] if staff else []
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._about: dict[tuple[str, Part], tuple[object, About]] = {}

    def score(self, competition: Competition, file: Path, part: Part) -> tuple[float, str]:
        """The score of a file, and the key of what it was compared with.

        Raises SubmissionError for what is wrong with the file, AuthoringError for what is wrong with the competition.
        """
        said = self._ask({"competition": competition.id, "part": part.value, "file": str(file)})
        return said["score"], said["key"]

    def about(self, competition: Competition, part: Part) -> About:
        """What is known of the labels now, with the baselines' scores of that part."""
        stamp, there = self._stamp(competition), self._about.get((competition.id, part))
        if there is None or there[0] != stamp:
            said = self._ask({"competition": competition.id, "part": part.value})
            there = self._about[competition.id, part] = (stamp, About(**said))
        return there[1]

    def _stamp(self, competition: Competition) -> object:
        """When the competition's files were written; they are not opened."""
        folder = self._paths.competition(competition.id)
        names = ("competition.toml", competition.labels, *(each.file for each in competition.baselines))
        found = []
        for name in names:
            with contextlib.suppress(OSError):
                status = (folder / name).stat()
                found.append((name, status.st_mtime_ns, status.st_size))
        return found

    def close(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        assert child.stdin is not None and child.stdout is not None
        with contextlib.suppress(OSError):
            child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=5)
        child.kill()
        child.wait()
        child.stdout.close()

    def _ask(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if not self._turn.acquire(timeout=WAIT_S):
            raise MachineryError("many entries are being scored; try again in a minute")
        try:
            said = self._answer(json.dumps(asked).encode() + b"\n")
        finally:
            self._turn.release()
        if "refused" in said:
            raise SubmissionError(said["refused"])
        if "error" in said:
            raise AuthoringError(said["error"])
        return said

    def _answer(self, line: bytes) -> dict[str, Any]:
        """One line there, one line back. A child that ended, or takes too long, is replaced at the next question."""
        if self._child is None or self._child.poll() is not None:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
            self._child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
            )
        child = self._child
        assert child.stdin is not None and child.stdout is not None
        until, said = time.monotonic() + LONGEST_S, b""
        with contextlib.suppress(OSError):
            child.stdin.write(line)
            while not said.endswith(b"\n") and (left := until - time.monotonic()) > 0:
                if not select.select([child.stdout], [], [], left)[0] or not (piece := child.stdout.read(65536)):
                    break
                said += piece
        if said.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(said)
            return answer
        child.kill()
        self.close()
        raise MachineryError("the process that scores ended, or took too long")
