"""What portal.md gives to a proxy and to systemd: read by these programs where they are here, and in step with us."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from grader.course.showing import Showing
from grader.portal.app import FORM_BESIDE_FILE_BYTES, MIB

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docs" / "portal.md").read_text(encoding="utf-8")
MOST_BYTES = Showing().most_mib * MIB + FORM_BESIDE_FILE_BYTES  # of a request that the portal takes
UNITS = {"m": MIB, "MB": 10**6, "MiB": MIB}


def block(first: str) -> str:
    """The indented block that begins with this line."""
    lines = TEXT[TEXT.index(f"    {first}\n") :].splitlines()
    end = next(number for number, line in enumerate(lines) if line and not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end]).strip() + "\n"


CADDY, NGINX, UNIT = block("grader.example.org {"), block("server {"), block("[Unit]")


@pytest.mark.parametrize(("text", "key"), [(CADDY, "max_size"), (NGINX, "client_max_body_size")])
def test_a_proxy_lets_through_what_the_portal_takes(text: str, key: str):
    number, unit = re.search(rf"{key} (\d+)([A-Za-z]+)", text).groups()
    assert int(number) * UNITS[unit] >= MOST_BYTES


def test_every_line_for_caddy_has_the_words_that_are_meant():
    """A blank ends a word there, also within brackets."""
    (line,) = [line for line in CADDY.splitlines() if " regexp " in line]
    _, _, pattern, instead = shlex.split(line)
    assert re.sub(pattern, instead, "/in/aQBSF_t3f6-AUnHC") == "/in/-"


def test_caddy_reads_it(tmp_path):
    if shutil.which("caddy") is None:
        pytest.skip("there is no Caddy here")
    (tmp_path / "Caddyfile").write_text(CADDY, encoding="utf-8")
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
    told = subprocess.run(command, capture_output=True, text=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin"})
    assert told.returncode == 0, told.stderr


def test_nginx_reads_it(tmp_path):
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("there is no nginx here")
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=grader.example.org"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made], check=True, capture_output=True)
    text = NGINX.replace("/etc/letsencrypt/live/grader.example.org", str(tmp_path)).replace("443", "127.0.0.1:8443")
    around = f"pid {tmp_path}/pid;\nerror_log {tmp_path}/errors;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n"
    (tmp_path / "nginx.conf").write_text(around, encoding="utf-8")
    told = subprocess.run([nginx, "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def test_what_containers_are_given_is_where_docker_and_the_service_both_see_it():
    """A private /tmp, which the process sandbox needs where all else is read-only, is no folder of the engine's."""
    wanted = {"ProtectSystem=strict", "PrivateTmp=yes", "RuntimeDirectory=grader", "Environment=TMPDIR=/run/grader"}
    assert wanted <= set(UNIT.splitlines())


def test_systemd_knows_every_directive(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    unit = UNIT.replace("/srv/grader/bin/grader", shutil.which("true") or "/bin/true")
    (tmp_path / "grader.service").write_text(unit, encoding="utf-8")
    command = ["systemd-analyze", "verify", str(tmp_path / "grader.service")]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0 and "Unknown" not in told.stderr, told.stderr


def test_the_portals_database_is_saved_before_the_record():
    """What the record has and the portal does not is put there again; the other way round it would never be graded."""
    portal, record = (TEXT.index(f"sqlite3 .grader/{name}.sqlite") for name in ("portal/portal", "record"))
    assert portal < record
