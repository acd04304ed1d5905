"""What a student's page adds to the shared style sheet. Colour only repeats what a word, a number or a mark says."""

STYLE = """
body { max-width: 56rem; } h2 { margin: 2.25rem 0 .6rem; } h3 { margin: 0 0 .15rem; }
.kicker { margin: 0 0 .2rem; } .who { margin: .15rem 0 0; }
.score { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem 1rem; margin: .9rem 0 0; font-size: 1.15rem; }
.score b { font-size: 2.1rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.score svg.bar { width: 10rem; max-width: 100%; height: .8rem; }
.box, .first > li, section.question { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .8rem 1rem; }
.box { border-left: .3rem solid var(--accent); } .box.warn { border-left-color: var(--warn); }
.box.bad { border-left-color: var(--bad); } .box.good { border-left-color: var(--good); }
.box p { margin: .2rem 0 .5rem; } .box p:last-child { margin-bottom: .1rem; }
.first { padding: 0; margin: 0; list-style: none; counter-reset: thing; display: grid; gap: .75rem; }
.first > li { border-left: .3rem solid var(--warn); counter-increment: thing; }
.first .title span:first-child::before { content: counter(thing) ". "; }
.title { display: grid; grid-template-columns: minmax(0, 1fr) fit-content(50%); gap: 0 .9rem;
  align-items: baseline; font-weight: 600; margin: 0; max-width: none; overflow-wrap: anywhere; }
.title .cost { font-variant-numeric: tabular-nums; text-align: right; font-weight: 400; }
.first p { margin: .25rem 0; } .first p:last-child { margin-bottom: 0; }
.marks th[scope=row] { white-space: normal; position: static; font-weight: 400; min-width: 9rem; }
.first.one .title span:first-child::before { content: none; }
.marks td, .marks thead th { white-space: normal; } .marks td.n { white-space: nowrap; }
.marks td:last-child { min-width: 11rem; }
.marks svg.bar { display: block; width: 5rem; }
.marks tr.this th, .marks tr.this td { font-weight: 600; }
section.question { margin: 0 0 1rem; } .questions > p { margin-bottom: .8rem; }
section.question .title { font-size: 1.05rem; }
section.question > details { margin: .6rem 0 0; }
.checks > li.good { border-left-color: var(--good); } .checks > li.remark { border-left-color: var(--accent); }
.checks pre { margin: .3rem 0; }
.inside > pre { margin-top: .6rem; }
dl.receipt { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; font-size: .86rem; }
dl.receipt dt { color: var(--dim); } dl.receipt dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace,
  "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .8rem; line-height: 1.6; }
.notes { padding-left: 1.2rem; margin: .3rem 0; } .notes li { overflow-wrap: anywhere; margin: .2rem 0; }
@media (max-width: 40rem) { h1 { font-size: 1.4rem; }
  dl.receipt { grid-template-columns: 1fr; gap: 0; } dl.receipt dd { margin-bottom: .35rem; }
  .marks th, .marks td { padding: .3rem .4rem; } .marks svg.bar { width: 3rem; margin-left: auto; }
  .marks th[scope=row] { min-width: 5rem; } .marks td:last-child { min-width: 5.5rem; } }
@media print { @page { size: a4 portrait; margin: 15mm; } body { max-width: none; }
  pre { white-space: pre-wrap; overflow: visible; }
  section.question { break-inside: auto; border-width: 0 0 1px; border-radius: 0; padding: .5rem 0; }
  section.question details:not([open])::details-content { content-visibility: hidden; block-size: 0; }
  .box, .first > li { break-inside: avoid; } h3, .title { break-after: avoid; } }
"""
