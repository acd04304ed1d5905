"""The local pool: worker processes that examine tasks, each with a sandbox slot of its own.

    this process        gives out tasks, collects what came of them; imports nothing heavy
    └── host            collects the hidden tests once, finds out which isolation the machine gives
        └── worker      one per slot: owns a sandbox, and forks for every task
            └── fork    examines one submission; gets its candidates from the worker

Ends from the outside in: whoever loses the process above it gives its containers back and ends too, so nothing is left
when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, Any, NoReturn

from grader.errors import AuthoringError, GraderError, MachineryError
from grader.paths import Paths
from grader.task import Examined, Task, deferred

if TYPE_CHECKING:
    import pytest

    from grader.pytest_plugin import Hidden
    from grader.sandbox import Sandbox

GRACE_S = 60.0  # what an examination may take beside its candidate
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ERRORS: dict[str, type[GraderError]] = {"AuthoringError": AuthoringError, "MachineryError": MachineryError}


@dataclass(frozen=True)
class Wish:
    """What the pool is to run in: kind and level of sandbox, image, one GPU (or None) for every slot."""

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


class Pool:
    """A context manager; `run` hands out tasks and yields what comes back, in the order of completion."""

    def __init__(self, paths: Paths, assignment_id: str, wish: Wish) -> None:
        pipes = [Pipe() for _ in wish.gpus]
        sys.stdout.flush()
        self.host = os.fork()
        if self.host == 0:
            for ours, _ in pipes:
                ours.close()
            _become_host(paths, assignment_id, wish, [theirs for _, theirs in pipes])
        for _, theirs in pipes:
            theirs.close()
        self.workers: list[Connection] = [ours for ours, _ in pipes]
        try:
            self.ready = [self._first_word(worker) for worker in self.workers][0]
        except BaseException:
            self.close()
            raise

    def _first_word(self, worker: Connection) -> Ready:
        try:
            word = worker.recv()
        except (EOFError, OSError):
            raise MachineryError("a worker ended before it was ready") from None
        if isinstance(word, Ready):
            return word
        kind, message = word
        raise ERRORS.get(kind, MachineryError)(message)

    def run(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Examined]]:
        """Give every worker a task, and the next one when it is done. A lost worker's task comes back as deferred."""
        busy: dict[Connection, Task] = {}
        idle = list(self.workers)
        while True:
            while idle and (task := next(tasks, None)) is not None:
                worker = idle.pop()
                with contextlib.suppress(OSError):  # a dead worker shows in recv
                    worker.send(task)
                busy[worker] = task
            if not busy:
                return
            answered = wait(list(busy))
            for worker in [worker for worker in busy if worker in answered]:
                task = busy.pop(worker)
                try:
                    yield task, worker.recv()
                    idle.append(worker)
                except (EOFError, OSError):
                    self.workers.remove(worker)
                    yield task, deferred("the worker process ended")
            if not self.workers:
                raise MachineryError("every worker process ended; see grader doctor")

    def close(self) -> None:
        """End the workers; they give their containers back before they go."""
        for worker in self.workers:
            worker.close()
        self.workers = []
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.host, 0)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


# ---------------------------------------------------------------------------------------------------- host


def _become_host(paths: Paths, assignment_id: str, wish: Wish, pipes: list[Connection]) -> NoReturn:
    """Collect the tests, then fork the workers; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process above, which then closes the pipes
    os.environ.update(ONE_THREAD)  # before NumPy is imported: workers run side by side
    code = 1
    try:
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)  # what a hidden test prints is for nobody
        code = _host(paths, assignment_id, wish, pipes)
    except GraderError as error:
        _say_to_all(pipes, type(error).__name__, str(error))
    except Exception as error:  # noqa: BLE001 - pytest and Docker may raise anything; the process above must hear it
        _say_to_all(pipes, "MachineryError", f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _host(paths: Paths, assignment_id: str, wish: Wish, pipes: list[Connection]) -> int:
    import pytest

    from grader import pytest_plugin
    from grader.sandbox import leftovers

    class Hosting:
        """Takes the place of pytest's own loop over the tests."""

        problems: list[str] = []

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                self.problems.append(str(report.longrepr).strip().splitlines()[-1])

        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            hidden = session.config.stash.get(pytest_plugin.HIDDEN, None)
            where = f"assignments/{assignment_id}/hidden"
            if self.problems:
                raise AuthoringError(f"{where}: {self.problems[0]}")
            if hidden is None:
                raise AuthoringError(f"{where} holds no tests")
            if wish.kind == "docker":
                with contextlib.suppress(MachineryError):  # no engine: the opener says so, or does without
                    leftovers.reap()
            openers = [_opener(hidden, wish, gpu) for gpu in wish.gpus]
            children = [
                _fork_worker(session.items, hidden, opener, pipes, place) for place, opener in enumerate(openers)
            ]
            for pipe in pipes:
                pipe.close()
            for child in children:
                os.waitpid(child, 0)
            return True

        def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
            error = excinfo.value
            kind = type(error).__name__ if isinstance(error, GraderError) else "MachineryError"
            _say_to_all(pipes, kind, str(error) if isinstance(error, GraderError) else excinfo.exconly())
            return True

    folder = str(paths.hidden_tests(assignment_id))
    if not os.path.isdir(folder):
        raise AuthoringError(f"assignments/{assignment_id}/hidden: there is no such folder; no hidden tests, no marks")
    os.environ["GRADER_COURSE"] = str(paths.root)
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no", "--import-mode=importlib"]
    code = pytest.main([folder, f"--rootdir={paths.root}", "-c", os.devnull, *quiet], plugins=[Hosting()])
    if code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        _say_to_all(pipes, "AuthoringError", f"assignments/{assignment_id}/hidden cannot be collected ({code!s})")
    return int(code)


