"""Choose a sandbox: what was asked for, or the best that this machine gives."""

from __future__ import annotations

from collections.abc import Callable

from grader.errors import MachineryError
from grader.sandbox import Sandbox
from grader.schema import Assignment

LEVELS = ("zygote", "strict")
KINDS = ("docker", "process")


def opener(
    assignment: Assignment, kind: str, level: str, image: str, cpus: float = 1.0, gpu: str | None = None
) -> Callable[[], Sandbox]:
    """A function that makes one slot. Raises MachineryError, saying why, when this machine cannot give it."""
    if kind == "process":
        from grader.sandbox.process import ProcessSandbox

        return lambda: ProcessSandbox(assignment)
    from grader.sandbox.docker import DockerSandbox, Grant

    grant = Grant(image, cpus, gpu)
    chosen = "strict" if level == "strict" else zygote_level(assignment, grant)[0]
    return lambda: DockerSandbox(assignment, grant, chosen)


def zygote_level(assignment: Assignment, grant: object) -> tuple[str, list[str]]:
    """The first of userns and caps that works here, and why the ones before it do not."""
    from grader.sandbox.docker import DockerSandbox, Grant

    assert isinstance(grant, Grant)
    reasons: list[str] = []
    for level in ("userns", "caps"):
        sandbox = DockerSandbox(assignment, grant, level)
        try:
            sandbox.open().close()
            return level, reasons
        except MachineryError as error:
            reasons.append(f"{level}: {error}")
        finally:
            sandbox.close()
    raise MachineryError(f"no zygote isolation on this host ({'; '.join(reasons)}); use --isolation strict")
