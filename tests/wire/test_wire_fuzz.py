"""Whatever bytes come over the wire: a plain value or a WireError, soon, and in bounded memory.

The long test goes on for GRADER_FUZZ_S seconds and stores what fails in `tests/seeds/frames` (see `tests/fuzzing.py`).
"""

import os
import random
import resource
import struct
import time
import traceback

import fuzzing
import numpy as np
import pytest
import torch

from grader.wire import NUMPY_DTYPES, TORCH_DTYPES, Ref, WireError, decode, encode

FRAMES = 20_000  # of each kind: 100,000 together
SEED = 20261121
GROWTH_MIB = 64  # the largest frame here has some kilobytes
PLAIN = (type(None), bool, int, float, complex, str, bytes, Ref, list, tuple, set, frozenset, dict, np.ndarray)

VALUES = [
    None,
    [True, 0, -1, 2**70, -(2**900), 1.5, float("nan"), 2j, "text", "\udcff", b"bytes", ()],
    {"id": 7, "value": {"loss": [0.5, 0.25], ("a", 1): {frozenset({1, 2}), 3}}, "output": "", "effects": []},
    [[[[[["deep"]]]]]] * 3,
    {number: str(number) for number in range(40)},
    [Ref(3, "function", "f"), {"net": Ref(4, "object", "MLP")}],
    [np.zeros((2, 0, 3)), np.array(1.5), np.arange(60.0).reshape(3, 4, 5), np.array([True, False])],
    [np.ones(3, dtype) for dtype in NUMPY_DTYPES],
    [np.float32(1), np.int8(-1), np.bool_(True), np.complex64(1j)],
    [torch.ones(2, 3).to(getattr(torch, dtype)) for dtype in TORCH_DTYPES],
    [torch.zeros(()), torch.zeros(0, 4), torch.arange(300)],
]
VALID = [encode(value) for value in VALUES]
TAGS = b"NTFiIfcsbltSzdanxr"
NUMBERS = [0, 1, 2, 3, 64, 255, 1 << 16, 10**6, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1]
SIDES = [0, 1, -1, 1 << 20, 1 << 31, 1 << 40, 1 << 62, -(1 << 63), (1 << 63) - 1]


def noise(chance, frames=VALID):
    return chance.choice([b"", bytes([chance.choice(TAGS)])]) + chance.randbytes(chance.choice([1, 4, 9, 40, 400]))


def mutated(chance, frames=VALID):
    frame = bytearray(chance.choice(frames))
    for _ in range(chance.choice([1, 1, 2, 5])):
        place = chance.randrange(len(frame))
        frame[place] = chance.choice(
            [chance.randrange(256), frame[place] ^ 1 << chance.randrange(8), chance.choice(TAGS)]
        )
    return bytes(frame)


def truncated(chance, frames=VALID):
    frame = chance.choice(frames)
    start, stop = sorted(chance.choices(range(len(frame) + 1), k=2))
    return chance.choice([frame[:stop], frame[start:], frame[:start] + frame[stop:], frame + frame[start:stop]])


def spliced(chance, frames=VALID):
    one, other = chance.choices(frames, k=2)
    cut, start, stop = chance.randrange(len(one)), *sorted(chance.choices(range(len(other) + 1), k=2))
    return one[:cut] + other[start:stop] + one[cut + chance.choice([0, stop - start]) :]


def bomb(chance, frames=VALID):
    """A valid frame in which some lengths or sizes claim more, or a few heads with nothing behind them."""
    if chance.random() < 0.2:
        heads = (bytes([chance.choice(b"ltSzdsbI")]) + struct.pack("<I", chance.choice(NUMBERS)) for _ in range(9))
        return b"".join(heads)
    frame = bytearray(chance.choice(frames))
    for _ in range(chance.choice([1, 1, 3])):
        place = chance.randrange(len(frame))
        claim = chance.choice([struct.pack("<I", chance.choice(NUMBERS)), struct.pack("<q", chance.choice(SIDES))])
        frame[place : place + len(claim)] = claim
    return bytes(frame)


def is_plain(value):
    """Whether a value is built of nothing but exact types."""
    if isinstance(value, (np.generic, torch.Tensor)):
        return type(value) is torch.Tensor or value.dtype.name in NUMPY_DTYPES
    if type(value) in (list, tuple, set, frozenset):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    return type(value) in PLAIN


def look_at(value):
    assert is_plain(value), "not plain"
    again = encode(value)
    assert encode(decode(again)) == again, "not the same the second time"


def try_frames(make, report):
    """Decode FRAMES frames; write how many were values, the slowest one's seconds, and the growth of memory in MiB."""
    chance, values, slowest = random.Random(f"{SEED}{make.__name__}"), 0, 0.0
    frame = b""
    try:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(FRAMES):
            frame = make(chance)
            started = time.process_time()
            try:
                value = decode(frame)
            except WireError:
                continue
            finally:
                slowest = max(slowest, time.process_time() - started)
            values += 1
            look_at(value)
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        os.write(report, f"{values} {slowest} {growth}".encode())
    except BaseException:  # noqa: BLE001 - whatever it is, the frame that caused it must be told
        os.write(report, f"{traceback.format_exc()[-3000:]}\nframe: {frame[:300]!r}".encode())
        os._exit(1)
    os._exit(0)


MAKERS = (noise, mutated, truncated, spliced, bomb)


@pytest.mark.parametrize("make", MAKERS)
def test_bytes_become_plain_values_or_a_wire_error_in_little_memory(make):
    reading, writing = os.pipe()
    child = os.fork()  # a process of its own: its memory is measured and limited
    if child == 0:
        limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (1 << 30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        try_frames(make, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as report:
        said = report.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, said
    values, slowest, growth = (float(number) for number in said.split())
    assert slowest < 1
    assert growth < GROWTH_MIB
    assert make is noise or values > FRAMES / 100, "hardly a frame was a value: the fuzzer has gone blind"


def try_frame(frame):
    """Decode one frame; return the processor seconds that it took."""
    started = time.process_time()
    try:
        value = decode(frame)
    except WireError:
        return time.process_time() - started
    took = time.process_time() - started
    look_at(value)
    return took


STORED = fuzzing.seeds("frames")


@pytest.mark.parametrize("seed", sorted(STORED))
def test_a_stored_frame_becomes_a_plain_value_or_a_wire_error(seed):
    assert try_frame(STORED[seed]) < 1


@pytest.mark.long
def test_frames_that_were_changed_by_chance_become_plain_values_or_wire_errors():
    chance, draw = fuzzing.drawn()
    pool = [*VALID, *filter(None, STORED.values())]
    until, tried = time.monotonic() + fuzzing.FUZZ_S, 0
    while time.monotonic() < until:
        frame = chance.choice(MAKERS)(chance, pool)
        try:
            assert try_frame(frame) < 1, "it took a second"
        except BaseException:  # noqa: BLE001 - whatever it is, the frame is kept
            pytest.fail(f"draw {draw}: {fuzzing.keep('frames', frame)}", pytrace=True)
        tried += 1
    assert tried > 100 * fuzzing.FUZZ_S
