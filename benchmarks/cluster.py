"""What it costs to have tasks carried: a class on two nodes here against two workers, and the coordinator by itself.

    python -m benchmarks.cluster [--quick] [--count 40] [--rounds 2] [--tasks 10000] [--nodes 64] [--sandbox process]

A class: wall and processor seconds of a whole run, from asking for machines until they are given back; in turn.
The coordinator: nodes that answer at once, so that all there is to see is giving out, carrying and taking back. They
are real Dask workers in other processes; the processor seconds are this process's, which holds client and scheduler.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks import cohort, processor
from grader.cluster import engines
from grader.cluster.pool import ClusterPool
from grader.examination.task import Examined, Task
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec, Ready
from grader.schema import Status

PROCESSES = 2  # that hold the nodes which answer at once


# ------------------------------------------------------------------------------------------------ a class


def pool_of(of: cohort.Cohort, kind: str, sandbox: str) -> Pool | ClusterPool:
    if kind == "pool":
        return Pool(of.paths, cohort.ASSIGNMENT, PoolSpec(sandbox, gpus=(None, None)))
    machines = engines.connected("local", {}, of.paths, 1)
    return ClusterPool(machines, of.paths, cohort.ASSIGNMENT, PoolSpec(sandbox), 1, print)


def graded(of: cohort.Cohort, kind: str, sandbox: str, first: int, count: int) -> dict[str, float]:
    """Seconds of one run, of its first row, and while it graded."""
    meter = processor.Meter()
    meter.start()
    grading = cohort.Grading(of, pool_of(of, kind, sandbox), f"{kind}-{first}")
    ready_s, first_row_s = time.monotonic() - meter.before[2], 0.0
    for row in grading.batch.grade(grading.pool, of.copies(first, count)):
        cohort.check(row)
        first_row_s = first_row_s or time.monotonic() - meter.before[2]
    used = meter.stop()  # while all that ran is there to be counted
    grading.close()
    whole_s = time.monotonic() - meter.before[2]
    times = {"ready_s": ready_s, "first_row_s": first_row_s, "graded_s": used["wall_s"] - ready_s, "whole_s": whole_s}
    return {"cpu_s": used["cpu_s"]} | times


def a_class(of: cohort.Cohort, sandbox: str, count: int, rounds: int) -> None:
    runs: dict[str, list[dict[str, float]]] = {"pool": [], "cluster": []}
    for turn in range(rounds):
        for place, kind in enumerate(runs if turn % 2 == 0 else reversed(runs)):
            runs[kind].append(graded(of, kind, sandbox, (2 * turn + place) * count, count))
    middle = {
        kind: {key: statistics.median(run[key] for run in each) for key in each[0]} for kind, each in runs.items()
    }
    print(f"{count} copies, {sandbox}, medians of {rounds}")
    print("                         ready  first row  grading   whole   CPU s each")
    for kind, title in (("pool", "2 workers"), ("cluster", "2 nodes of a slot")):
        of_kind = middle[kind]
        times = "".join(f"{of_kind[key]:9.1f}" for key in ("ready_s", "first_row_s", "graded_s", "whole_s"))
        print(f"{title:20} {times} {of_kind['cpu_s'] / count:10.3f}")
    ratios = {key: middle["cluster"][key] / middle["pool"][key] for key in ("graded_s", "whole_s", "cpu_s")}
    print("times: " + ", ".join(f"{key} {ratio:.2f}" for key, ratio in ratios.items()))


# ------------------------------------------------------------------------------------------------ the coordinator


class AtOnce:
    """In place of a node: answers at once."""

    ready = Ready("none", "none", (("q1", "check"),))

    def __init__(self, order: object) -> None:
        return

    def ask(self, task: Task) -> Future[Examined]:
        answer: Future[Examined] = Future()
        answer.set_result(Examined(Status.GRADED))
        return answer

    def close(self) -> None:
        return


async def hold_nodes(address: str, count: int) -> None:
    """Be some Dask workers, each of which becomes a node that answers at once, until the scheduler is gone."""
    engines.configure_dask()
    from distributed import Worker

    from grader.cluster import node

    node.Node = AtOnce  # type: ignore[assignment, misc]
    workers = [await Worker(address, nthreads=1, memory_limit=0, dashboard=False) for _ in range(count)]
    await asyncio.gather(*(worker.finished() for worker in workers))


class Bytes:
    """Bytes that this process sends to others, and gets of them, before they are encrypted."""

    def __init__(self) -> None:
        from tornado.iostream import IOStream

        self.sent = self.got = 0
        write, read = IOStream.write_to_fd, IOStream.read_from_fd

        def counted_write(stream: Any, *arguments: Any) -> int:
            many: int = write(stream, *arguments)
            self.sent += many
            return many

        def counted_read(stream: Any, *arguments: Any) -> int | None:
            many: int | None = read(stream, *arguments)
            self.got += many or 0
            return many

        IOStream.write_to_fd, IOStream.read_from_fd = counted_write, counted_read


@contextmanager
def answering_at_once(of: cohort.Cohort, nodes: int) -> Iterator[ClusterPool]:
    """A cluster of nodes that answer at once, in processes of their own."""
    engines.configure_dask()
    import dask
    from distributed import Client, LocalCluster

    with ExitStack() as ending:
        ending.enter_context(dask.config.set({"distributed.scheduler.worker-ttl": None}))  # many nodes, few processors
        scheduler = ending.enter_context(LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0"))
        for _ in range(PROCESSES):
            here = [sys.executable, "-m", "benchmarks.cluster", "--hold", scheduler.scheduler_address]
            held = subprocess.Popen([*here, "--nodes", str(nodes // PROCESSES)])
            ending.callback(held.wait)
            ending.callback(held.kill)
        client = ending.enter_context(Client(scheduler))
        while len(client.nthreads()) < nodes:
            time.sleep(0.2)
        machines = engines.Machines(client, engines.SOON_S)
        with ClusterPool(machines, of.paths, cohort.ASSIGNMENT, PoolSpec("none"), None, print) as pool:
            yield pool


def the_coordinator(of: cohort.Cohort, tasks: int, nodes: int) -> None:
    [submission] = of.copies(0, 1)
    task = Task(submission, "5eed", of.questions)
    carried = Bytes()
    with answering_at_once(of, nodes) as pool:
        sent, got, used_s, began = carried.sent, carried.got, time.process_time(), time.monotonic()
        answers = sum(1 for _ in pool.run(task for _ in range(tasks)))
        used_s, wall_s = time.process_time() - used_s, time.monotonic() - began
        sent, got = carried.sent - sent, carried.got - got
    size = len(submission.content)
    print(f"{answers} tasks, {nodes} nodes that answer at once, submissions of {size / 1024:.0f} KiB")
    print(f"coordinator: {1e3 * used_s / tasks:.2f} CPU ms a task, {1e3 * wall_s / tasks:.2f} ms on the wall")
    print(f"bytes a task beside the submission: {sent / tasks - 2 * size:.0f} sent, {got / tasks - size:.0f} received")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="four copies, two questions, 200 tasks: that it works")
    options.add_argument("--count", type=int, default=40)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--part", choices=["class", "coordinator"], help="this one alone")
    options.add_argument("--tasks", type=int, default=10_000)
    options.add_argument("--nodes", type=int, default=64)
    options.add_argument("--sandbox", choices=["docker", "process"], default="process")
    options.add_argument("--hold", metavar="ADDRESS", help=argparse.SUPPRESS)  # what this program starts itself with
    chosen = options.parse_args()
    if chosen.hold:
        asyncio.run(hold_nodes(chosen.hold, chosen.nodes))
        return
    quick = chosen.quick
    with cohort.cohort(quick) as of:
        if chosen.part != "coordinator":
            a_class(of, chosen.sandbox, 4 if quick else chosen.count, 1 if quick else chosen.rounds)
        if chosen.part != "class":
            the_coordinator(of, 200 if quick else chosen.tasks, 4 if quick else chosen.nodes)


if __name__ == "__main__":
    main()
