"""What the class hands in for the later assignments: drawn by chance for each student, better for the better ones."""

from __future__ import annotations

import random

from examples.sample_class.accidents import Files, Story, nothing
from examples.sample_class.notebooks import Material, ipynb, with_last
from grader.course import known_solutions
from grader.course.config import read_assignment

TRAINED = {"a2_cnn": ("q13", "q14"), "a3_sequences": ("q14",), "a4_generative": ("q4", "q14")}
PATIENT = ("dl01", "dl03")  # those who also did the questions that train: each takes as long as all others together


def later_work(student: str, level: int) -> Story:
    """A notebook of a student of this level (0 to 100): answers, mistakes of our wrong solutions, gaps; or none."""

    def story(material: Material) -> Files:
        chance = random.Random(f"{student}/{material.assignment}")
        if chance.random() < 0.2:  # three of four count
            return nothing(material)
        asked = [question.id for question in read_assignment(material.paths, material.assignment).questions]
        if student not in PATIENT:
            asked = [question for question in asked if question not in TRAINED[material.assignment]]
        answered = asked[: max(3, len(asked) * min(level + 20, 100) // 100)]
        slips = chance.sample(answered, k=min(max(0, (92 - level) // 10), len(answered)))
        wrong = [chance.choice(_names(material, question)) for question in slips]
        cells = material.answered(material.unsolved, answered)
        mistakes = [material.mistake(question, name) for question, name in zip(slips, wrong, strict=True)]
        return {f"{material.assignment}.ipynb": ipynb(with_last(cells, *mistakes))}

    return story


def _names(material: Material, question: str) -> list[str]:
    return [solution.id for solution in known_solutions.wrong(material.paths, material.assignment, question)]
