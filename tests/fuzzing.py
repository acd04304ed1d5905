"""What the two fuzzers share: stored seeds, values changed by chance, and how long they go on.

A seed is a frame of the wire in hexadecimal, in `tests/seeds/KIND/NAME.hex`. All seeds are tried in every run of the
tests; the long tests change them by chance, and write what fails beside them, to be committed with its mending.

    GRADER_FUZZ_S=600 pytest -m long tests/wire/test_wire_fuzz.py tests/examination/test_answers_fuzz.py
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
from pathlib import Path
from typing import Any

import numpy as np

from grader import wire

SEEDS = Path(__file__).parent / "seeds"
FUZZ_S = float(os.environ.get("GRADER_FUZZ_S", "60"))
ODD = (
    None, True, 0, -1, 2**63, -(10**600), 0.0, float("nan"), float("inf"), 1e308, 2j, "", "\ud800", "\x1b[2J",
    "X" * 5000,
    b"", b"\0" * 9, (), [], {}, {0: 0}, frozenset({1}), wire.Ref(-1, "function", "f"),
    wire.Ref(10**9, "module", "\udcff"),
    np.zeros(()), np.zeros((0, 10**6)), np.ones((2, 3)), np.array([True]), np.float16(1), np.int8(-1), np.complex64(1j),
)  # fmt: skip


def seeds(kind: str) -> dict[str, bytes]:
    """Every stored frame of a kind, by its name."""
    return {file.stem: bytes.fromhex(file.read_text()) for file in sorted((SEEDS / kind).glob("*.hex"))}


def keep(kind: str, frame: bytes) -> Path:
    """Store a frame that failed, under a name that follows from it."""
    file = SEEDS / kind / f"failed_{hashlib.sha256(frame).hexdigest()[:12]}.hex"
    file.write_text(frame.hex() + "\n")
    return file


def drawn() -> tuple[random.Random, str]:
    """A generator that is another one each time, and what makes it again: GRADER_FUZZ_DRAW."""
    draw = os.environ.get("GRADER_FUZZ_DRAW") or secrets.token_hex(6)
    return random.Random(draw), draw


def altered(chance: random.Random, value: Any, others: list[Any]) -> Any:
    """A value in which some part is another one: an odd one, or a part of `others`; containers grow, shrink, change."""
    if type(value) not in (list, tuple, dict) or not value or chance.random() < 0.2:
        kind = chance.randrange(5)
        if kind == 0:
            return part_of(chance, chance.choice(others))
        if kind == 1:
            return chance.choice([[value], (value, value), {"x": value}, [[[[value]]]]])
        return chance.choice(ODD)
    if type(value) is dict:
        key = chance.choice(list(value))
        rest = {name: part for name, part in value.items() if name != key}
        if chance.random() < 0.2:
            return rest
        return {**rest, key: altered(chance, value[key], others)}
    items = list(value)
    place = chance.randrange(len(items))
    if chance.random() < 0.2:
        items[place : place + 1] = chance.choice([[], items[place : place + 1] * 3])
    else:
        items[place] = altered(chance, items[place], others)
    return type(value)(items)


def part_of(chance: random.Random, value: Any) -> Any:
    """A value, or something in it."""
    while type(value) in (list, tuple, dict) and value and chance.random() < 0.8:
        value = chance.choice(list(value.values()) if type(value) is dict else value)
    return value
