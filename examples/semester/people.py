"""The students of the synthetic semester: invented names, a level each, and what befalls whom. Same seed, same class.

Any likeness to real persons is chance.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = (
    "Aarav Abena Aditi Akua Alejandra Amara Anaïs Aoife Arjun Ayesha Bilal Björn Camila Chiara Chidi Daniyar "
    "Deepa Diego Ebru Elif Emeka Farah Fatima Felipe Gabriela Hana Haruto Ines Ioana Ishaan Jakub Jin Kavya Kofi "
    "Lakshmi Lars Leila Linh Mateo Meera Mihai Minh Nadia Naveen Nia Noor Olena Omar Priya Rafael Ravi Rosa "
    "Saanvi Samuel Sana Sofía Tarek Tomás Uma Vikram Wanjiru Xiulan Yara Yuki Zeynep Zoltán"
).split()
LAST = (
    "Abdi Acheampong Agarwal Almeida Banerjee Bauer Bekele Castro Chatterjee Chen Costa Das Demir Dvořák Eze Fernandes "
    "Fischer García Ghosh Gupta Haddad Hassan Horvat Ito Iyer Jensen Kaur Khan Kowalski Kumar Lindgren Martins Mehta "
    "Menon Moreau Mwangi Nair Nakamura Nguyen Novák O'Brien Okafor Oliveira Park Patel Petrov Pham Pillai Popescu Rao "
    "Reddy Ribeiro Rossi Sato Sharma Silva Singh Suzuki Tanaka Thomas Tran Varga Wang Yılmaz Zhang Zielińska"
).split()
# What befalls how many of a class of 150, at each assignment, and never two things to one student.
CASES = {
    "missing": 6,
    "late": 9,
    "unreadable": 2,
    "deferred": 1,
    "excused": 2,
    "integrity": 1,
    "nothing written": 2,
    "nearly named": 2,
    "timeout": 2,
    "memory": 1,
    "crashed": 1,
    "forbidden": 1,
    "points by hand": 2,
}
CLASS_SIZE = 150


@dataclass(frozen=True)
class Person:
    """`level`: how good, mean 0 and spread 1 over the class; nobody sees it."""

    id: str
    name: str
    level: float

    @property
    def email(self) -> str:
        return f"{self.id}@students.example.org"


def make_class(students: int, seed: int) -> tuple[Person, ...]:
    """The roster, in the order of the ids."""
    draw = random.Random(f"{seed}/class")
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    chosen = draw.sample(names, students)
    return tuple(Person(f"dl{place:03}", name, draw.gauss(0, 1)) for place, name in enumerate(chosen, 1))


def cases(people: tuple[Person, ...], assignment: str, seed: int) -> dict[str, str]:
    """Student -> what befalls them at this assignment; most are not in it. Those who miss it are mostly the weaker."""
    draw = random.Random(f"{seed}/{assignment}/cases")
    order = sorted(people, key=lambda person: person.level + draw.gauss(0, 1.5))
    found: dict[str, str] = {}
    for case, of_class in CASES.items():
        for _ in range(max(1, round(of_class * len(people) / CLASS_SIZE))):
            pool = order[: len(order) // 3] if case in ("missing", "nothing written") else order
            person = draw.choice(pool)
            order.remove(person)
            found[person.id] = case
    return found
