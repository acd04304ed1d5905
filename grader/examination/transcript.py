"""What was asked of a submission and what it said: the evidence from which a cohort is judged again.

An exchange is found by a key that depends on everything asked before it in the same check, so a recorded answer is used
only where the same question would be asked in the same state. Inputs are not kept, their digests are: they follow from
the attempt's seed.

Answers are kept whole, to the last bit, up to a bound for an attempt. Of the largest beyond it stays a digest and what
they were; whoever judges such a check again asks the submission again, and hears if it answers otherwise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from grader import wire
from grader.errors import MachineryError

START = b"\0" * 16
MOST_KEPT_BYTES = 32 << 20  # of the answers of one attempt
LARGE_BYTES = 4096  # an answer of so many bytes is a piece of its own, so that the same one is kept once
FIRST = 6  # elements of an array that are shown in words


def key_after(before: bytes, request: bytes) -> bytes:
    """The key of an exchange: 16 bytes from the key before it in the same check and the request."""
    return hashlib.blake2b(before + request, digest_size=16).digest()


@dataclass(frozen=True)
class Said:
    """One recorded answer: a reply frame, or how the candidate failed to answer (an Outcome's value, a message)."""

    reply: bytes
    failure: str = ""
    message: str = ""


@dataclass(frozen=True)
class LeftOut:
    """What is kept of an answer that was too large to be kept whole."""

    digest: bytes
    size: int  # of the reply, in bytes
    words: str


class Transcript:
    """Exchanges by check. `load` is a check of its own: running the notebook's cells.

    otherwise: checks that answered, asked again, otherwise than the answer that was left out
    """

    def __init__(self) -> None:
        self.checks: dict[str, dict[bytes, Said]] = {}
        self.left_out: dict[str, dict[bytes, LeftOut]] = {}
        self.otherwise: list[str] = []

    def find(self, check: str, key: bytes) -> Said | None:
        return self.checks.get(check, {}).get(key)

    def add(self, check: str, key: bytes, said: Said) -> None:
        self.checks.setdefault(check, {})[key] = said
        before = self.left_out.get(check, {}).pop(key, None)
        if before is not None and before.digest != _digest(said.reply) and check not in self.otherwise:
            self.otherwise.append(check)

    def forget(self, check: str, key: bytes) -> None:
        self.checks.get(check, {}).pop(key, None)

    def bound(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        """Leave the largest answers out, until the others are no more than so many bytes together."""
        sizes = [(len(said.reply), check, key) for check, of in self.checks.items() for key, said in of.items()]
        total = sum(size for size, _, _ in sizes)
        for size, check, key in sorted(sizes, reverse=True):
            if total <= most_bytes:
                return
            reply = self.checks[check].pop(key).reply
            self.left_out.setdefault(check, {})[key] = LeftOut(_digest(reply), size, in_words(reply))
            total -= size

    def part(self, checks: list[str]) -> bytes:
        """Encode the exchanges of some checks; the same exchanges are the same bytes."""
        chosen: dict[str, dict[bytes, tuple[object, ...]]] = {}
        for check in sorted(checks):
            kept, without = self.checks.get(check, {}), self.left_out.get(check, {})
            if check in self.checks or without:
                chosen[check] = {key: (said.reply, said.failure, said.message) for key, said in kept.items()}
                chosen[check] |= {
                    key: ("left out", each.digest, each.size, each.words) for key, each in without.items()
                }
        return wire.encode(chosen, limit_bytes=1 << 30)

    def read(self, part: bytes) -> None:
        """Add the exchanges of an encoded part. Raises MachineryError if the record is damaged."""
        try:
            for check, exchanges in wire.decode(part).items():
                for key, (first, *rest) in exchanges.items():
                    if first == "left out":
                        self.left_out.setdefault(check, {})[key] = LeftOut(*rest)
                    else:
                        self.add(check, key, Said(first, *rest))
        except (wire.WireError, AttributeError, TypeError, ValueError) as error:
            raise MachineryError(f"a recorded transcript cannot be read: {error}") from None


def large_in(part: bytes) -> tuple[tuple[int, int], ...]:
    """Where in an encoded part its large answers begin and end."""
    found: list[tuple[int, int]] = []
    at = 0
    for exchanges in wire.decode(part).values():
        for answer, *_ in exchanges.values():
            if isinstance(answer, bytes) and len(answer) >= LARGE_BYTES:
                begin = part.index(answer, at)
                at = begin + len(answer)
                found.append((begin, at))
    return tuple(found)


def in_words(reply: bytes) -> str:
    """What an answer was: its type and shape, and for an array its range and first elements."""
    try:
        value = wire.decode(reply, lambda ref: ref)["value"]
        shape = tuple(getattr(value, "shape", ()))
        if not shape:
            return f"{type(value).__name__} of {len(reply)} bytes"
        kind = f"{type(value).__name__} {value.dtype} {shape}"
        first = ", ".join(str(each) for each in value.reshape(-1)[:FIRST].tolist())
        return f"{kind}, from {value.min().item()} to {value.max().item()}, beginning with {first}"
    except (wire.WireError, KeyError, TypeError, ValueError, RuntimeError, AttributeError):
        return f"{len(reply)} bytes"


def _digest(reply: bytes) -> bytes:
    return hashlib.blake2b(reply, digest_size=32).digest()
