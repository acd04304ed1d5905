"""Watch one call: did it change its arguments or touch global random state?"""

from __future__ import annotations

import contextlib
import ctypes
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from grader import wire

MT19937_BYTES = 625 * 4  # 624 words and the position in them


@contextlib.contextmanager
def watching(arguments: Sequence[tuple[str, Any]], effects: list[str]) -> Iterator[None]:
    """Append to `effects` what the block did besides returning: ("argument x changed", ...)."""
    before = [(name, value, _bytes(value)) for name, value in arguments]
    states = _random_states()
    try:
        yield
    finally:
        effects.extend(f"argument {name} was changed" for name, value, then in before if _bytes(value) != then)
        now = _random_states()
        effects.extend(
            f"the global random state of {name} was used" for name in states if states[name] != now.get(name)
        )


def _bytes(value: Any) -> bytes:
    try:
        return wire.encode(value)
    except Exception:  # noqa: BLE001 - an object of the student's; what cannot be sent is not watched
        return b""


def _random_states() -> dict[str, object]:
    states: dict[str, object] = {"random": random.getstate(), "numpy": _numpy_state()}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


def _numpy_state() -> object:
    source = np.random.get_bit_generator()  # type: ignore[attr-defined]
    if type(source) is np.random.MT19937:  # its state as it lies in memory; asking for it takes sixty times as long
        return ctypes.string_at(source.ctypes.state_address, MT19937_BYTES)
    return repr(source.state)
