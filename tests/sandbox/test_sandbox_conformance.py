"""One suite for every sandbox: what is promised of one holds for all, or is said not to.

There are five: containers with a zygote (userns, caps), a container for each submission (strict), and the same jail
without Docker, at the best level this machine gives and without any namespace (bare).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attacks.corpus import HERE as ATTACKS
from sandboxes import (
    ALL,
    CONTAINED,
    DOCKER,
    ENDS,
    HEAVY,
    JAILED,
    LIMITS,
    SHARED,
    STUBBORN,
    TRACES,
    Slots,
    Submission,
    kinds,
    made,
)

from grader.sandbox import CandidateFailure, CandidateGone, DeadlinePassed, ProtocolViolation, leftovers, link
from grader.sandbox.docker import DockerSandbox
from grader.sandbox.engine import connect


@pytest.fixture(scope="module")
def slots() -> Iterator[Slots]:
    slots = Slots()
    yield slots
    for sandbox in slots.made.values():
        sandbox.close()


@pytest.fixture(autouse=True)
def nothing_stays_open(slots: Slots) -> Iterator[None]:
    yield
    slots.close_candidates()


@pytest.fixture
def submission(slots: Slots, kind: str) -> Submission:
    return slots.open(kind)


# ------------------------------------------------------------------------------------------------ what it sees

FOUR_CAPABILITIES = 1 << 21 | 1 << 7 | 1 << 6 | 1 << 5  # SYS_ADMIN, SETUID, SETGID, KILL
ENVIRONMENT = {
    "PATH", "HOME", "TMPDIR", "LANG", "USER", "MPLBACKEND", "MPLCONFIGDIR", "PYTORCH_NVML_BASED_CUDA_CHECK",
    "CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY",
    "CUDA_VISIBLE_DEVICES", "LC_CTYPE", "HDF5_USE_FILE_LOCKING", "TORCH_COMPILE_DISABLE",
}  # fmt: skip


@kinds(*ALL)
def test_it_opens_and_answers(submission):
    assert submission.load("def double(x):\n    return 2 * x") == []
    assert submission.call("double", 21) == 42


@kinds(*ALL)
def test_a_submission_runs_without_any_privilege_and_can_get_none(slots, kind):
    seen = slots.look(kind)
    status = seen["status"]
    assert {status[f"Cap{which}"] for which in ("Inh", "Prm", "Eff", "Amb")} == {"0" * 16}
    if kind != "process-bare":
        allowed = FOUR_CAPABILITIES if kind == "docker-caps" else 0  # its bounding set: without SETPCAP it stays
        assert int(status["CapBnd"], 16) & ~allowed == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert seen["setuid"] in (("PermissionError", "OSError") if seen["uid"][0] else ("None",))
    if kind in CONTAINED:
        assert 0 not in seen["uid"] and len(set(seen["uid"])) == 1
        assert "0" not in status["Groups"].split()


@kinds(*ALL)
def test_it_is_handed_over_only_when_it_is_locked_in(slots, kind):
    """The ready frame is written after the lock; nothing of a submission has been read by then."""
    opened = slots.open(kind)
    assert opened.load("import os\nuid = os.getuid()\ndef who():\n    return [uid, os.getuid()]") == []
    before, now = opened.call("who")
    assert before == now
    opened.candidate.close()


@kinds(*CONTAINED)
def test_there_is_no_network(slots, kind):
    seen = slots.look(kind)
    assert set(seen["sockets"].values()) <= {"OSError", "PermissionError"}
    assert seen["connect"] in ("OSError", "PermissionError")
    assert seen["interfaces"] in ("OSError", "['lo']", "PermissionError")


@kinds(*CONTAINED)
def test_only_its_own_small_file_systems_can_be_written(slots, kind):
    seen = slots.look(kind)
    assert seen["writable"] == ["/dev/shm", "/job", "/tmp"]
    assert (seen["folder"], seen["listing"]) == ("/job", ["notebook.ipynb"])
    roots = [options for where, options, _ in seen["mounts"] if where == "/"]  # none where the table is empty
    assert all("ro" in root.split(",") for root in roots)


@kinds(*ALL)
def test_the_environment_is_a_fixed_list(slots, kind, monkeypatch):
    seen = slots.look(kind)
    assert set(seen["environment"]) <= ENVIRONMENT
    assert seen["environment"]["HOME"] == "/job"


@kinds(*JAILED)
def test_it_sees_its_own_processes_only(slots, kind):
    seen = slots.look(kind)
    assert seen["processes"] == [seen["me"]] == [1]
    assert seen["hostname"] == "sandbox"


@kinds(*ALL)
def test_it_holds_its_stream_and_no_other_descriptor(slots, kind):
    seen = slots.look(kind)
    assert seen["descriptors"][:4] == ["0", "1", "2", "3"]
    assert seen["threads"] == 1


@kinds(*ALL)
def test_limits_are_those_of_the_assignment(slots, kind):
    limits = slots.look(kind)["limits"]
    assert limits["RLIMIT_DATA"] == LIMITS.memory_mib << 20
    assert limits["RLIMIT_FSIZE"] == LIMITS.disk_mib << 20
    assert limits["RLIMIT_CORE"] == limits["RLIMIT_MSGQUEUE"] == 0
    assert limits["RLIMIT_NOFILE"] == 256
    if kind in JAILED:
        assert limits["RLIMIT_NPROC"] == LIMITS.processes


# ------------------------------------------------------------------------------------------------ limits


@kinds(*ALL)
def test_memory_disk_output_and_answers_are_limited_and_the_submission_goes_on(submission, kind):
    assert submission.load(HEAVY) == []
    fault = submission.ask("call", target="hoard", args=[], kwargs={})["fault"]
    assert "MemoryError" in fault["bases"]
    for folder in ("/tmp", "/dev/shm", ".") if kind in CONTAINED else ():
        assert submission.call("fill", folder) <= LIMITS.disk_mib
    said = submission.ask("call", target="talk", args=[], kwargs={})["output"]
    assert said.endswith("the end\n") and "characters before this were dropped" in said
    assert len(said) < (LIMITS.output_kib << 10) + 200
    assert "larger than" in submission.ask("call", target="large", args=[], kwargs={})["fault"]["message"]
    assert submission.call("fine") == 7


@kinds(*CONTAINED)
def test_processes_are_limited(submission, kind):
    assert submission.load(HEAVY) == []
    spare = 32 if kind == "docker-strict" else 0  # there the container counts, with its zygote
    assert LIMITS.processes - 5 <= submission.call("fork_all") < LIMITS.processes + spare


@kinds(*CONTAINED)
def test_a_hidden_module_cannot_be_imported_by_any_trick(submission):
    assert submission.load((ATTACKS / "B/hidden_modules/submission.py").read_text(), deadline_s=20) == []
    tried, ways = submission.call("shares", 0)
    assert tried == f"tried {len(ways)}"
    assert set(ways) == {"not"}


# ------------------------------------------------------------------------------------------------ how it ends


@kinds(*ALL)
@pytest.mark.parametrize(
    ("call", "failure", "how", "code"),
    [
        pytest.param(("leave", 7), CandidateGone, "exit", 7, id="exit code"),
        pytest.param(("crash",), CandidateGone, "signal", 11, id="segmentation fault"),
        pytest.param(("hang_up",), CandidateGone, "exit", 0, id="closes its stream"),
        pytest.param(("babble",), ProtocolViolation, "closed", 0, id="says what is no answer"),
        pytest.param(("spend", 60), DeadlinePassed, "closed", 0, id="does not answer in time"),
    ],
)
def test_how_a_candidate_ended_is_reported_as_it_was(slots, kind, call, failure, how, code):
    submission = slots.open(kind)
    assert submission.load(ENDS) == []
    name, *arguments = call
    with pytest.raises(failure) as raised:
        submission.call(name, *arguments, deadline_s=0.5)
    assert (raised.value.ending.how, raised.value.ending.code) == (how, code)
    assert submission.candidate.close() == raised.value.ending


@kinds(*ALL)
def test_what_it_used_is_reported(slots, kind):
    submission = slots.open(kind)
    assert submission.load(ENDS) == []
    submission.call("spend", 0.3)
    usage = submission.candidate.close().usage
    assert 0.3 <= usage.cpu_s < 3
    assert 64 <= usage.peak_mib < LIMITS.memory_mib + 64


@kinds(*DOCKER)
def test_a_container_that_runs_out_of_memory_ends_its_submission_and_says_so(slots, kind):
    submission = slots.open(kind)
    assert submission.load(SHARED) == []
    before = slots(kind).current.id
    with pytest.raises(CandidateGone) as raised:
        submission.call("hoard", deadline_s=20)
    assert raised.value.ending.how == "memory"
    assert slots(kind).current is None or slots(kind).current.id != before, "a container that ran out is replaced"


# ------------------------------------------------------------------------------------------------ what is left


def soon(holds: Callable[[], bool], within_s: float = 3.0) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def below(sandbox: object) -> int:
    """Processes of a container, or below a process sandbox's zygote, that have not ended."""
    if isinstance(sandbox, DockerSandbox):
        if sandbox.current is None:
            return 1
        with connect() as client:
            listed = client.api.top(sandbox.current.id, ps_args="-eo pid,stat")
        return sum(not row[1].startswith("Z") for row in listed["Processes"])
    listed = subprocess.run(
        ["ps", "-o", "stat=", "--ppid", str(sandbox.child.pid)], capture_output=True, text=True, check=False
    )
    return 1 + sum(not stat.startswith("Z") for stat in listed.stdout.split())


