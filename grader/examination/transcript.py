"""What was asked of a submission and what it said: the evidence from which a cohort is judged again.

An exchange is found by a key that depends on everything asked before it in the same check, so a recorded answer is used
only where the same question would be asked in the same state. Inputs are not kept, their digests are: they follow from
the attempt's seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from grader import wire
from grader.errors import MachineryError

START = b"\0" * 16


def key_after(before: bytes, request: bytes) -> bytes:
    """The key of an exchange: 16 bytes from the key before it in the same check and the request."""
    return hashlib.blake2b(before + request, digest_size=16).digest()


@dataclass(frozen=True)
class Said:
    """One recorded answer: a reply frame, or how the candidate failed to answer (an Outcome's value, a message)."""

    reply: bytes
    failure: str = ""
    message: str = ""


class Transcript:
    """Exchanges by check. `load` is a check of its own: running the notebook's cells."""

    def __init__(self) -> None:
        self.checks: dict[str, dict[bytes, Said]] = {}

    def find(self, check: str, key: bytes) -> Said | None:
        return self.checks.get(check, {}).get(key)

    def add(self, check: str, key: bytes, said: Said) -> None:
        self.checks.setdefault(check, {})[key] = said

    def forget(self, check: str, key: bytes) -> None:
        self.checks.get(check, {}).pop(key, None)

    def part(self, checks: list[str]) -> bytes:
        """Encode the exchanges of some checks; the same exchanges are the same bytes."""
        chosen = {
            check: {key: (said.reply, said.failure, said.message) for key, said in self.checks[check].items()}
            for check in sorted(checks)
            if check in self.checks
        }
        return wire.encode(chosen, limit_bytes=1 << 30)

    def read(self, part: bytes) -> None:
        """Add the exchanges of an encoded part. Raises MachineryError if the record is damaged."""
        try:
            for check, exchanges in wire.decode(part).items():
                for key, (reply, failure, message) in exchanges.items():
                    self.add(check, key, Said(reply, failure, message))
        except (wire.WireError, AttributeError, TypeError, ValueError) as error:
            raise MachineryError(f"a recorded transcript cannot be read: {error}") from None
