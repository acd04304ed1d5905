"""What the dashboard adds to the style sheet of pages: figures, the heat map, folded lists, two columns."""

STYLE = """
body { max-width: 82rem; }
h2 { scroll-margin-top: 1rem; }
td.said, td.words { min-width: 16rem; } nav.pages a { font-weight: 600; }
td a, th a, li a { padding-block: .3rem; } td.n > a { padding-inline: .6rem; margin-inline: -.6rem; }
pre.answer { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .82rem; }
pre.computation { overflow-x: auto; font-size: .82rem; line-height: 1.45; }
@media print { body { max-width: none; } td.said, td.words { min-width: 0; }
  td.name, th.n, td.n, thead th, tbody th { white-space: normal; }
  .badge { white-space: normal; } }
@media (max-width: 40rem) { td.said, td.words { min-width: 12rem; } }
@media (max-width: 30rem) { pre.computation { white-space: pre-wrap; overflow-wrap: anywhere; } }
:root { --h1: #eef3fa; --h2: #d3e2f4; --h3: #aecaea; --h4: #86afdf; }
@media (prefers-color-scheme: dark) { :root { --h1: #1e2732; --h2: #22374f; --h3: #274a70; --h4: #2d5f94; } }
.lead { max-width: 46rem; } th[id] { scroll-margin-top: 3rem; }
tr:has(> :target) > * { background: var(--warnsoft); }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); gap: 1.25rem 2rem;
  align-items: start; }
.two > * { min-width: 0; }
figure { margin: 0; } figcaption { color: var(--dim); font-size: .86rem; max-width: 34rem; }
svg.plot { width: 100%; max-width: 34rem; height: auto; display: block; color: var(--ink); overflow: visible; }
svg.small { width: 5rem; }
.tall { max-height: 75vh; overflow: auto; }
.finder { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .5rem 0; font-size: .9rem; }
.finder input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--dim);
  border-radius: .35rem; padding: .2rem .5rem; min-height: 28px; width: 16rem; max-width: 100%; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;
  text-align: inherit;  min-height: 24px; min-width: 24px; }
th button::after { content: " \\2195"; color: var(--dim); }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }
.tall thead { position: sticky; top: 0; z-index: 2; } .tall.short { max-height: 24rem; }
table.heat td.n { min-width: 3.1rem; } table.heat th.n { min-width: 3.1rem; }
td.h1 { background: var(--h1); } td.h2 { background: var(--h2); } td.h3 { background: var(--h3); }
td.h4 { background: var(--h4); } tbody tr:hover td.h1, tbody tr:hover td.h2, tbody tr:hover td.h3,
tbody tr:hover td.h4 { box-shadow: inset 0 0 0 9rem rgb(128 128 128 / .12); }
.key { display: inline-block; padding: 0 .5rem; border: 1px solid var(--line); border-radius: .25rem;
  color: var(--ink); }
.key.h1 { background: var(--h1); } .key.h2 { background: var(--h2); } .key.h3 { background: var(--h3); }
.key.h4 { background: var(--h4); }
td .fold { margin: 0; border: 0; background: none; } td .fold > summary { padding: 0 0 0 1.2rem; }
td .fold > summary::before { left: 0; }
td.title { min-width: 9rem; } .wraps thead th, .wraps tbody th { white-space: normal; }
table.alike tbody th { font-weight: 400; min-width: 11rem; }
td.once { max-width: 22rem; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
table.heat td, table.heat th { padding-top: .12rem; padding-bottom: .12rem; }
td.students { min-width: 9rem; }
.clusters { list-style: none; margin: .75rem 0; padding: 0; display: grid; gap: .75rem; }
.clusters > li { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--warn);
  border-radius: .5rem; padding: .6rem .9rem; }
@media (max-width: 30rem) { .tall.short td.n { white-space: normal; } }
@media print { .two { display: block; } .fold .many { display: none; } td.title, td.students { min-width: 0; }
  td.once { white-space: normal; max-width: none; }
  table.heat td.n, table.heat th.n { min-width: 0; } .marks { font-size: .7rem; }
  .tall thead { position: static; } .finder { display: none; } th button { display: contents; }
  th button::after { content: none; } .marks .small, .marks .badge { font-size: inherit; }
  .tall, .tall.short { max-height: none; overflow: visible; } svg.plot { max-width: 12cm; } }
"""
