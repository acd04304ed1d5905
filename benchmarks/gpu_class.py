"""Whether the references get the same marks on a GPU as on the processor, and what slots side by side bring there.

    python -m benchmarks.gpu_class [--part marks|slots] [--device pretend] [--quick]

Every line is printed when it is known, so that a run that is cut short has said what it found. `--device pretend` runs
all of it without a GPU, on the device of tests/pretend_gpu.py: to see that it runs, not for its figures.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.cohort import copy_of_the_course
from grader.authoring import variants
from grader.course.config import read_assignment
from grader.examination.task import Examined, Task
from grader.execution.batch import question_digests
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.schema import Status

ASSIGNMENTS = ("a2_cnn", "a3_sequences", "a4_generative", "a1_mlp")  # the last has no tensors: nothing of it moves
SEED = "5eed" * 8
ASIDE = 8  # questions that are examined side by side, where marks are compared
TRAINS = "q14"  # minutes on a processor; left out where the GPU is none
QUICK = ("q2", "q3")
OF_SLOTS = "a3_sequences"
QUESTIONS = ("q2", "q3", "q4", "q8", "q10")  # of it, which take no second
SLOTS = (1, 4, 16, 32)
EACH = 4  # submissions that a slot examines
VIDEO_MIB = 2048  # of a submission, so that 32 slots fit a GPU of 100 GiB
PRETEND = "tests.pretend_gpu"


@contextmanager
def course(device: str) -> Iterator[Paths]:
    """A copy of the course whose submissions take little video memory, with the pretended device where it is asked."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        paths = copy_of_the_course(Path(folder))
        for name in ASSIGNMENTS:
            file = paths.assignment_toml(name)
            text = file.read_text().replace("[limits]\n", f"[limits]\nvideo_memory_mib = {VIDEO_MIB}\n", 1)
            if device == "pretend" and '"torch", ' in text:
                text = text.replace('"torch", ', f'"torch", "{PRETEND}", ', 1)
                for key in ("call_s", "total_s"):  # an operator costs ten of the processor's
                    text = re.sub(rf"^{key} = (\d+)$", lambda found: f"{found[0]}0", text, flags=re.MULTILINE)
            file.write_text(text)
        yield paths


def spec(device: str, slots: int) -> PoolSpec:
    return PoolSpec("process", gpus=(("0",) if device == "cuda" else (None,)) * slots)


def examined(
    paths: Paths, assignment_id: str, tasks: Sequence[Task], slots: PoolSpec
) -> Iterator[tuple[Task, Examined]]:
    with Pool(paths, assignment_id, slots) as pool:
        yield from pool.run(iter(tasks))


def marks(paths: Paths, device: str, quick: bool) -> int:
    """Print for every question whether the reference's checks end the same on both; return how many do not."""
    differ = 0
    for name in ASSIGNMENTS:
        assignment = read_assignment(paths, name)
        questions = sorted(question_digests(paths, assignment), key=lambda question: (len(question), question))
        if quick:
            questions = [question for question in questions if question in QUICK]
        elif device == "pretend":
            questions.remove(TRAINS)
        submission = variants.reference(paths, assignment).submission
        tasks = [
            Task(submission, SEED, (each,), where, explain=False) for each in questions for where in ("cpu", device)
        ]
        outcomes: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for task, one in examined(paths, name, tasks, spec(device, ASIDE if device == "cuda" else 1)):
            [question] = task.questions
            outcomes[question, task.device] = [(each.name, each.outcome.value, each.message) for each in one.results]
            if one.status is not Status.GRADED:
                outcomes[question, task.device] = [("", one.status.value, one.fault)]
            if (question, "cpu") in outcomes and (question, device) in outcomes:
                differ += _told(name, question, outcomes[question, "cpu"], outcomes[question, device], device)
    print(f"marks: {differ} questions differ between cpu and {device}", flush=True)
    return differ


def _told(
    name: str, question: str, here: list[tuple[str, str, str]], there: list[tuple[str, str, str]], device: str
) -> bool:
    """Print how a question ended on both; whether that differs."""
    same = [each[:2] for each in here] == [each[:2] for each in there] and all(each[1] == "passed" for each in there)
    print(f"{name} {question}: {'the same' if same else 'DIFFERS'}, {len(there)} checks on {device}", flush=True)
    for check, outcome, message in there if not same else ():
        if outcome != "passed":
            print(f"    {check}: {outcome}: {message[:300]}", flush=True)
    for check, outcome, message in here if not same else ():
        if outcome != "passed":
            print(f"    {check} on cpu: {outcome}: {message[:300]}", flush=True)
    return not same


def side_by_side(paths: Paths, device: str, quick: bool) -> None:
    """Print how many submissions a minute so many slots on one GPU examine, against one slot."""
    reference = variants.reference(paths, read_assignment(paths, OF_SLOTS)).submission
    alone = 0.0
    questions = QUICK if quick else QUESTIONS
    print(f"{OF_SLOTS}, questions {', '.join(questions)}, on {device}", flush=True)
    for slots in SLOTS[:2] if quick else SLOTS:
        count = slots * (1 if quick else EACH)
        copies = [replace(reference, student=f"s{place}") for place in range(count)]
        tasks = [Task(copy, SEED, questions, device, explain=False) for copy in copies]
        with Pool(paths, OF_SLOTS, spec(device, slots)) as pool:
            began = time.monotonic()
            ended = [one for _, one in pool.run(iter(tasks))]
            wall_s = time.monotonic() - began
        passed = sum(bool(one.results) and all(check.outcome.earns for check in one.results) for one in ended)
        rate = 60 * count / wall_s
        alone = alone or rate
        took = f"{count} submissions in {wall_s:.1f} s, {rate:.0f} a minute, {rate / alone:.1f} times one slot"
        print(f"{slots:3} slots: {took}; {passed} of {count} with full marks", flush=True)
        for fault in sorted({one.fault for one in ended if one.fault}):
            print(f"    deferred: {fault[:300]}", flush=True)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--part", choices=["marks", "slots"], help="this one alone")
    options.add_argument("--device", choices=["cuda", "pretend"], default="cuda")
    options.add_argument("--quick", action="store_true", help="two questions, two sizes: that it works")
    chosen = options.parse_args()
    differ = 0
    with course(chosen.device) as paths:
        if chosen.part != "slots":
            differ = marks(paths, chosen.device, chosen.quick)
        if chosen.part != "marks":
            side_by_side(paths, chosen.device, chosen.quick)
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
