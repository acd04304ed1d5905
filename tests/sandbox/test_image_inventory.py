"""The image's bill of materials, and what is known against what is in it."""

import json
import zipfile

import pytest

from grader.cli import main
from grader.errors import MachineryError, UsageError
from grader.sandbox import image, image_inventory
from grader.sandbox.image_inventory import Advisory, Package, bill, is_affected, known_against

FOUND = [
    Package("deb", "libc6", "2:2.36-9", "amd64"),
    Package("pypi", "Jinja2", "3.1.6", "", "BSD License"),
    Package("pypi", "torch", "2.13.0+cpu", "", "BSD-3-Clause", True),
]
KNOWN = {
    "id": "OSV-1",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.7"}]}],
        },
        {"package": {"ecosystem": "PyPI", "name": "torch"}, "versions": ["2.13.0"]},
        {"package": {"ecosystem": "npm", "name": "torch"}, "versions": ["2.13.0"]},
        {"package": {"ecosystem": "PyPI", "name": "django"}, "versions": ["1"]},
    ],
}


def test_a_bill_names_every_package_by_its_address_and_follows_from_the_image_alone():
    made = bill("sha256:abc", "grader:latest", FOUND)
    assert [component["purl"] for component in made["components"]] == [
        "pkg:deb/debian/libc6@2%3A2.36-9?arch=amd64",
        "pkg:pypi/jinja2@3.1.6",
        "pkg:pypi/torch@2.13.0+cpu",
    ]
    assert [component.get("licenses") for component in made["components"]] == [
        None,
        [{"license": {"name": "BSD License"}}],
        [{"expression": "BSD-3-Clause"}],
    ]
    assert json.dumps(made) == json.dumps(bill("sha256:abc", "grader:latest", FOUND))
    assert made["serialNumber"] != bill("sha256:abd", "grader:latest", FOUND)["serialNumber"]


def test_advisories_of_a_file_are_told_for_what_is_installed(tmp_path):
    expected = [Advisory("jinja2", "3.1.6", "OSV-1", ("3.1.7",)), Advisory("torch", "2.13.0", "OSV-1")]
    (tmp_path / "one.json").write_text(json.dumps(KNOWN))
    (tmp_path / "list.json").write_text(json.dumps([KNOWN, KNOWN]))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.writestr("OSV-1.json", json.dumps(KNOWN))
        packed.writestr("README", "no advisory")
    for name in ("one.json", "list.json", "all.zip"):
        assert known_against(FOUND, tmp_path / name) == expected


@pytest.mark.parametrize(
    ("events", "version", "affected"),
    [
        pytest.param([{"introduced": "0"}], "1.0", True, id="never mended"),
        pytest.param([{"introduced": "1.0"}, {"fixed": "1.5"}], "1.5", False, id="mended in this one"),
        pytest.param([{"introduced": "1.0"}, {"fixed": "1.10"}], "1.9", True, id="by numbers and not by letters"),
        pytest.param([{"introduced": "1.0"}, {"last_affected": "1.5"}], "1.5", True, id="the last one"),
        pytest.param([{"introduced": "1.0"}, {"last_affected": "1.5"}], "1.5.1", False, id="after the last one"),
        pytest.param(
            [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}], "1.9", False, id="between two ranges"
        ),
        pytest.param([{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}], "2.0", True, id="come back"),
        pytest.param([{"introduced": "not a version"}], "1.0", False, id="no version"),
    ],
)
def test_a_range_is_read_as_osv_means_it(events, version, affected):
    ranges = [{"type": "ECOSYSTEM", "events": events}, {"type": "GIT", "events": [{"introduced": "0"}]}]
    assert is_affected({"ranges": ranges}, version) == affected


@pytest.mark.parametrize("content", [b"no json", b"\xff\xfe", b"PK\x03\x04 cut"])
def test_a_file_that_holds_no_advisories_is_the_users_mistake(content, tmp_path):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"x\.json holds no advisories in OSV's format"):
        known_against(FOUND, tmp_path / "x.json")


def test_without_pip_audit_and_without_a_file_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"pipx install pip-audit.*grader image audit FILE"):
        known_against(FOUND, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            '{"dependencies": [{"name": "torch", "version": "2.13.0", '
            '"vulns": [{"id": "X-1", "fix_versions": ["3"]}]}]}',
            [Advisory("torch", "2.13.0", "X-1", ("3",))],
            id="found",
        ),
        pytest.param(
            '{"dependencies": [{"name": "torch", "version": "2.13.0", "vulns": []}, '
            '{"name": "jinja2", "skip_reason": "not found"}]}',
            [Advisory("jinja2", "3.1.6", image_inventory.NOT_LOOKED_UP)],
            id="one that the index does not know",
        ),
        pytest.param(
            '{"dependencies": [{"name": "torch", "skip_reason": "not found"}]}',
            "index knows none of the packages; not found",
            id="an index that knows none",
        ),
        pytest.param("", "it needs a network: no route", id="no network"),
    ],
)
def test_pip_audit_is_believed_or_said_to_have_no_network(said, expected, monkeypatch, tmp_path):
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\necho '{said}'\necho no route >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if isinstance(expected, str):
        with pytest.raises(MachineryError, match=expected):
            known_against(FOUND, None)
    else:
        assert known_against(FOUND, None) == expected


@pytest.mark.docker
def test_the_image_lists_its_pins_and_its_base_and_is_audited_by_a_file(tmp_path, capsys):
    assert main(["image", "sbom", str(tmp_path / "bill.json")]) == 0
    made = json.loads((tmp_path / "bill.json").read_text())
    names = {component["name"] for component in made["components"]}
    assert {"numpy", "torch", "scipy"} <= names
    assert made["metadata"]["component"]["version"] == image.digest()
    (tmp_path / "known.json").write_text(json.dumps(KNOWN))
    assert main(["image", "audit", str(tmp_path / "known.json")]) == 1
    assert "torch 2.13.0: OSV-1; mended in no version yet" in capsys.readouterr().out


def test_names_are_compared_as_indexes_do():
    assert image_inventory.normal("Ruamel.Yaml_Clib") == "ruamel-yaml-clib"
