"""Hidden tests that fall over an odd answer instead of judging it, found without running anybody's code.

What the reference answered is judged again with one answer changed at a time: in kind, shape, dtype, size or value (see
`examination.odd_answers`). A student may answer so, by mistake or on purpose; a test that looks at what it is given,
with array, number and unpack, says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from grader.authoring.causes import Seen
from grader.examination.task import Examined, Task
from grader.execution.spec import Examiners


def stumbles(pool: Examiners, task: Task, examined: Examined, odd_s: float) -> Iterator[Seen]:
    """What the checks fell over in `odd_s` seconds each; `examined` is the reference's, with its evidence."""
    tasks = []
    for question, transcript in examined.transcripts.items():
        passed = tuple(row.name for row in examined.results if row.question == question and row.outcome.earns)
        if passed:
            tasks.append(replace(task, questions=(question,), evidence=(transcript,), checks=passed, odd_s=odd_s))
    for done, found in pool.run(iter(tasks)):
        if found.fault:
            yield Seen("of_machine", "", "odd answers", f"{done.questions[0]}: {found.fault}")
        for key, says in found.flaws.items():
            check, words = key.split("\n", 1)
            yield Seen("broken", check, words, says)
