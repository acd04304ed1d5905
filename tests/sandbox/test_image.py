"""The grading image holds what the sandbox needs, in the pinned versions, and nothing that a student may not see."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.errors import MachineryError, UsageError
from grader.paths import PACKAGE, Paths
from grader.sandbox import image, image_base, image_scan
from grader.sandbox.engine import connect

PATHS = Paths(PACKAGE.parent)
SECRET = b"def test_softmax(student):\n    assert student.softmax(3) == 42\n"


RUNTIME = [name if name.endswith(".py") else f"{name}/part.py" for name in image.RUNTIME]
OUTSIDE = ["compare.py", "student.py", "candidate/test_q1.ipynb", "zygote/notes.txt"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package with the runtime's files and some that must stay outside."""
    for name in RUNTIME + OUTSIDE:
        file = tmp_path / "grader" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name}\n")
    return tmp_path / "grader"


@pytest.fixture
def checkout(tmp_path: Path) -> Paths:
    """A folder with nothing but what the image is made from."""
    for file in (PATHS.dockerfile, PATHS.image_pins):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return Paths(tmp_path)


def test_only_the_runtime_goes_in(package: Path) -> None:
    assert list(image.runtime_files(package)) == [f"grader/{name}" for name in RUNTIME]


def test_the_runtime_imports_nothing_that_stays_outside() -> None:
    inside = image.runtime_files()
    for name, file in inside.items():
        for line in file.read_text().splitlines():
            if line.strip().startswith(("from grader", "import grader")):
                room = line.split()[1].split(".")[1:2] or [line.split()[3].strip(",")]
                assert room[0] + ".py" in image.RUNTIME or room[0] in image.RUNTIME, f"{name}: {line}"


def test_the_context_is_an_allow_list(tmp_path: Path) -> None:
    (tmp_path / "numpy-2-any.whl").write_bytes(b"wheel")
    (tmp_path / "pip.log").write_bytes(b"not a wheel")
    expected = {"wheelhouse/numpy-2-any.whl", "autograder.Dockerfile", "strip_symbols.py"} | {
        f"runtime/{n}" for n in image.runtime_files()
    }
    assert set(image._context(PATHS, tmp_path)) == expected


def test_the_context_does_not_depend_on_who_checked_out_and_when(package: Path) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    image._write_context(first, image.runtime_files(package))
    for file in package.rglob("*.py"):
        file.chmod(0o600)
        file.write_text(file.read_text())
    image._write_context(second, image.runtime_files(package))
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize("name", ["autograder.Dockerfile", "autograder.requirements.txt"])
def test_a_changed_input_asks_for_a_new_image(checkout: Paths, name: str) -> None:
    before = image.inputs_digest(checkout)
    with (checkout.root / name).open("a") as target:
        target.write("# changed\n")
    assert image.inputs_digest(checkout) != before


def test_what_is_not_an_input_asks_for_nothing(checkout: Paths) -> None:
    before = image.inputs_digest(checkout)
    (checkout.root / "constraints.txt").write_text("ruff==1\n")
    assert image.inputs_digest(checkout) == before


def test_the_default_base_is_what_the_dockerfile_says(checkout: Paths) -> None:
    checkout.dockerfile.write_text("ARG BASE_IMAGE=example/python:3.11\nFROM ${BASE_IMAGE}\n")
    assert image_base._default_of(checkout.dockerfile) == "example/python:3.11"


def test_wheels_for_another_python_are_asked_for_by_its_tags() -> None:
    options = image_base._other_platform("3.99", "aarch64")
    assert {"--python-version=3.99", "--platform=manylinux_2_28_aarch64"} <= set(options)


def test_a_step_that_fails_says_its_last_line_and_where_the_log_is(checkout: Paths) -> None:
    with pytest.raises(MachineryError, match=r"no wheels: no space left .*log/step\.log"):
        image_base._call(["sh", "-c", "echo working; echo no space left; exit 1"], "step", "no wheels")


