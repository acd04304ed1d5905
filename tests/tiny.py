"""What the tests of the core share: notebooks made of sources, and channels to what runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from grader import wire
from grader.examination.channel import Channel
from grader.examination.student import Student, StudentFault
from grader.examination.transcript import Transcript
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.record.store import Store
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Outcome, Question, Submission
from grader.submission import notebook
from grader.submission.notebook import Notebook

SMALL_COURSE = Path(__file__).parent / "small_course"
LIMITS = Limits(load_s=20, call_s=20, total_s=120, memory_mib=1024, answer_mib=4, output_kib=4, disk_mib=16)


def assignment(**changed: Any) -> Assignment:
    """An assignment for notebooks without hidden tests; `changed` overrides fields, also those of its limits."""
    limits = {name: changed.pop(name) for name in list(changed) if hasattr(LIMITS, name)}
    questions = (Question("q1", "One", Decimal(1), ("double", "shift")),)
    return Assignment(
        "tiny", "Tiny", **{"questions": questions, "limits": LIMITS.__class__(**vars(LIMITS) | limits)} | changed
    )


def ipynb(*sources: str) -> bytes:
    """A notebook with these code cells."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": text,
        }
        for number, text in enumerate(sources, 1)
    ]
    page = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(page).encode()


def book(*sources: str) -> Notebook:
    return notebook.read(ipynb(*sources), "tiny.ipynb")


class Opened:
    """One submission in a sandbox, and what its checks see of it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def check(self, name: str = "test_one", seed: str = "5eed", **options: Any) -> Student:
        return Student(self.channel, name, seed, **options)

    @property
    def loaded(self) -> dict[str, Any]:
        """The reply to loading: `value` holds what was raised and the names, `output` what was printed."""
        said = self.channel.load()
        assert not said.failure, said
        return wire.decode(said.reply)

    @property
    def raised(self) -> list[tuple[int, str, str]]:
        """(cell, type, message) of what the cells raised."""
        return [(error["cell"], error["type"], error["message"]) for error in self.loaded["value"]["raised"]]


@contextmanager
def opened(
    sandbox: ProcessSandbox,
    *sources: str,
    files: tuple[tuple[str, bytes], ...] = (),
    transcript: Transcript | None = None,
    **changed: Any,
) -> Iterator[Opened]:
    """A submission of these cells; `changed` as in `assignment`."""
    described = assignment(**changed)
    sandbox.assignment = described  # a jail is built by order: one zygote serves all of them
    channel = Channel(described, book(*sources), files, lambda: sandbox, transcript or Transcript())
    try:
        yield Opened(channel)
    finally:
        channel.close()


def ended(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Outcome, str]:
    """How a call ends its check: the outcome, and what is said."""
    with pytest.raises(StudentFault) as caught:
        call(*args, **kwargs)
    return caught.value.outcome, str(caught.value)


# ------------------------------------------------------------------------------------------------ the small course


def small_course(folder: Path) -> Paths:
    """A copy of the small course in `folder`, without any record."""
    shutil.copytree(SMALL_COURSE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return Paths(folder)


def hidden(paths: Paths, name: str, text: str) -> Path:
    """Write a file of hidden tests."""
    file = paths.hidden_tests("tiny") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def submission(student: str, *sources: str) -> Submission:
    return Submission(student, "tiny", "tiny.ipynb", ipynb(*sources))


def attempts(paths: Paths) -> dict[str, int]:
    """How many attempts each student has on record."""
    with Store.open(paths.record, read_only=True) as store:
        return {student: len(store.history(student, "tiny")) for student in store.current_digests("tiny")}


IN_PROCESSES = PoolSpec(kind="process")
RIGHT = (
    "import numpy as np",
    "def softmax(z):\n    e = np.exp(z - z.max(axis=-1, keepdims=True))\n    return e / e.sum(axis=-1, keepdims=True)",
    "class Counter:\n    value = 0\n    def step(self):\n        self.value += 1",
    "def running_sum(x):\n    return np.cumsum(x)",
)
