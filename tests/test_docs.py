"""What the documentation says exists: commands, options, links, files, exit codes. And everything is documented."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import cli, exit_codes
from grader.paths import PACKAGE

ROOT = PACKAGE.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"(?:grader|docs|examples|tests|solutions|assignments|scripts|benchmarks)/[\w./-]*")
OURS = [ROOT / "README.md", ROOT / "docs" / "walk.md", ROOT / "docs" / "usage.md", ROOT / "docs" / "architecture.md"]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Every command's own parser."""
    [commands] = [action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(commands.choices)


def typed(text: str) -> Iterator[str]:
    """Command lines of `grader` in console blocks: behind a $."""
    for _, body in FENCE.findall(text):
        for line in body.splitlines():
            if line.startswith("$ grader "):
                yield line[2:]


def prose(text: str) -> str:
    return FENCE.sub("", text)


# ---------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_typed_in_a_console_block_can_be_typed(page, capsys):
    for line in typed(page.read_text()):
        try:
            cli.parser().parse_args(shlex.split(line, comments=True)[1:])
        except SystemExit:
            pytest.fail(f"{name(page)}: {line}: {capsys.readouterr().err.strip().splitlines()[-1]}", pytrace=False)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_command_in_the_text_exists_and_has_the_options_it_is_shown_with(page):
    known = parsers()
    for code in CODE.findall(prose(page.read_text())):
        words = code.split()
        if words[0] == "grader" and len(words) > 1 and words[1][0] not in "-C" and words[1] != "help":
            assert words[1] in known, f"{name(page)}: there is no command `{code}`"
            options = {option for action in known[words[1]]._actions for option in action.option_strings}
            shown = {word for word in words[2:] if word.startswith("--")}
            assert shown <= options, f"{name(page)}: `{code}`: there is no {', '.join(shown - options)}"


def test_every_command_has_a_row_in_the_table_of_commands_and_a_line_of_help():
    table = (ROOT / "docs" / "usage.md").read_text()
    rows = set(re.findall(r"^\| `grader (\w+)`", table, re.MULTILINE))
    assert rows == set(parsers())
    assert all(parser.description for parser in parsers().values())


def test_every_option_says_what_it_is_for_or_is_one_that_all_commands_share():
    shared = {"--json", "--csv", "--out", "--image", "--isolation", "--sandbox", "--tag", "--reason", "--student"}
    silent = {
        f"{command} {option}"
        for command, parser in parsers().items()
        for action in parser._actions
        for option in action.option_strings[-1:]
        if not action.help and option not in shared
    }
    assert silent == set()


def test_the_table_of_exit_codes_is_that_of_the_program():
    table = (ROOT / "docs" / "usage.md").read_text().partition("## Exit codes")[2].partition("##")[0]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert codes == {value for name, value in vars(exit_codes).items() if name.isupper() and type(value) is int}
    assert set(exit_codes.EXIT_CODES.values()) < codes


def test_every_chore_that_is_named_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for page in PAGES for word in re.findall(r"`make (\w+)`", page.read_text())}
    named |= set(re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


# ---------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file(page):
    for target in LINK.findall(prose(page.read_text())):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), f"{name(page)}: nothing at {target}"


@pytest.mark.parametrize("page", OURS, ids=name)
def test_every_path_that_is_named_is_there(page):
    for code in CODE.findall(prose(page.read_text())):
        if PATH.fullmatch(code):
            assert (ROOT / code).exists(), f"{name(page)}: there is no {code}"


def test_every_page_of_the_documentation_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = [(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text())]
        waiting += [link for link in links if link.suffix == ".md" and link.exists() and link not in reached]
    assert {page for page in PAGES if page.name != "CHANGELOG.md"} <= reached


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_with_measured_figures_says_of_which_day_they_are(page):
    text = page.read_text()
    if "python -m benchmarks." in text and page.name != "CHANGELOG.md":
        assert re.search(r"\b\d{1,2} [A-Z][a-z]+ 20\d\d\b|\b20\d\d-\d\d-\d\d\b", text), name(page)


def test_the_map_names_every_room():
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {code for row in re.findall(r"^\| (`.*?) \|", text.partition("## The rooms")[2].partition("\n## ")[0],
                                        re.MULTILINE) for code in CODE.findall(row)}  # fmt: skip
    files = {file.stem for file in PACKAGE.glob("*.py") if file.stem != "__init__"}
    folders = {f"{folder.name}/" for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert files | folders <= rooms


def test_the_hidden_test_of_the_walk_is_a_real_one():
    text = (ROOT / "docs" / "walk.md").read_text()
    file = re.search(r"From `(assignments/[\w/.]+)`", text)
    assert file is not None
    [shown] = [body for language, body in FENCE.findall(text) if language == "python"]
    assert shown in (ROOT / file[1]).read_text()
