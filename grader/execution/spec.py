"""What a pool is asked to run in, what it says when it is up, and what else it must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.examination.task import Examined, Task

DEADLY = "took its node down twice"  # what is said of a task that is given to no other node begins with it


@dataclass(frozen=True)
class PoolSpec:
    """What the pool is to run in: kind and level of sandbox, image, one GPU (or None) for every slot.

    kind: "docker", "process", or "none" where nothing but evidence is judged
    """

    kind: str = "docker"
    level: str = "zygote"
    image: str = "grader:latest"
    gpus: tuple[str | None, ...] = (None,)
    cpus: float = 1.0
    runtime: str = ""  # of the engine, as runsc; "" for its default
    from_evidence: bool = False  # a sandbox is the exception: do without one where there is none


@dataclass(frozen=True)
class Ready:
    """What a pool says when it is up."""

    isolation: str
    environment: str
    checks: tuple[tuple[str, str], ...]  # (question, name) of every hidden test
    scaled: tuple[str, ...] = ()  # of the questions whose shares do not add up to their points: what a share is worth


class Examiners(Protocol):
    """Whoever examines tasks: a pool of workers, here or on many machines, or nobody where a person marks everything.

    `watch` hears which task a slot was given, and of None when it came back; `slots` are their names, and may grow.
    """

    watch: Callable[[int, Task | None], None]

    @property
    def ready(self) -> Ready: ...

    @property
    def slots(self) -> Sequence[str]: ...

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Examined]]: ...

    def close(self) -> None: ...