def test_without_docker_the_operator_reads_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(MachineryError, match="Docker is not running; start it with"):
        image.digest()


def test_loading_a_file_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file .*grader\.tar"):
        image.load(tmp_path / "grader.tar")


GOOD = image_scan.Probe(uid=1000, python="3.11.2", broken=(), versions={"torch": "2.13.0+cpu", "numpy": "2.4.6"})
PINS = {"torch": "2.13.0", "numpy": "2.4.6"}


def test_a_build_of_the_pinned_torch_for_another_device_is_the_pinned_torch() -> None:
    assert list(image_scan.probe_findings(GOOD, PINS)) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        pytest.param({"uid": 0}, "it runs as root", id="root"),
        pytest.param({"broken": ("torch: OSError: no libgomp",)}, "cannot import torch: OSError", id="torch is broken"),
        pytest.param(
            {"versions": {"torch": "2.13.1", "numpy": "2.4.6"}}, "torch: expected 2.13.0, got 2.13.1", id="other"
        ),
        pytest.param({"versions": {"torch": "2.13.0"}}, "numpy: expected 2.4.6, got nothing", id="missing"),
    ],
)
def test_a_container_that_is_not_as_it_should_be_is_found(change: dict[str, object], finding: str) -> None:
    [found] = image_scan.probe_findings(image_scan.Probe(**{**GOOD.__dict__, **change}), PINS)
    assert found.startswith(finding)


OURS = {"grader/wire.py": b"the wire\n", "grader/__init__.py": b""}


def tar_of(files: dict[str, bytes]) -> tarfile.TarFile:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    target.seek(0)
    return tarfile.open(fileobj=target, mode="r|")


@pytest.fixture
def hidden_test(tmp_path: Path) -> Path:
    file = tmp_path / "test_q1.py"
    file.write_bytes(SECRET)
    return file


def findings(files: dict[str, bytes], hidden_test: Path) -> list[str]:
    inside = {f"opt/grader/{name}": content for name, content in OURS.items()} | files
    kept = {name: content for name, content in inside.items() if content is not None}
    with tar_of(kept) as tar:
        return list(image_scan._tar_findings(tar, OURS, image_scan._by_size([hidden_test])))


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        pytest.param({"usr/lib/x.py": SECRET}, "/usr/lib/x.py is ", id="a hidden test under another name"),
        pytest.param({"opt/grader/grader/hidden/t.py": b"x"}, "/opt/grader/grader/hidden/t.py does not", id="one more"),
        pytest.param({"opt/grader/grader/wire.py": b"THE WIRE\n"}, "/opt/grader/grader/wire.py is not", id="changed"),
        pytest.param({"opt/grader/grader/wire.py": None}, "/opt/grader/grader/wire.py is missing", id="missing"),
        pytest.param({"opt/grader/grader/__pycache__/q.cpython-311.pyc": b""}, "/opt/grader/grader/__pyc", id="orphan"),
    ],
)
def test_a_file_that_should_not_be_so_is_found(files: dict[str, bytes], finding: str, hidden_test: Path) -> None:
    [found] = findings(files, hidden_test)
    assert found.startswith(finding)


def test_byte_code_of_the_runtime_and_other_peoples_files_are_no_finding(hidden_test: Path) -> None:
    files = {"opt/grader/grader/__pycache__/wire.cpython-311.pyc": b"code", "usr/lib/x.py": SECRET[::-1]}
    assert findings(files, hidden_test) == []


def test_chunks_read_like_one_file() -> None:
    stream = io.BufferedReader(image_scan._Chunks(iter([b"ab", b"cdefg", b"h"])), 3)
    assert stream.read() == b"abcdefgh"


@pytest.mark.docker
def test_the_image_is_current_and_clean() -> None:
    report = image.check(PATHS)
    assert report.findings == ()
    assert report.user == "1000:1000"
    assert dict(report.versions)["torch"].startswith("2.13.0")
    assert report.image == image.digest()


