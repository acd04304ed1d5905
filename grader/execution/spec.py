"""What a pool is asked to run in, and what it says when it is up."""

from __future__ import annotations

from dataclasses import dataclass

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
    from_evidence: bool = False  # a sandbox is the exception: do without one where there is none


@dataclass(frozen=True)
class Ready:
    """What a pool says when it is up."""

    isolation: str
    environment: str
    checks: tuple[tuple[str, str], ...]  # (question, name) of every hidden test
    scaled: tuple[str, ...] = ()  # of the questions whose shares do not add up to their points: what a share is worth
