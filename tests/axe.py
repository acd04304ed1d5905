"""axe-core over a page that a browser shows, in both schemes and three widths."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest

WIDTHS = (360, 800, 1440)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
BY_WIDTH = {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]}
BY_SCHEME = {"type": "rule", "values": ["color-contrast"]}
WITHOUT_SHADES = """for (const box of document.querySelectorAll(".wide")) box.style.backgroundImage = "none";"""
FIND = """async (rules) => (await axe.run(document, {resultTypes: ["violations"], runOnly: rules})).violations.map(
  (found) => `${found.id}: ${found.nodes[0].html.slice(0, 200)}`)"""


def required(package: str) -> Any:
    """A package that only these tests need: where everything must be tested, it must be there."""
    return __import__(package) if os.environ.get("GRADER_REQUIRE_DOCKER") else pytest.importorskip(package)


@functools.cache
def source() -> str:
    """The script that makes `axe` of a page."""
    return (Path(required("axe_playwright_python").__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, name: str) -> list[str]:
    """What axe finds on a page that is open: every rule in one width, those that depend on it in the others."""
    page.evaluate(source())
    page.evaluate(WITHOUT_SHADES)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            rules = BY_SCHEME if scheme == "dark" else RULES if width == WIDTHS[0] else BY_WIDTH
            found += [f"{name}, {scheme}, {width}: {what}" for what in page.evaluate(FIND, rules)]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{name}, {width}: the page scrolls sideways")
    return found
