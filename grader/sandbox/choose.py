"""Choose a sandbox: what was asked for, or the best that this machine gives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from grader.errors import MachineryError, NoGPU
from grader.sandbox import Candidate, Sandbox
from grader.schema import Assignment

if TYPE_CHECKING:
    from grader.sandbox.docker import Grant

LEVELS = ("zygote", "strict")
ZYGOTE_LEVELS = ("userns", "caps")  # the better one first
KINDS = ("docker", "process")


class NoSandbox:
    """Stands where there is no sandbox and, while evidence holds every answer, none is needed."""

    isolation = environment = ""
    share = None

    def __init__(self, why: str) -> None:
        self.why = why

    def open(self) -> Candidate:
        raise MachineryError(f"a call that no transcript holds needs a sandbox: {self.why}")

    def settle(self, how: str) -> bool:
        return True

    def prepare(self) -> None:
        return None

    def close(self) -> None:
        return None


def opener(
    assignment: Assignment,
    kind: str,
    level: str,
    image: str,
    cpus: float = 1.0,
    gpu: str | None = None,
    runtime: str = "",
) -> Callable[[], Sandbox]:
    """A function that makes one slot. Raises MachineryError, saying why, when this machine cannot give it.

    level: "strict"; "zygote" for the best that works, or one of its two by its whole name, "zygote-caps"
    """
    if kind == "process":
        from grader.sandbox.process import ProcessSandbox

        return lambda: ProcessSandbox(assignment, gpu=gpu)
    from grader.sandbox.docker import DockerSandbox, Grant

    grant = Grant(image, cpus, gpu, runtime)
    named = level.removeprefix("zygote-")
    chosen = named if named in ("strict", *ZYGOTE_LEVELS) else zygote_level(assignment, grant)
    if chosen == named and gpu is not None:  # whether there is one shows when a container starts
        with contextlib.closing(DockerSandbox(assignment, grant, chosen)) as sandbox:
            sandbox.open().close()
    return lambda: DockerSandbox(assignment, grant, chosen)


def zygote_level(assignment: Assignment, grant: Grant) -> str:
    """The first of userns and caps that works here. Raises MachineryError with the reasons when neither does."""
    from grader.sandbox.docker import DockerSandbox

    if grant not in _LEVEL_OF:
        reasons: list[str] = []
        for level in ZYGOTE_LEVELS:
            sandbox = DockerSandbox(assignment, grant, level)
            try:
                sandbox.open().close()
                _LEVEL_OF[grant] = level
                break
            except NoGPU:  # at no level
                raise
            except MachineryError as error:
                reasons.append(f"{level}: {error}")
            finally:
                sandbox.close()
        else:
            raise MachineryError(f"no zygote isolation on this host ({'; '.join(reasons)}); use --isolation strict")
    return _LEVEL_OF[grant]


_LEVEL_OF: dict[Grant, str] = {}  # what was found out in this process
