"""A machine that has the wheel and nothing of this checkout, and a page of documentation that is followed on it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.paths import PACKAGE

ROOT = PACKAGE.parent
KEPT = ("PATH", "LANG", "DOCKER_HOST")  # of this environment
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`\n\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TYPE_S = 900


def built_wheel(folder: Path) -> Path:
    """The wheel of this checkout, made in `folder`."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("coursegrader-*.whl")
    return wheel


class CleanMachine:
    """A home folder and a shell whose folder and variables last from one command to the next.

    pip finds the wheel where it would find the published package, and takes the versions of constraints.txt.
    """

    def __init__(self, home: Path, wheel: Path) -> None:
        self.home = self.folder = home
        self.environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "HOME": str(home), "PIP_FIND_LINKS": str(wheel.parent), "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
            "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "110",
        }  # fmt: skip

    def type(self, command: str, code: int | None = 0) -> str:
        """Type a command line; what is seen on the screen. `code`: the exit code it must have; None: any."""
        after = self.home / ".after"
        kept = f"""code=$?; {{ pwd; env -0; }} > '{after}'; exit $code"""
        done = subprocess.run(
            ["bash", "-c", f"{command}\n{kept}"], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=TYPE_S,
        )  # fmt: skip
        assert code in (None, done.returncode), f"$ {command}\n{done.stdout}\nended with {done.returncode}"
        folder, _, variables = after.read_text().partition("\n")
        self.folder = Path(folder)
        self.environment = dict(entry.split("=", 1) for entry in variables.split("\0") if "=" in entry)
        return done.stdout


@dataclass(frozen=True)
class Written:
    """A file that a page shows."""

    file: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A command that a page shows, and what stands under it."""

    command: str
    shown: tuple[str, ...]


def steps(page: str) -> Iterator[Written | Typed]:
    """What a page asks its reader to write and to type, in order.

    A file is a block whose path stands in the line before it; commands stand behind a $ in console blocks.
    """
    for block in BLOCK.finditer(page):
        if block["language"] == "console":
            for typed in re.split(r"^\$ ", block["body"], flags=re.MULTILINE)[1:]:
                command, *shown = typed.rstrip("\n").split("\n")
                yield Typed(command, tuple(shown))
        elif block["file"]:
            yield Written(block["file"], block["body"])


def agrees(shown: tuple[str, ...], seen: str) -> bool:
    """Whether a screen is what a page shows; a line `...` stands for any lines, `...` in a line for any text."""
    lines = [
        ".*?" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*?") + r"[ ]*\n" for line in shown
    ]
    return re.fullmatch("".join(lines), seen if seen.endswith("\n") or not seen else seen + "\n", re.DOTALL) is not None
