"""Every picture of docs/ is made by a script, of the pages as they are now; and its page says of which day it is."""

from __future__ import annotations

import re
from datetime import date

import pytest

from examples.pictures import stale
from examples.pictures.table import EVERY
from grader.paths import PACKAGE

ROOT = PACKAGE.parent
DOCS = ROOT / "docs"
BY_HAND = {f"assignments/{name}_text.png" for name in ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")}
BY_HAND |= {"portal_marking.png", "competition_board.png"}
OLDER = {"assignments/a3_sequences_figures.png", "assignments/a4_generative_figures.png"}  # than the script
MADE = sorted({*EVERY} & {*stale.read()})
MOST_KIB = 400  # of one picture
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+\.png)\)")
AGAIN = "run `make pictures`"


def shown_on() -> dict[str, list[str]]:
    """Page -> the pictures that it shows, below docs/."""
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    found = {page: IMAGE.findall(page.read_text(encoding="utf-8")) for page in pages}
    return {
        str(page.relative_to(ROOT)): [(page.parent / image).resolve().relative_to(DOCS).as_posix() for image in images]
        for page, images in found.items()
        if images
    }


def test_every_picture_that_is_shown_is_made_by_the_script_and_the_other_way_round():
    shown = {image for images in shown_on().values() for image in images}
    there = {file.relative_to(DOCS).as_posix() for file in DOCS.rglob("*.png")}
    assert shown == there == {*EVERY, *BY_HAND}
    assert {*stale.read()} <= {*EVERY} <= {*MADE, *OLDER}


@pytest.mark.parametrize("name", MADE)
def test_a_picture_is_the_one_that_was_made_and_is_small(name):
    file = DOCS / name
    assert stale.digest_of_file(file) == stale.read()[name].sha256, f"{name} is another file; {AGAIN}"
    assert file.stat().st_size <= MOST_KIB * 1024


def test_a_page_says_of_which_day_its_pictures_are():
    kept = stale.read()
    for page, images in shown_on().items():
        days = {date.fromisoformat(kept[image].made) for image in images if image in kept}
        text = (ROOT / page).read_text(encoding="utf-8")
        for day in days:
            assert f"{day.day} {day:%B %Y}" in text, f"{page} does not say that its pictures are of {day}"


def test_no_picture_is_stale():
    kept, now = stale.read(), stale.looks()
    changed = [name for name in MADE if kept[name].of != now[name]]
    assert changed == [], f"these pages look otherwise than in their pictures; {AGAIN} and look at the result"
