"""What is packed comes back to the last byte, is never much longer, and arrays of numbers get shorter."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.record.packing import RUN_BYTES, SAMPLED_BYTES, pack, unpack

RNG = np.random.default_rng(5)
CONTENTS = {
    "nothing": b"",
    "a byte": b"\x04",
    "text": b"what the cells printed\n" * 5000,
    "noise": os.urandom(100_003),
    "numbers of 4 bytes": RNG.normal(size=30_001).astype(np.float32).tobytes(),
    "numbers of 8 bytes, from the middle of one": RNG.normal(size=30_001).tobytes()[3:],
    "just a sample": RNG.normal(size=SAMPLED_BYTES // 8).tobytes(),
    "hardly more than a run": RNG.normal(size=RUN_BYTES // 8 + 1).tobytes(),
    "zeros": bytes(1 << 20),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_packed_comes_back(name):
    content = CONTENTS[name]
    assert unpack(pack(content)) == content
    assert len(pack(content)) <= len(content) + len(content) // 1000 + 16


@given(st.binary(max_size=300), st.integers(1, 2000))
def test_any_content_comes_back(content, times):
    assert unpack(pack(content * times)) == content * times


@pytest.mark.parametrize(
    ("name", "share"), [("numbers of 4 bytes", 0.88), ("numbers of 8 bytes, from the middle of one", 0.95)]
)
def test_drawn_numbers_get_shorter_although_their_last_bits_are_noise(name, share):
    assert len(pack(CONTENTS[name])) < share * len(CONTENTS[name])


@pytest.mark.parametrize("packed", [b"", b"\x05abc", b"\x04abc", b"\x78\x01abc"])
def test_what_was_never_packed_is_refused(packed):
    with pytest.raises(ValueError):
        unpack(packed)
