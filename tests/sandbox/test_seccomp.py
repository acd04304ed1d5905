"""The list of system calls: what is refused, what is looked into, and what a program that means well needs."""

import errno
import os
import re

import pytest
from tiny import assignment, opened

from grader import wire
from grader.sandbox.process import ProcessSandbox
from grader.zygote import procfs
from grader.zygote.kernel import ANY_NAMESPACE
from grader.zygote.seccomp import ALLOWED, IOCTLS, LOOKED_INTO, OF_GPUS, PRCTLS, TERMINAL_INPUT, seccomp_program

ALLOW, X86_64, X32 = 0x7FFF0000, 0xC000003E, 0x40000000


def said(number, *arguments, gpu=False, architecture=X86_64):
    """What the filter answers, as the kernel would run it: None for a call that goes through, else the error."""
    program = seccomp_program(gpu)
    values = {0: number, 4: architecture} | {
        16 + 8 * place: value for place, value in enumerate((*arguments, *[0] * 6))
    }
    accumulator = at = 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x20:
            accumulator = values[operand]
        elif code == 0x06:
            return None if operand == ALLOW else operand & 0xFFFF
        else:
            holds = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}
            at += if_true if holds[code] else if_false


@pytest.mark.parametrize("gpu", [False, True])
def test_a_call_goes_through_if_it_is_listed_and_what_is_new_does_not_exist(gpu):
    listed = {*ALLOWED.values(), *(OF_GPUS.values() if gpu else ())}
    for number in range(1200):
        if number not in LOOKED_INTO.values() or number in listed:
            assert said(number, gpu=gpu) == (None if number in listed else errno.ENOSYS), number
    assert said(X32 | 1) == said(1, architecture=0x40000003) == errno.ENOSYS


@pytest.mark.parametrize(
    ("call", "arguments", "answer"),
    [
        pytest.param("clone", (0x11,), None, id="a fork"),
        pytest.param("clone", (0x3D0F00,), None, id="a thread"),
        *[pytest.param("clone", (bit,), errno.EPERM, id=f"a namespace {bit:#x}")
          for bit in (1 << n for n in range(32)) if bit & ANY_NAMESPACE],
        pytest.param("fcntl", (3, 6), 0, id="a lock is answered"),
        pytest.param("fcntl", (3, 1024), errno.ENOLCK, id="a lease"),
        pytest.param("fcntl", (3, 3), None, id="flags of a file"),
        pytest.param("flock", (3, 2), 0, id="another lock"),
        pytest.param("sync", (), 0, id="writing everything back"),
        pytest.param("fadvise64", (3, 0, 0, 4), 0, id="a file's pages are to leave memory"),
        pytest.param("fadvise64", (3, 0, 0, 3), None, id="and are to be read"),
        pytest.param("mbind", (), 0, id="a wish where memory lies"),
        *[pytest.param("ioctl", (0, what), None, id=f"ioctl {what:#x}") for what in IOCTLS],
        *[pytest.param("ioctl", (0, what), errno.ENOTTY, id=f"ioctl {what:#x}")
          for what in (0xC0104620, *TERMINAL_INPUT)],
        *[pytest.param("prctl", (what,), None, id=f"prctl {what}") for what in PRCTLS],
        *[pytest.param("prctl", (what,), errno.EINVAL, id=f"prctl {what}") for what in (8, 22, 24, 35, 47, 53, 62, 65)],
        *[pytest.param(call, (family,), None if family == 1 else errno.EAFNOSUPPORT, id=f"{call} {family}")
          for call in ("socket", "socketpair") for family in (0, 1, 2, 10, 16, 17, 38, 40, 44)],
        pytest.param("sendto", (3, 0, 1, 0), None, id="data"),
        pytest.param("sendto", (3, 0, 1, 1), errno.EOPNOTSUPP, id="urgent data"),
        pytest.param("sendmsg", (3, 0, 0x4001), errno.EOPNOTSUPP, id="an urgent message"),
    ],
)  # fmt: skip
def test_arguments_are_looked_at_where_they_matter(call, arguments, answer):
    assert said(LOOKED_INTO[call], *arguments) == answer


def test_with_a_gpu_its_driver_is_asked_and_a_terminal_is_not_typed_at():
    assert said(LOOKED_INTO["ioctl"], 0, 0xC0104620, gpu=True) is None
    assert {said(LOOKED_INTO["ioctl"], 0, what, gpu=True) for what in TERMINAL_INPUT} == {errno.EPERM}
    assert said(OF_GPUS["mbind"], gpu=True) is None


# ------------------------------------------------------------------------------------------------ live

