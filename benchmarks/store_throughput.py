"""How fast attempts are recorded, and how large the record grows, against a bare insert of the same bytes.

    python benchmarks/store_throughput.py [--attempts 300] [--folder DIR]

The bare loop writes the same files and transcripts, uncompressed, into one table with the same durability (WAL, FULL),
a commit an attempt. Transcripts are half text and half double-precision numbers, as recorded calls are. DIR decides
which disk is measured: a commit costs an fsync.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import struct
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from grader.record.store import Store
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission

QUESTIONS = tuple(f"q{number}" for number in range(1, 9))
CHECKS_A_QUESTION = 5
TRANSCRIPT_BYTES = 200_000  # an attempt, over all questions


def submission(number: int) -> Submission:
    return Submission(f"student{number:04}", "a1_mlp", "a1_mlp.ipynb", random.Random(number).randbytes(20_000))


def attempt(number: int) -> Attempt:
    evidence = Evidence(
        submission(number).digest,
        tuple((question, f"{question}:".ljust(64, "0")) for question in QUESTIONS),
        "sha256:".ljust(71, "0"),
        "cpu",
        f"{number:032x}",
        "zygote-userns",
    )
    results = tuple(
        CheckResult(f"test_{question}_{check}", question, Outcome.PASSED, Decimal("1.25"), "as it should be", "", 0.01)
        for question in QUESTIONS
        for check in range(CHECKS_A_QUESTION)
    )
    return Attempt(f"student{number:04}", "a1_mlp", Status.GRADED, evidence, results)


def transcripts(number: int) -> dict[str, bytes]:
    draw = random.Random(number)
    half = TRANSCRIPT_BYTES // len(QUESTIONS) // 2
    numbers = half // 8
    call = b'{"call": "softmax", "arguments": [{"array": 0}], "seed": 17, "took": 0.0012}\n'
    text = (call * (half // len(call) + 1))[:half]
    return {
        question: text + struct.pack(f"<{numbers}d", *(draw.gauss(0, 1) for _ in range(numbers)))
        for question in QUESTIONS
    }


def record(path: Path, made: list[tuple[Submission, Attempt, dict[str, bytes]]]) -> None:
    with Store.open(path) as store:
        run = store.begin_run("a1_mlp", "benchmark")
        for handed_in, graded, calls in made:
            store.add_submission(handed_in)
            store.add_attempt(run, graded, calls)


def insert_bare(path: Path, made: list[tuple[Submission, Attempt, dict[str, bytes]]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bare (student TEXT, question TEXT, content BLOB)")
    for handed_in, _, calls in made:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO bare VALUES (?, '', ?)", (handed_in.student, handed_in.content))
        for question, content in calls.items():
            connection.execute("INSERT INTO bare VALUES (?, ?, ?)", (handed_in.student, question, content))
        connection.execute("COMMIT")
    connection.close()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def read_back(path: Path, count: int) -> dict[str, float]:
    """Seconds of what a resumed run and a report ask of the record."""
    one = attempt(count // 2).evidence
    with Store.open(path, read_only=True) as store:
        return {
            "open": seconds(lambda: Store.open(path, read_only=True).close()),
            "current attempts": seconds(lambda: store.current_attempts("a1_mlp")),
            "known of one": seconds(lambda: store.known(one.submission, dict(one.tests), one.image, one.device)),
        }


def compare(folder: Path, count: int) -> None:
    made = [(submission(number), attempt(number), transcripts(number)) for number in range(count)]
    bare, ours = folder / "bare.sqlite", folder / "record" / "record.sqlite"
    took_s = {"bare insert": seconds(lambda: insert_bare(bare, made)), "record": seconds(lambda: record(ours, made))}
    mib = {"bare insert": bare.stat().st_size / 2**20, "record": ours.stat().st_size / 2**20}
    for what, took in took_s.items():
        print(f"{what:18}{1e3 * took / count:8.2f} ms/attempt {count / took:8.0f} attempts/s {mib[what]:8.1f} MiB")
    times, sizes = took_s["record"] / took_s["bare insert"], mib["record"] / mib["bare insert"]
    print(f"{'ratio':18}{times:8.2f} x time {sizes:34.2f} x size")
    for what, took in read_back(ours, count).items():
        print(f"{what:18}{1e3 * took:8.2f} ms")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--attempts", type=int, default=300)
    options.add_argument("--folder", type=Path, help="where to write (default: the temporary folder)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        compare(Path(folder), chosen.attempts)


if __name__ == "__main__":
    main()