@kinds(*CONTAINED)
@pytest.mark.parametrize("how", STUBBORN)
def test_what_does_not_want_to_end_ends_and_nothing_is_left_of_it(slots, kind, how):
    sandbox = slots(kind)
    submission = Submission(sandbox.open())
    sandbox.prepare()
    code = STUBBORN[how].replace("\n", "\n    ")
    assert submission.load(f"def stay():\n    {code}") == []
    started = time.monotonic()
    with pytest.raises(CandidateFailure):
        submission.call("stay", deadline_s=0.4)
    submission.candidate.close()
    assert time.monotonic() - started < 8
    assert soon(lambda: below(sandbox) == 1), "its zygote alone"
    again = Submission(sandbox.open())
    assert again.load("x = 1\ndef f():\n    return x") == [] and again.call("f") == 1
    again.candidate.close()


@kinds(*CONTAINED)
def test_two_submissions_in_a_row_share_nothing(slots, kind):
    users = []
    for _ in range(3):
        submission = slots.open(kind)
        slots(kind).prepare()
        assert submission.load(TRACES) == []
        found, user = submission.call("trace")
        submission.candidate.close()
        assert found == []
        users.append(user)
    if kind in ("docker-caps",) or (kind == "process" and slots(kind).level == "caps"):
        assert len(set(users)) == 3, "each has a user id of its own"


