"""Every pair of hand-ins weighed: what they share counts by how few others have it.

A fingerprint that d of n hand-ins have weighs log2((n + 1) / d) bits; one that the starter has, or more than half of
the class, weighs nothing. Questions are weighed apart, so that one question that was copied is seen beside thirteen
that were not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import TYPE_CHECKING

from grader.similarity.fingerprints import Piece

if TYPE_CHECKING:
    import numpy as np

COLUMNS = 4096  # fingerprints that are multiplied at a time: what bounds the memory
ALIKE = 0.5  # the share from which on two hand-ins stand together in a cluster


@dataclass(frozen=True)
class HandIn:
    """One hand-in to be compared. text: its code;  own: of this class, not of an earlier year or a known solution."""

    name: str
    text: str
    pieces: Mapping[str, Piece]
    own: bool = True


@dataclass(frozen=True)
class Shared:
    """What two share of one question. share: of what the smaller of the two has, from 0 to 1;  bits: how rare."""

    question: str
    share: float
    bits: float


@dataclass(frozen=True)
class Pair:
    """Two hand-ins. share: over all questions;  score: what pairs are ranked by;  identical: the code, literally."""

    first: str
    second: str
    share: float
    score: float
    questions: tuple[Shared, ...]
    identical: bool = False


@dataclass
class Comparison:
    """Every pair that shares anything, most alike first, and what the weights were.

    there: how many of this class have written anything for a question
    """

    pairs: list[Pair]
    weights: dict[str, dict[int, float]] = field(repr=False, default_factory=dict)
    there: dict[str, int] = field(repr=False, default_factory=dict)

    def holders(self, question: str, marks: Collection[int]) -> int:
        """In how many hand-ins of this class the middle one of these fingerprints stands, the rarest first."""
        weights = sorted((self.weights[question][mark] for mark in marks), reverse=True)
        return round((self.there[question] + 1) / 2 ** weights[len(weights) // 2])

    def clusters(self) -> list[tuple[str, ...]]:
        """Groups of three or more in which each is alike to another, the largest first."""
        group: dict[str, set[str]] = {}
        for pair in self.pairs:
            if pair.identical or pair.share >= ALIKE:
                joined = group.get(pair.first, {pair.first}) | group.get(pair.second, {pair.second})
                group |= dict.fromkeys(joined, joined)
        found = {tuple(sorted(members)) for members in group.values() if len(members) > 2}
        return sorted(found, key=lambda members: (-len(members), members))


def compare(hand_ins: Sequence[HandIn], given: Mapping[str, Collection[int]]) -> Comparison:
    """Weigh every pair of which one at least is of this class. given: by question, fingerprints of the starter."""
    import numpy as np

    size = len(hand_ins)
    bits, alike, least = np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size))
    by_question: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    weights: dict[str, dict[int, float]] = {}
    there: dict[str, int] = {}
    from_starter = frozenset().union(*given.values()) if given else frozenset()
    for question in sorted({name for each in hand_ins for name in each.pieces}):
        marks = [each.pieces[question].marks if question in each.pieces else {} for each in hand_ins]
        of_class = [each.own for each in hand_ins]
        weights[question] = weigh(marks, of_class, from_starter)
        there[question] = sum(1 for here, some in zip(of_class, marks, strict=True) if here and some)
        common = _products(marks, weights[question])
        own = np.diag(common)
        smaller = np.minimum(own[:, None], own[None, :])
        share = np.divide(common, smaller, out=np.zeros_like(common), where=smaller > 0)
        by_question[question] = (share, common)
        bits += common
        alike += common * share
        least += smaller
    overall = np.divide(bits, least, out=np.zeros_like(bits), where=least > 0)
    found = []
    for first, second in zip(*np.nonzero(np.triu(bits, 1)), strict=True):
        if hand_ins[first].own or hand_ins[second].own:
            of = [(name, float(s[first, second]), float(c[first, second])) for name, (s, c) in by_question.items()]
            shared = sorted((Shared(*each) for each in of if each[2] > 0), key=lambda each: -each.bits * each.share)
            found.append(
                Pair(
                    hand_ins[first].name,
                    hand_ins[second].name,
                    float(overall[first, second]),
                    float(alike[first, second]),
                    tuple(shared),
                    hand_ins[first].text == hand_ins[second].text,
                )
            )
    found.sort(key=lambda pair: (-pair.identical, -pair.score, pair.first, pair.second))
    return Comparison(found, weights, there)


def weigh(marks: Sequence[Collection[int]], own: Sequence[bool], from_starter: Collection[int]) -> dict[int, float]:
    """Fingerprint -> its weight in bits, of those that weigh something.

    own: who is of this class; how rare something is, is counted there, however many had it in earlier years
    """
    holders = Counter(mark for each, counts in zip(marks, own, strict=True) if counts for mark in each)
    there = sum(1 for each, counts in zip(marks, own, strict=True) if counts and each)  # who has written anything
    return {
        mark: log2((there + 1) / count)
        for mark, count in holders.items()
        if mark not in from_starter and (count <= 2 or 2 * count <= there)
    }


def _products(marks: Sequence[Collection[int]], weights: Mapping[int, float]) -> np.ndarray:
    """The weight of what each two share; on the diagonal that of all that one has."""
    import numpy as np

    order = {mark: place for place, mark in enumerate(weights)}
    root = np.sqrt(np.fromiter(weights.values(), float, len(weights)))
    found = np.zeros((len(marks), len(marks)))
    places = [np.array([order[mark] for mark in each if mark in order], dtype=np.int64) for each in marks]
    for start in range(0, len(order), COLUMNS):
        block = np.zeros((len(marks), min(COLUMNS, len(order) - start)))
        for row, there in enumerate(places):
            here = there[(there >= start) & (there < start + COLUMNS)] - start
            block[row, here] = root[here + start]
        found += block @ block.T
    return found
