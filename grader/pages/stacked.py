"""Tables whose rows are blocks on a phone: each cell on a line, beside it what its column is called.

The heads of the columns stay for screen readers, which still read a table; what the style sheet writes is for the eye.
Where a click on a head sorts, the heads stand above the first row.
"""

from __future__ import annotations

import html
import re

from grader.pages.style import quoted

NARROW = "@media (max-width: 30rem)"  # 480 px
STACKED = f"""
{NARROW} {{ .stack {{ display: block; }}
  .stack tbody {{ display: block; }}
  .stack tbody tr {{ display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }}
  .stack tbody th, .stack tbody td {{ grid-column: 1 / -1; }} .stack tbody td.n {{ grid-column: auto; }}
  .stack tbody td.sum {{ grid-column: 1 / -1; }}
  .stack thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
  .stack tbody th {{ position: static; background: var(--soft); white-space: normal; }}
  .stack tbody td, .stack tbody td.n {{ display: flow-root; border: 0; padding-left: 8rem; min-width: 0;
    text-align: left; white-space: normal; overflow-wrap: anywhere; }}
  .stack tbody td.n {{ padding-left: 6.25rem; }} .stack tbody td:empty {{ display: none; }}
  .stack td .badge {{ white-space: normal; }} .stack td.n svg.bar {{ width: 3.5rem; }}
  .stack tbody tr[hidden] {{ display: none; }}
  .stack thead:has(button) {{ display: block; position: static; width: auto; height: auto; overflow: visible;
    clip-path: none; background: var(--soft); }}
  .stack thead:has(button) tr {{ display: flex; flex-wrap: wrap; }} .stack thead:has(button) th {{ border: 0; }}
  .stack td::before {{ float: left; width: 7rem; margin-left: -7.5rem; color: var(--dim); font-weight: 400; }}
  .stack td.n::before {{ width: 5.25rem; margin-left: -5.75rem; }} }}
"""


HEAD = re.compile(r'<table class="stack (\w+)[^"]*">(?:<caption>.*?</caption>)?<thead>(.*?)</thead>', re.DOTALL)
COLUMN = re.compile(r"<t[hd].*?>(.*?)</t[hd]>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")


def stacked(body: str) -> str:
    """All rules for the tables of a page that holds its style sheet itself; none where no table is one of these."""
    named = columns(body)
    return STACKED + named if named else ""


def columns(body: str) -> str:
    """What columns of a page's tables are called: of those that have the class `stack` and then a name of their own.

    These rules go with STACKED, which is the same for all pages.
    """
    rules = [
        f".{name} td:nth-child({place})::before {{ {_label(column)} }}"
        for name, head in HEAD.findall(body)
        for place, column in enumerate(COLUMN.findall(head), 1)
        if place > 1
    ]
    return f"{NARROW} {{ {' '.join(rules)} }}\n" if rules else ""


def _label(column: str) -> str:
    """What is written, and that it is not to be read aloud: the head is."""
    return f'content: {quoted(html.unescape(TAG.sub("", column)))} / "";'
