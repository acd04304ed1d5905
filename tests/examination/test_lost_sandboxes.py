"""A sandbox that goes away under a submission: once is made good, twice is its own doing, a broken machine is ours."""

from __future__ import annotations

import os
import signal

import pytest
from tiny import assignment, ended, opened

from grader.errors import MachineryError
from grader.examination.channel import TAKES_ITS_SANDBOX
from grader.sandbox.process import ProcessSandbox
from grader.schema import Outcome

CODE = """
import os, signal, time
def parent(pid): return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
def dies():
    keeper, zygote = os.getppid(), parent(os.getppid())
    if os.fork() == 0:  # a child: this process ends as soon as its keeper does, whatever it still wants to do
        os.kill(zygote, signal.SIGSTOP)
        os.kill(keeper, signal.SIGKILL)
        os.kill(zygote, signal.SIGKILL)
        os._exit(0)
    signal.pause()
count = 0
def counted(after=0):
    global count
    time.sleep(after)
    count += 1
    return count
"""


@pytest.fixture
def bare():
    """Without a jail a submission reaches what it runs under; here it is to."""
    sandbox = ProcessSandbox(assignment(), "bare")
    yield sandbox
    sandbox.close()


def test_a_submission_that_brings_its_sandbox_down_twice_did_it_and_is_asked_on(bare):
    with opened(bare, CODE) as submission:
        assert submission.check("test_one").counted() == 1
        assert ended(submission.check("test_two").dies) == (Outcome.CRASHED, TAKES_ITS_SANDBOX)
        assert submission.channel.opened == 2
        assert submission.check("test_three").counted() == 1
        assert ended(submission.check("test_four").dies) == (Outcome.CRASHED, TAKES_ITS_SANDBOX)
        assert submission.channel.opened == 3  # known by now: it is not tried again


def test_a_sandbox_that_goes_away_once_is_replaced_and_the_check_brought_back_to_where_it_was(bare):
    with opened(bare, CODE) as submission:
        student = submission.check("test_one")
        assert student.counted() == 1
        assert bare.child is not None
        os.killpg(bare.child.pid, signal.SIGKILL)
        assert student.counted(0.5) == 2
        assert submission.channel.opened == 2


def test_where_an_empty_notebook_does_not_run_either_the_machine_is_at_fault(bare, monkeypatch):
    with opened(bare, CODE) as submission:
        student = submission.check("test_one")
        monkeypatch.setattr(bare, "level", "none such")  # so that no other zygote comes up
        with pytest.raises(MachineryError):
            student.dies()
