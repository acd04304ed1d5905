"""What a keeper says while its candidate runs, and while it is long in dying."""

from __future__ import annotations

import socket

import pytest
from sandboxes import ALL, JAILED, Slots, kinds

from grader import wire
from grader.sandbox import link
from grader.sandbox.link import LinkedCandidate

SPENDS = """
import os, threading, time

def spend():
    then = time.process_time()
    while time.process_time() - then < 0.15: pass

def in_a_thread():
    thread = threading.Thread(target=spend)
    thread.start()
    thread.join()

def in_a_child():
    if os.fork() == 0:
        spend()
        os._exit(0)
    os.wait()
"""
REPORT = {"killed": True, "code": -9, "cpu_s": 1.5, "peak_mib": 8.0, "oom": (0, 0)}


@kinds(*ALL)
def test_what_a_candidate_used_is_known_while_it_runs(kind):
    slots = Slots()
    try:
        opened = slots.open(kind)
        assert opened.load(SPENDS) == []
        ways = ["spend", "in_a_thread", *(["in_a_child"] if kind in JAILED else [])]
        before = opened.candidate.used()
        for name in ways:
            opened.call(name)
            now = opened.candidate.used()
            since = now.since(before)
            assert (
                0.1 < since.cpu_s <= since.wall_s + 0.02
            )  # a tick of the kernel's clock is 0.01; both ends are rounded
            before = now
    finally:
        slots.close_candidates()
        for sandbox in slots.made.values():
            sandbox.close()


@pytest.mark.parametrize(
    ("said", "patience_s", "how", "own_doing"),
    [
        pytest.param([REPORT], 60.0, "closed", False, id="dead at once"),
        pytest.param([{"dying": True}, {"dying": True}, REPORT], 60.0, "closed", True, id="dead after a while"),
        pytest.param([{"used": (1.0, 2.0, 0.0)}, REPORT], 60.0, "closed", False, id="an answer that came late"),
        pytest.param([{"dying": True}], 0.0, "unknown", True, id="not dead for as long as is waited"),
        pytest.param([], 60.0, "unknown", False, id="nobody there"),
    ],
)
def test_whoever_is_long_in_dying_is_waited_for_and_it_is_its_own_doing(monkeypatch, said, patience_s, how, own_doing):
    monkeypatch.setattr(link, "DYING_S", patience_s)
    (data, process), (talk, keeper) = socket.socketpair(), socket.socketpair()
    with process, keeper:
        for message in said:
            wire.send_frame(keeper, wire.encode(message))
        if not said:
            keeper.close()
        candidate = LinkedCandidate(data, talk, lambda how: False)
        assert (candidate.close().how, candidate.own_doing) == (how, own_doing)