def _opener(hidden: Hidden, wish: Wish, gpu: str | None) -> Callable[[], Sandbox]:
    from grader.sandbox import choose

    try:
        return choose.opener(hidden.assignment, wish.kind, wish.level, wish.image, wish.cpus, gpu)
    except MachineryError as error:
        if not wish.from_evidence:
            raise
        why = str(error)
        return lambda: choose.NoSandbox(why)


def _say_to_all(pipes: list[Connection], kind: str, message: str) -> None:
    for pipe in pipes:
        with contextlib.suppress(OSError):
            pipe.send((kind, message))


def _fork_worker(
    items: list[pytest.Item],
    hidden: Hidden,
    opener: Callable[[], Sandbox],
    pipes: list[Connection],
    place: int,
) -> int:
    child = os.fork()
    if child:
        return child
    for number, pipe in enumerate(pipes):
        if number != place:
            pipe.close()
    try:
        _Worker(items, hidden, opener, pipes[place]).serve()
    except GraderError as error:
        _say_to_all([pipes[place]], type(error).__name__, str(error))
    finally:
        os._exit(0)


# ---------------------------------------------------------------------------------------------------- worker


class _Worker:
    """Owns one sandbox. Examines a task in a fork, and opens candidates for it."""

    def __init__(
        self, items: list[pytest.Item], hidden: Hidden, opener: Callable[[], Sandbox], boss: Connection
    ) -> None:
        self.items = items
        self.hidden = hidden
        self.boss = boss
        self.sandbox = opener()

    def serve(self) -> None:
        checks = tuple((check.question, check.name) for check in self.hidden.checks.values())
        try:
            self.boss.send(Ready(self.sandbox.isolation, self.sandbox.environment, checks))
            while True:
                self.boss.send(self.examine(self.boss.recv()))
        except (EOFError, OSError):
            return
        finally:
            self.sandbox.close()

    def examine(self, task: Task) -> Examined:
        """Fork, serve the fork's wishes until it is done, and see that it is."""
        ours, theirs = Pipe()
        here, there = socket.socketpair()
        child = os.fork()
        if child == 0:
            ours.close()
            here.close()
            self.boss.close()
            self._become_fork(task, theirs, there)
        theirs.close()
        there.close()
        self.open_now = False
        try:
            return self._attend(ours, here, time.monotonic() + self.hidden.assignment.limits.total_s + GRACE_S)
        finally:
            ours.close()
            here.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if self.open_now:  # the fork went without closing its candidate
                self.sandbox.settle("unknown")

    def _attend(self, fork: Connection, streams: socket.socket, deadline: float) -> Examined:
        while True:
            ready = wait([fork, self.boss], timeout=deadline - time.monotonic())
            if not ready:
                return deferred("the examination did not end; a hidden test may hang")
            if self.boss in ready:
                self.boss.recv()  # nothing is due from above but its end: EOFError
            try:
                word, value = fork.recv()
            except (EOFError, OSError):
                return deferred("the examining process ended by itself")
            if word == "done":
                return value
            if word == "ended":
                self.open_now = False
                self.sandbox.settle(value)
            else:
                self._open_for(streams)

    def _open_for(self, streams: socket.socket) -> None:
        try:
            candidate = self.sandbox.open()
        except MachineryError as error:
            streams.send(b"!" + str(error).encode()[:60000])
            return
        self.open_now = True
        data, talk = candidate.hand_over()  # type: ignore[attr-defined]
        socket.send_fds(streams, [b"+"], [data.fileno(), talk.fileno()])
        data.close()
        talk.close()
        self.sandbox.prepare()

    def _become_fork(self, task: Task, worker: Connection, streams: socket.socket) -> NoReturn:
        from grader.examiner import examine

        try:
            sandbox = _Borrowed(worker, streams, self.sandbox.isolation, self.sandbox.environment)
            result = examine(task, self.hidden, self.items, lambda: sandbox)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and the student's attempt waits for us
            result = deferred(f"{type(error).__name__}: {error}")
        with contextlib.suppress(OSError):
            worker.send(("done", result))
        os._exit(0)


class _Borrowed:
    """The worker's sandbox as its fork sees it."""

    def __init__(self, worker: Connection, streams: socket.socket, isolation: str, environment: str) -> None:
        self.worker = worker
        self.streams = streams
        self.isolation = isolation
        self.environment = environment

    def open(self) -> Any:
        from grader.sandbox.link import LinkedCandidate

        self.worker.send(("open", None))
        word, descriptors, _, _ = socket.recv_fds(self.streams, 65536, 2)
        if word[:1] != b"+" or len(descriptors) != 2:
            raise MachineryError(word[1:].decode("utf-8", "replace") or "the worker gave no candidate")
        data, talk = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        return LinkedCandidate(data, talk, self.settle)

    def settle(self, how: str) -> None:
        self.worker.send(("ended", how))

    def prepare(self) -> None:
        return None

    def close(self) -> None:
        return None