@pytest.fixture
def spoiled() -> Iterator[str]:
    """The image with a solution in it, one file too many, root as its user and another label."""
    tag = "grader-test:spoiled"
    solution = next(image._secret_files(PATHS))
    spoil = io.BytesIO()
    with tarfile.open(fileobj=spoil, mode="w") as tar:
        tar.add(solution, "var/tmp/notes")
        tar.add(solution, "opt/grader/grader/extra.py")
    with connect() as client:
        container = client.containers.create(image.TAG)
        try:
            container.put_archive("/", spoil.getvalue())
            container.commit("grader-test", "spoiled", changes=["USER root", "LABEL grader.inputs=other"])
        finally:
            container.remove()
        yield tag
        client.images.remove(tag)


@pytest.mark.docker
def test_a_spoiled_image_is_refused_for_every_reason(spoiled: str) -> None:
    found = "\n".join(image.check(PATHS, spoiled).findings)
    for reason in (
        "rebuild it with: grader image build",
        "it runs as root",
        "/var/tmp/notes is",
        "extra.py does not belong",
    ):
        assert reason in found


@pytest.mark.docker
def test_no_image_is_the_operators_business_and_says_how_to_get_one() -> None:
    with pytest.raises(
        MachineryError, match=r"no grading image 'grader:none'; build it with: grader image build, or load"
    ):
        image.digest("grader:none")


@pytest.fixture
def small() -> Iterator[str]:
    """An image of one file, labelled as a grading image; what is loaded does not depend on the size."""
    with connect() as client:
        client.api.import_image_from_data(
            b"\0" * 10240, repository="grader-test", tag="small", changes=["LABEL grader.image=1"]
        )
        yield "grader-test:small"
        client.images.remove("grader-test:small")


@pytest.mark.docker
def test_a_saved_image_is_the_same_when_loaded(small: str, tmp_path: Path) -> None:
    file = tmp_path / "grader.tar"
    image.save(file, tag=small)
    assert image.load(file, tag=small) == image.digest(small)


@pytest.mark.docker
def test_what_is_the_same_inside_is_the_same_file_whenever_it_was_built(tmp_path: Path) -> None:
    """Two images of the same file, dated differently, that were made at different times."""
    saved = []
    with connect() as client:
        for when in (1_000_000_000, 2_000_000_000):
            layer = io.BytesIO()
            with tarfile.open(fileobj=layer, mode="w") as tar:
                for entry in (tarfile.TarInfo("folder"), tarfile.TarInfo("folder/file"), tarfile.TarInfo("link")):
                    entry.mtime, entry.uname = when + len(entry.name), f"user{when}"
                    entry.type = {"folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}.get(entry.name, tarfile.REGTYPE)
                    entry.linkname = "folder/file" if entry.issym() else ""
                    entry.size = 3 if entry.isreg() else 0
                    tar.addfile(entry, io.BytesIO(b"abc"))
            tag = f"grader-test:dated-{when}"
            client.api.import_image_from_data(
                layer.getvalue(), repository="grader-test", tag=f"dated-{when}", changes=["LABEL grader.image=1"]
            )
            file = tmp_path / f"{when}.tar"
            image.save(file, tag=tag)
            client.images.remove(tag)
            saved.append(file.read_bytes().replace(tag.encode(), b"tag"))
        assert saved[0] == saved[1]
        loaded = image.load(tmp_path / "1000000000.tar", tag="grader-test:dated")
        content = b"".join(client.api.export(client.api.create_container(loaded, ["x"])["Id"]))
        for left in client.api.containers(all=True, filters={"ancestor": loaded}):
            client.api.remove_container(left["Id"])
        client.images.remove("grader-test:dated", force=True)
        client.images.remove("grader-test:dated-1000000000", force=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.extractfile("folder/file").read() == b"abc"  # type: ignore[union-attr]
        assert tar.getmember("link").linkname == "folder/file"


@pytest.mark.docker
def test_loading_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.tar"
    file.write_bytes(b"no tar at all" * 100)
    with pytest.raises(UsageError, match=r"notes\.tar"):
        image.load(file)
