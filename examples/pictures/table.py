"""Which pictures there are: of which page, how large, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

ASSIGNMENTS = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")


@dataclass(frozen=True)
class Picture:
    """One picture of a page. `file`: below docs/;  page: see `pages` and `portal`;  size in pixels of the page.

    part: a selector of what stands at the top; without one the top of the page does
    """

    file: str
    page: str
    width: int
    height: int
    part: str = ""


PICTURES = (
    Picture("report.png", "course", 1200, 1000),
    Picture("dashboard_assignment.png", "assignment", 960, 880),
    Picture("dashboard_clusters.png", "semester", 960, 900, "#clusters"),
    Picture("dashboard_course.png", "course", 960, 1500, "#totals"),
    Picture("dashboard_student.png", "student", 1100, 900),
    Picture("feedback.png", "feedback", 1000, 1200),
    Picture("similar.png", "similar", 1100, 1000),
    Picture("importing.png", "import", 1100, 1600),
    Picture("portal_student.png", "portal: an upload", 1100, 760),
    Picture("portal_assistant.png", "portal: an attempt", 1300, 860),
    Picture("portal_instructor.png", "portal: publishing", 1100, 760),
)
NOTEBOOKS = tuple(f"assignments/{name}_figures.png" for name in ASSIGNMENTS)
EVERY = (*(picture.file for picture in PICTURES), *NOTEBOOKS)
