"""What the tests of the core share: notebooks made of sources, and channels to what runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from grader import notebook, wire
from grader.channel import Channel
from grader.notebook import Notebook
from grader.sandbox.process import ProcessSandbox
from grader.schema import Assignment, Limits, Question
from grader.student import Student
from grader.transcript import Transcript

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
