"""Frames come whole or not at all: cut, dripping, silent, too long or too early at an end."""

import random
import socket
import struct
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.wire import WireError, receive_frame, send_frame

thoroughly = settings(deadline=None, derandomize=True, max_examples=300)


@pytest.fixture
def pair():
    here, there = socket.socketpair()
    yield here, there
    here.close()
    there.close()


def drip(stream, content, pause_s, stop):
    for place in range(len(content)):
        if stop.wait(pause_s):
            return
        stream.sendall(content[place : place + 1])


@thoroughly
@given(st.lists(st.binary(max_size=300), max_size=5), st.randoms(use_true_random=False))
def test_frames_come_whole_however_the_stream_cuts_them(frames, chance):
    here, there = socket.socketpair()
    with here, there:
        sent = b"".join(struct.pack("<I", len(frame)) + frame for frame in frames)
        while sent:
            cut = chance.randint(1, len(sent))
            there.sendall(sent[:cut])
            sent = sent[cut:]
        assert [receive_frame(here, 300) for _ in frames] == frames
        there.close()
        with pytest.raises(EOFError):
            receive_frame(here, 300)


def test_a_frame_larger_than_every_buffer_arrives(pair):
    here, there = pair
    frame = random.Random(5).randbytes(3_000_000)
    sender = threading.Thread(target=send_frame, args=(there, frame))
    sender.start()
    assert receive_frame(here, len(frame), time.monotonic() + 20) == frame
    sender.join()


def test_a_length_over_the_limit_is_refused_before_anything_is_read(pair):
    here, there = pair
    there.sendall(struct.pack("<I", 101) + b"x" * 101)
    with pytest.raises(WireError, match="a frame of 101 bytes where at most 100"):
        receive_frame(here, 100)


@pytest.mark.parametrize("content", [b"", b"\x05", b"\x05\0\0\0", b"\x05\0\0\0abcd"], ids=len)
def test_a_stream_that_ends_too_early_is_an_end(pair, content):
    here, there = pair
    there.sendall(content)
    there.close()
    with pytest.raises(EOFError):
        receive_frame(here, 100, time.monotonic() + 5)


@pytest.mark.parametrize("content", [b"", b"\x05", b"\x05\0\0\0", b"\x05\0\0\0abcd"], ids=len)
def test_a_stream_that_falls_silent_passes_the_deadline(pair, content):
    here, there = pair
    there.sendall(content)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        receive_frame(here, 100, started + 0.05)
    assert 0.04 < time.monotonic() - started < 2


def test_a_stream_that_drips_passes_the_deadline_too(pair):
    here, there = pair
    stop = threading.Event()
    dripping = threading.Thread(target=drip, args=(there, struct.pack("<I", 1000) + bytes(1000), 0.01, stop))
    dripping.start()
    started = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            receive_frame(here, 1000, started + 0.2)
        assert 0.19 < time.monotonic() - started < 2
    finally:
        stop.set()
        dripping.join()


def test_a_frame_that_nobody_reads_passes_the_timeout_of_its_socket(pair):
    here, _ = pair
    here.settimeout(0.05)
    with pytest.raises(TimeoutError):
        send_frame(here, bytes(10_000_000))
