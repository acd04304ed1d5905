"""The style sheet of the report page: light, dark, phone and paper. Colour only repeats what a word or number says."""

from grader.languages.translating import ENGLISH, spoken, tr


def words() -> str:
    """The words that the style sheet itself writes, in the language that is spoken; "" in English, which it has."""
    if spoken().code == ENGLISH:
        return ""
    hint, here = (quoted(text) for text in (tr("Hint: "), f"  \u25c0  {tr('here')}"))
    return f".hint::before {{ content: {hint}; }} .l mark::after {{ content: {here}; }}\n"


def quoted(text: str) -> str:
    """Text as a style sheet quotes it."""
    escaped = "".join(letter if letter.isalnum() or letter == " " else f"\\{ord(letter):x} " for letter in text)
    return f'"{escaped}"'


STYLE = """
:root { color-scheme: light dark; --page: #fbfbf9; --card: #fff; --ink: #1d2127; --dim: #5b6470; --line: #dcdfe4;
  --soft: #f0f1f3; --shade: #0004; --accent: #2f5d9b; --good: #1a6b34; --goodsoft: #e3f3e7; --bad: #a3261b;
  --badsoft: #fbe6e3; --warn: #7a5200; --warnsoft: #fbf0d5; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1b1f24; --ink: #e4e7eb; --dim: #9aa4b0;
  --line: #333a43; --shade: #000b; --soft: #242a31; --accent: #7fb0f0; --good: #7ad492; --goodsoft: #1b3323;
  --bad: #ff9d90; --badsoft: #40201d; --warn: #e9c46a; --warnsoft: #3a2f14; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 96rem; padding: 1.5rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; } h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; } h4 { font-size: 1rem; margin: 1.1rem 0 .25rem; }
p { margin: .4rem 0; max-width: 70rem; }
a { color: var(--accent); } .dim { color: var(--dim); } .small { font-size: .86rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0;
  padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .6rem .9rem; }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem;
  /* a shade at each edge behind which there is more: covers that move with the table lie over shades that do not */
  background: linear-gradient(to right, var(--card) 35%, transparent) left / 3rem 100% no-repeat local,
    linear-gradient(to left, var(--card) 35%, transparent) right / 3rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 1.1rem 100% no-repeat,
    linear-gradient(to left, var(--shade), transparent) right / 1.1rem 100% no-repeat, var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; padding: .6rem .75rem; color: var(--dim); }
th, td { padding: .3rem .55rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th, thead td { border-top: 0; border-bottom: 1px solid var(--line); background: var(--soft); font-weight: 600;
  white-space: nowrap; vertical-align: bottom; }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.group { border-left: 1px solid var(--line); text-align: left; }
td.first, th.first { border-left: 1px solid var(--line); }
tbody th { font-weight: 600; white-space: nowrap; position: sticky; left: 0; background: var(--card); }
@media (hover: hover) { tbody tr:hover td, tbody tr:hover th { background: var(--soft); } }
td.sum { font-weight: 600; } td.words { min-width: 11rem; } td.source { min-width: 16rem; }
td.late { min-width: 7.5rem; }
td.name { white-space: nowrap; } tr.worth td, tr.worth th { color: var(--dim); }
.dropped { color: var(--dim); } .unbroken { white-space: nowrap; }
td.none { background: var(--badsoft); } td.part { background: var(--warnsoft); }
.badge { display: inline-block; border: 1px solid var(--line); border-radius: .35rem; padding: 0 .4rem;
  font-size: .82rem; line-height: 1.45; white-space: nowrap; background: var(--soft); color: var(--ink); }
.badge.good { background: var(--goodsoft); color: var(--good); border-color: currentColor; }
.badge.bad { background: var(--badsoft); color: var(--bad); border-color: currentColor; }
.badge.warn { background: var(--warnsoft); color: var(--warn); border-color: currentColor; }
.first-look { list-style: none; padding: 0; margin: 0; display: grid; gap: .5rem;
  grid-template-columns: minmax(0, 1fr); overflow-wrap: anywhere; }
.first-look li { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--warn);
  border-radius: .4rem; padding: .45rem .8rem; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin: .5rem 0; }
summary { cursor: pointer; position: relative; padding: .5rem .9rem .5rem 2.2rem; display: flex; flex-wrap: wrap;
  gap: .15rem .9rem; align-items: baseline; }
summary::before { content: "\\25B8"; color: var(--dim); position: absolute; left: .9rem; }
details[open] > summary::before { content: "\\25BE"; }
summary::-webkit-details-marker { display: none; }
summary .end { margin-left: auto; font-variant-numeric: tabular-nums; }
details > .inside { padding: 0 .9rem .9rem; border-top: 1px solid var(--line); }
nav a, summary { min-height: 24px; } nav a { display: inline-flex; align-items: center; }
details:target { outline: 2px solid var(--accent); }
ul.checks { list-style: none; padding: 0; margin: .35rem 0 .6rem; }
ul.checks > li { border-left: .2rem solid var(--bad); padding: .1rem 0 .1rem .7rem; margin: .5rem 0; }
.said, .checks p { margin: .1rem 0; overflow-wrap: anywhere; } .hint { margin: .1rem 0; color: var(--dim); }
.hint::before { content: "Hint: "; font-weight: 600; }
h4 svg.bar { margin: 0 .4rem; }
pre { margin: 0; padding: .6rem .75rem; overflow-x: auto; font: .82rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo,
  Consolas, monospace; background: var(--soft); border-radius: .4rem; tab-size: 4; }
.l::before, .g::before { content: attr(data-n); display: inline-block; width: 3.5ch; margin-right: 1.5ch;
  text-align: right; color: var(--dim); user-select: none; }
.g { color: var(--dim); }
.l mark { background: var(--warnsoft); color: inherit; border-bottom: 2px solid var(--warn); }
.l mark::after { content: "  \\25C0  here"; color: var(--warn); }
svg.bar { width: 6rem; height: .5rem; vertical-align: middle; border-radius: 2px; background: var(--line);
  fill: var(--accent); print-color-adjust: exact; }
@media (max-width: 40rem) { body { padding: 1rem .75rem 3rem; } th, td { padding: .3rem .5rem; }
  tbody th, td.name { white-space: normal; } summary .end { margin-left: 0; } }
@media print { :root { --page: #fff; --card: #fff; --ink: #000; --dim: #444; --line: #bbb; --soft: #f4f4f4; }
  html { font-size: 10px; } body { max-width: none; padding: 0; font-size: 1rem; }
  nav { display: none; } h2, h3, h4, summary, .lead { break-after: avoid; }
  .lead { break-inside: avoid; }
  .wide { overflow: visible; border: 0; background: none; } table { font-size: .85rem; }
  th, td { padding: .12rem .3rem; white-space: normal; } tr, li, summary { break-inside: avoid; }
  tbody th { position: static; }
  details { border: 0; border-top: 1px solid var(--line); border-radius: 0; }
  a { color: inherit; text-decoration: none; }
  details::details-content { content-visibility: visible; block-size: auto; } summary { padding-left: .9rem; }
  summary::before { content: none; } }
@page { size: landscape; margin: 12mm; }
"""