@kinds("docker-userns", "docker-caps", "process")
def test_the_next_submission_is_open_in_no_time(slots, kind):
    slots(kind).open().close()
    took = []
    for _ in range(5):
        started = time.monotonic()
        slots(kind).open().close()
        took.append(time.monotonic() - started)
    assert min(took) < 0.5


@kinds(*DOCKER)
def test_a_container_serves_on_only_where_nothing_odd_happened(slots, kind):
    sandbox = slots(kind)
    used = []
    for _ in range(2):
        candidate = sandbox.open()
        used.append(sandbox.current.id)
        candidate.close()
    assert (used[0] == used[1]) == (kind != "docker-strict")
    candidate = sandbox.open()
    sandbox.settle("unknown")
    assert sandbox.current is None
    candidate.close()


def mounts_of_ours() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if f" {tempfile.gettempdir()}" in line or "/job" in line]


@kinds(*ALL)
def test_a_closed_sandbox_leaves_no_container_process_folder_or_mount(kind):
    mounts = mounts_of_ours()
    mine = f"grader-{os.getpid()}-*"
    before = set(Path(tempfile.gettempdir()).glob(mine))
    sandbox = made(kind)
    submission = Submission(sandbox.open())
    sandbox.prepare()
    submission.load("import os\nif os.fork() == 0:\n    os.close(3)\n    os.setsid()\n    __import__('time').sleep(3)")
    containers = [slot.id for slot in (getattr(sandbox, "current", None), getattr(sandbox, "warm", None)) if slot]
    submission.candidate.close()
    sandbox.close()
    assert set(Path(tempfile.gettempdir()).glob(mine)) == before
    assert mounts_of_ours() == mounts
    if kind in DOCKER:
        assert containers
        with connect() as client:
            left = [entry["Id"] for entry in client.api.containers(all=True)]
        assert not set(containers) & set(left)


@pytest.mark.docker
def test_what_a_killed_run_left_is_taken_away_and_nothing_else(tmp_path):
    """A process that opens a sandbox and is killed leaves its folder, and a container if the engine was slow."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import sandboxes, time\n"
        "slot = sandboxes.made('docker-strict'); slot.open(); print(slot.current.folder, flush=True); time.sleep(100)"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent.parent)], stdout=subprocess.PIPE, text=True
    )
    folder = Path(killed.stdout.readline().strip())
    with connect() as client:
        label = {"grader.owner": f"{killed.pid}:1"}  # as if its process id had been used again
        orphan = client.api.create_container("grader:latest", ["--help"], labels=label)["Id"]
        alive = client.api.create_container(
            "grader:latest", ["--help"], labels={"grader.owner": leftovers.owner_label()}
        )
        assert folder.is_dir()
        killed.kill()
        killed.wait()
        killed.stdout.close()
        try:
            leftovers.reap()
            left = [entry["Id"] for entry in client.api.containers(all=True)]
            assert orphan not in left and alive["Id"] in left
            assert not folder.exists()
        finally:
            client.api.remove_container(alive["Id"], force=True)


@kinds(*ALL)
def test_the_first_word_of_a_candidate_comes_after_it_gave_up_its_privileges(slots, kind, monkeypatch):
    heard = []
    read = link._message
    monkeypatch.setattr(link, "_message", lambda *args: heard.append(read(*args)) or heard[-1])
    submission = slots.open(kind)
    ready = next(word for word in heard if word.get("ready"))
    assert submission.load("import os\ndef me():\n    return [os.getuid(), os.getpid()]") == []
    assert submission.call("me") == [ready["uid"], ready["pid"]]
    assert ready["uid"] != 0 or kind == "process-bare"
    submission.candidate.close()