MEANS_WELL = r"""
import asyncio, concurrent.futures, mmap, multiprocessing, os, select, shutil, signal, socket, sqlite3, subprocess
import tempfile
import numpy as np
did = []

def step(function):
    try:
        function()
        did.append((function.__name__, "ok"))
    except BaseException as error:
        did.append((function.__name__, repr(error)[:150]))

@step
def processes():
    for kind in ("fork", "spawn"):
        context = multiprocessing.get_context(kind)
        with context.Pool(2) as pool:
            assert pool.map(abs, [-1, 2]) == [1, 2]
        queue, lock = context.Queue(), context.Lock()
        queue.put(1), queue.get(timeout=20), context.Value("i", 3), context.Event().set()

@step
def shared():
    from multiprocessing import shared_memory
    block = shared_memory.SharedMemory(create=True, size=1000)
    block.buf[0] = 1
    block.close(), block.unlink()
    mmap.mmap(-1, 4096)[:1] = b"x"
    np.memmap("x", dtype="f4", mode="w+", shape=(100,)).flush()
    with open("x", "rb") as file:  # the C library asks for what is not there, and does with less
        assert os.preadv(file.fileno(), [bytearray(3)], 0) == 3
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

@step
def pools():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(abs, [1]))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        assert list(pool.map(abs, [-1])) == [1]

@step
def jobs():
    import joblib
    for backend in ("loky", "threading", "multiprocessing"):
        assert joblib.Parallel(2, backend=backend)(joblib.delayed(abs)(i) for i in [-1, 2]) == [1, 2]

@step
def fits():
    from sklearn.ensemble import RandomForestClassifier
    X = np.random.default_rng(0).normal(size=(60, 3))
    RandomForestClassifier(5, n_jobs=2).fit(X, (X[:, 0] > 0).astype(int))

@step
def loads():
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    assert sum(len(b[0]) for b in DataLoader(TensorDataset(torch.ones(64, 3)), 8, num_workers=2)) == 64
    torch.ones(3).share_memory_()
    torch.set_num_threads(2)
    (torch.ones(300, 300) @ torch.ones(300, 300)).sum()

@step
def draws():
    import matplotlib.pyplot as plt
    plt.plot([1, 2])
    plt.savefig("p.png")

@step
def databases():
    base = sqlite3.connect("d.sqlite")
    base.execute("pragma journal_mode=wal")
    base.execute("create table t(a)")
    base.commit()

@step
def shells():
    for line in ("ls -la / /proc", "cp x y && tar czf t.tgz y && gzip -k y", "sort x | uniq | wc",
                 "sleep 0.01; date; id; df /job", "bash -c '(echo a) & wait'", "dd if=/dev/zero of=z bs=1k count=3"):
        done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 or line.endswith("/job"), (line, done.stderr)

@step
def waits():
    async def wait():
        process = await asyncio.create_subprocess_exec("true")
        await process.wait()
    asyncio.run(wait())
    one, two = socket.socketpair()
    one.send(b"x"), two.recv(1)
    poll = select.epoll()
    poll.register(one, 1), poll.poll(0)
    signal.alarm(0)
    shutil.copytree(tempfile.mkdtemp(), "/tmp/copied")

@step
def counts():
    import psutil
    assert psutil.virtual_memory().total == MEMORY << 20 and psutil.cpu_count() >= 1
    psutil.cpu_percent(), psutil.Process().memory_info(), list(psutil.process_iter())
    os.cpu_count(), os.sysconf("SC_PHYS_PAGES")
"""


@pytest.fixture(scope="module")
def sandbox():
    slot = ProcessSandbox(assignment(preload=("numpy", "torch")))
    yield slot
    slot.close()


def told_by(sandbox, source, name, **limits):
    with opened(sandbox, source, **limits) as submission:
        student = submission.check()
        assert wire.decode(submission.channel.load().reply)["value"]["raised"] == []
        return student.fetch(name)


def test_programs_that_mean_well_get_all_they_ask_for(sandbox):
    limits = {"memory_mib": 1536, "disk_mib": 64, "processes": 64, "load_s": 120, "total_s": 300}
    did = told_by(sandbox, MEANS_WELL.replace("MEMORY", "1536"), "did", **limits)
    absent = ("ModuleNotFoundError", "ImportError")
    assert len(did) == 11 and [step for step in did if step[1] != "ok" and not step[1].startswith(absent)] == []


def test_proc_tells_of_its_own_processes_alone(sandbox):
    if sandbox.level == "bare":
        pytest.skip("there is no jail")
    source = (
        "import os\n"
        "def read(path):\n"
        "    try:\n        return open(path, errors='replace').read()\n"
        "    except OSError:\n        return ''\n"
        "shown = {name: read('/proc/' + name) for name in os.listdir('/proc') if not name.isdigit()}\n"
        "table = read('/proc/self/mountinfo')\n"
    )
    shown = told_by(sandbox, source, "shown", memory_mib=512)
    known = {"cpuinfo", "meminfo", "stat", "loadavg", "uptime"}
    assert {name for name, text in shown.items() if text} <= known
    assert "MemTotal:" in shown["meminfo"] and "524288 kB" in shown["meminfo"]
    assert "flags" in shown["cpuinfo"] and not re.search("MHz|microcode", shown["cpuinfo"])
    assert told_by(sandbox, source, "table", memory_mib=512) == ""


def test_the_engine_covers_what_a_jail_covers():
    covered = procfs.covered(gpu=False)
    here = {name for name in os.listdir("/proc") if not name.isdigit() and not os.path.islink(f"/proc/{name}")}
    assert set(covered) == {f"/proc/{name}" for name in here - set(procfs.BINDABLE)}
    assert "/proc/driver" not in procfs.covered(gpu=True)
