"""The host: collects the hidden tests once, finds out which isolation this machine gives, forks the workers.

Workers are forked when the process above asks for them: one for every slot, and another for each that was killed.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import send_handle
from typing import TYPE_CHECKING, NoReturn

from grader.errors import AuthoringError, GraderError, MachineryError
from grader.execution.spec import PoolSpec
from grader.paths import Paths

if TYPE_CHECKING:
    import pytest

    from grader.examination.pytest_plugin import Hidden
    from grader.sandbox import Sandbox

BEGUN = "begun"  # said before the pipe of a new worker is handed over
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
FOR_PYTEST_BY_HAND = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")  # what somebody likes to have there changes no mark


def become_host(paths: Paths, assignment_id: str, spec: PoolSpec, control: Connection) -> NoReturn:
    """Collect the tests, then fork a worker for every slot that `control` names; never returns."""
    gc.freeze()  # else a collection would write to, and so copy, all that the process above has in memory
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process above, which then closes the pipes
    os.environ.update(ONE_THREAD)  # before NumPy is imported: workers run side by side
    for name in FOR_PYTEST_BY_HAND:
        os.environ.pop(name, None)
    code = 1
    try:
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)  # what a hidden test prints is for nobody
        code = _host(paths, assignment_id, spec, control)
    except GraderError as error:
        _say(control, type(error).__name__, str(error))
    except Exception as error:  # noqa: BLE001 - pytest and Docker may raise anything; the process above must hear it
        _say(control, "MachineryError", f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _host(paths: Paths, assignment_id: str, spec: PoolSpec, control: Connection) -> int:
    import pytest

    from grader.examination.hosted import Hosted

    folder = str(paths.hidden_tests(assignment_id))
    if not os.path.isdir(folder):
        raise AuthoringError(f"assignments/{assignment_id}/hidden: there is no such folder; no hidden tests, no marks")
    os.environ["GRADER_COURSE"] = str(paths.root)
    sys.path.insert(0, folder)  # hidden tests import what lies beside them, as they do under pytest by hand
    without = [f"-pno:{plugin}" for plugin in ("terminal", "cacheprovider", "randomly")]
    quiet = [*without, "--capture=no", "--import-mode=importlib", "--assert=plain"]
    hosting = _Hosting(f"assignments/{assignment_id}/hidden", spec, control)
    quiet += ["-W", "default"]  # a warning fails no test, however this process was begun
    code = pytest.main([folder, f"--rootdir={paths.root}", "-c", os.devnull, *quiet], plugins=[Hosted(), hosting])
    if code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        _say(control, "AuthoringError", f"{hosting.where} cannot be collected ({code!s})")
    return int(code)


class _Hosting:
    """A pytest plugin that takes the place of pytest's own loop over the tests."""

    def __init__(self, where: str, spec: PoolSpec, control: Connection) -> None:
        self.where = where
        self.spec = spec
        self.control = control

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from grader.examination import pytest_plugin

        hidden = session.config.stash.get(pytest_plugin.HIDDEN, None)
        if hidden is None:
            raise AuthoringError(f"{self.where} holds no tests")
        pytest_plugin.require_complete(hidden)
        session.config.option.tbstyle = "no"  # nobody reads how a check came to fail; finding out takes 50 ms
        self._sweep()
        _require_room(hidden, self.spec)
        openers = [_opener(hidden, self.spec, gpu) for gpu in self.spec.gpus]
        gc.collect()
        gc.freeze()  # what was collected is for good; workers and the forks of each examination share it
        workers: dict[int, int] = {}  # slot -> process
        with contextlib.suppress(EOFError, OSError):  # the process above is done, or gone
            while True:
                slot = self.control.recv()
                _end(workers.pop(slot, None))  # never two in one slot
                workers[slot] = _begin_worker(self.control, session.items, hidden, openers[slot])
        for worker in workers.values():  # they see that the process above is gone, and give their containers back
            os.waitpid(worker, 0)
        return True

    def _sweep(self) -> None:
        """Take away what killed runs left."""
        from grader.sandbox import leftovers

        if self.spec.kind == "docker":
            with contextlib.suppress(MachineryError):  # no engine: the opener says so, or does without
                leftovers.reap()
        else:
            leftovers.sweep()

    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        error = excinfo.value
        kind = type(error).__name__ if isinstance(error, GraderError) else "MachineryError"
        _say(self.control, kind, str(error) if isinstance(error, GraderError) else excinfo.exconly())
        return True


def _require_room(hidden: Hidden, spec: PoolSpec) -> None:
    """Raise MachineryError where a GPU is none, or cannot hold what its slots may use; unless none may be needed."""
    from grader.sandbox.container_gpu import NO_GPU, has_driver
    from grader.sandbox.nvml import require_room

    if spec.kind != "none" and not spec.from_evidence:
        if spec.kind == "process" and any(gpu is not None for gpu in spec.gpus) and not has_driver():
            raise MachineryError(NO_GPU)  # else torch takes the processor, and a GPU goes on record
        require_room(spec.gpus, hidden.assignment.limits.video_memory_mib)


def _opener(hidden: Hidden, spec: PoolSpec, gpu: str | None) -> Callable[[], Sandbox]:
    from grader.sandbox import choose

    if spec.kind == "none":
        return lambda: choose.NoSandbox("none was asked for")
    try:
        return choose.opener(hidden.assignment, spec.kind, spec.level, spec.image, spec.cpus, gpu, spec.runtime)
    except MachineryError as error:
        if not spec.from_evidence:
            raise
        why = str(error)
        return lambda: choose.NoSandbox(why)


def _say(whom: Connection, kind: str, message: str) -> None:
    with contextlib.suppress(OSError):
        whom.send((kind, message))


def _end(worker: int | None) -> None:
    if worker is not None:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _begin_worker(control: Connection, items: list[pytest.Item], hidden: Hidden, opener: Callable[[], Sandbox]) -> int:
    """Fork a worker, return its process id, and hand the other end of its pipe to the process above."""
    from grader.execution.worker import Worker

    theirs, ours = Pipe()
    child = os.fork()
    if child:
        ours.close()
        control.send(BEGUN)
        send_handle(control, theirs.fileno(), os.getppid())
        theirs.close()
        return child
    control.close()
    theirs.close()
    try:
        Worker(items, hidden, opener, ours).serve()
    except GraderError as error:
        _say(ours, type(error).__name__, str(error))
    finally:
        os._exit(0)
