"""The script of the dashboard's pages: type to find rows, click to sort them. Without it everything can be read."""

from __future__ import annotations

from grader.languages.translating import ENGLISH, spoken, tr, trc

SCRIPT = """
"use strict";
const make = (tag, set, ...inside) => {
  const made = Object.assign(document.createElement(tag), set);
  made.append(...inside);
  return made;
};
const columns = (head) => {  // [its th, its place] of every column that can be sorted
  const taken = [], found = [];
  [...head.rows].forEach((line, y) => {
    let x = 0;
    for (const cell of line.cells) {
      while (taken[y]?.[x]) x++;
      for (let down = 0; down < cell.rowSpan; down++)
        for (let right = 0; right < cell.colSpan; right++) (taken[y + down] ??= [])[x + right] = true;
      if (cell.scope === "col" && cell.colSpan === 1 && !line.classList.contains("worth")) found.push([cell, x]);
      x += cell.colSpan;
    }
  });
  return found;
};
const order = (one, other) => {  // numbers before words, and nothing last
  const [a, b] = [one, other].map((text) => text.match(/[-\u2212]?\\d+(\\.\\d+)?/)?.[0].replace("\u2212", "-"));
  const words = one.localeCompare(other, "en", {numeric: true});
  return (one === "") - (other === "") || (a === undefined) - (b === undefined) || (a - b || words);
};
for (const box of document.querySelectorAll(".find")) {
  const table = box.querySelector("table"), body = table.tBodies[0], rows = [...body.rows];
  const field = make("input", {type: "search"}), told = make("output", {}), heads = columns(table.tHead);
  const find = () => {
    const words = field.value.toLowerCase().split(/\\s+/);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    told.textContent = field.value && `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  };
  box.before(make("label", {className: "finder"}, `Find in: ${box.ariaLabel}`, field, told));
  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { field.value = ""; find(); }
    if (event.key === "/" && field.value === "") event.preventDefault();  // asks for the field that it is in
    if (event.key === "Enter") rows.find((row) => !row.hidden)?.querySelector("a")?.click();
  });
  for (const [head, place] of heads) {
    const button = make("button", {type: "button"}, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.ariaSort === "ascending" ? -1 : 1;
      for (const [each] of heads) each.ariaSort = null;
      head.ariaSort = down > 0 ? "ascending" : "descending";
      const text = (row) => row.cells[place].textContent.trim();
      body.append(...rows.sort((one, other) => down * order(text(one), text(other))));
    });
  }
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  (document.querySelector("#marks ~ .finder input") ?? document.querySelector(".finder input"))?.focus();
});
"""
_FIND, _FOUND = "`Find in: ${box.ariaLabel}`", "`${rows.filter((row) => !row.hidden).length} of ${rows.length}`"
_NUMBER, _SIGN = r"(\.\d+)?/)?.[0]", '.replace("\u2212", "-")'


def script() -> str:
    """The script in the language that is spoken: its words, and where a number has its decimal mark."""
    if spoken().code == ENGLISH:
        return SCRIPT
    found = tr("Find in: {table}"), tr("{n} of {rows}")
    find, told = (text.translate({ord(mark): f"\\{mark}" for mark in "\\`$"}) for text in found)
    find = find.replace("{table}", "${box.ariaLabel}")
    told = told.replace("{n}", "${rows.filter((row) => !row.hidden).length}").replace("{rows}", "${rows.length}")
    decimal = trc("decimal mark", ".")
    said = SCRIPT.replace(_FIND, f"`{find}`").replace(_FOUND, f"`{told}`")
    return said.replace(_NUMBER, rf"([.\{decimal}]\d+)?/)?.[0]").replace(_SIGN, f'{_SIGN}.replace("{decimal}", ".")')
