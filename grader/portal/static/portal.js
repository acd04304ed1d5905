// Conveniences. Every page works without this file.
"use strict";

// A time on the course's clock, followed by the reader's own where that is another.
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  const offset = time.dateTime.slice(-6) === "+00:00" ? 0 :
    Number(time.dateTime.slice(-6, -3)) * 60 + Math.sign(Number(time.dateTime.slice(-6, -3)) || 1) * Number(time.dateTime.slice(-2));
  if (!isNaN(moment) && offset !== -moment.getTimezoneOffset()) {
    const own = document.createElement("span");
    own.className = "own-zone";
    const words = document.body.dataset.forYou || "{time} for you";
    const locale = document.body.dataset.forYou ? document.documentElement.lang : [];
    const there = moment.toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" });
    own.textContent = " = " + words.replace("{time}", () => there);
    time.after(own);
  }
}

// The live line of a hand-in.
const live = document.getElementById("live");
if (live && live.dataset.stream && "EventSource" in window) {
  const stream = new EventSource(live.dataset.stream);
  stream.onmessage = (event) => {
    const said = JSON.parse(event.data);
    const place = live.querySelector("span");
    if (said.text) place.textContent = said.text;
    live.dataset.state = said.state;
    const checks = document.getElementById("checks");
    if (checks && said.checks) checks.textContent = said.checks;
  };
  window.addEventListener("pagehide", () => stream.close());
}

// The board: what is being graded, and how many wait.
const board = document.getElementById("board");
if (board && "EventSource" in window) {
  const stream = new EventSource(board.dataset.stream);
  stream.onmessage = (event) => {
    const said = JSON.parse(event.data);
    const nothing = board.dataset.nothing || "Nothing is being graded.";
    const running = said.running.length ? said.running : [nothing];
    document.getElementById("running").replaceChildren(...running.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
    document.getElementById("waiting").textContent = said.waiting;
  };
  window.addEventListener("pagehide", () => stream.close());
}

// A notebook may be dropped on the form.
for (const form of document.querySelectorAll("form.drop")) {
  const input = form.querySelector("input[type=file]");
  for (const kind of ["dragenter", "dragover"])
    form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });
}

// The table of students: sorted by a click, searched as one types, walked through by keys.
const table = document.getElementById("students");
if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const text = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const value = (row, at) => {
    const cell = row.cells[at];
    return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent;
  };
  const order = new Intl.Collator();
  let turn = 0;
  const place = (inOrder) => {  // a screen of rows at once, the others right after: laying out all takes a while
    const mine = ++turn;
    body.replaceChildren(...inOrder.slice(0, 60));
    const more = (from) => {
      if (mine !== turn || from >= inOrder.length) return;
      body.append(...inOrder.slice(from, from + 110));
      setTimeout(more, 0, from + 110);
    };
    setTimeout(more, 0, 60);
  };
  let sorted = -1;
  const sort = (at) => {
    const back = sorted === at ? -1 : 1;
    sorted = back === 1 ? at : -1;
    const keyed = rows.map((row) => [value(row, at), row]);
    keyed.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return back * (typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b));
    });
    place(keyed.map(([, row]) => row));
    table.tHead.rows[0].cells[at].setAttribute("aria-sort", back === 1 ? "ascending" : "descending");
    [...table.tHead.rows[0].cells].forEach((cell, other) => other !== at && cell.removeAttribute("aria-sort"));
  };
  [...table.tHead.rows[0].cells].forEach((cell, at) => {
    cell.querySelector("a").addEventListener("click", (event) => { event.preventDefault(); sort(at); });
  });
  const find = document.getElementById("f-find");
  find.addEventListener("input", () => {
    const word = find.value.trim().toLowerCase();
    for (const row of rows) row.hidden = word !== "" && !text.get(row).includes(word);
  });
  const walk = (by) => {
    const shown = [...body.rows].filter((row) => !row.hidden);
    const at = shown.indexOf(document.activeElement.closest ? document.activeElement.closest("tr") : null);
    const next = shown[Math.max(0, Math.min(shown.length - 1, at + by))];
    if (next) next.querySelector("a").focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === find) {
      if (event.key === "ArrowDown") { event.preventDefault(); find.blur(); walk(1); }
      return;
    }
    if (event.key === "/") { event.preventDefault(); find.focus(); }
    if (event.key === "j" || event.key === "ArrowDown") { event.preventDefault(); walk(1); }
    if (event.key === "k" || event.key === "ArrowUp") { event.preventDefault(); walk(-1); }
  });
}

// Marking: 1 to 9 apply an item of the rubric, and what is ticked is kept at once; s saves and goes on.
const marking = document.getElementById("marking");
if (marking) {
  const take = (told, sent) => {
    for (const part of ["mark-now", "mark-undo", "mark-history"])
      document.getElementById(part).replaceChildren(...document.importNode(told.getElementById(part), true).childNodes);
    const from = told.getElementById("marking").elements;
    marking.elements.seen.value = from.seen.value;
    for (const name of ["besides", "comment", "bank"])  // what was typed meanwhile stays
      if (marking.elements[name] && marking.elements[name].value === sent.get(name))
        marking.elements[name].value = from[name] ? from[name].value : "";
  };
  const keep = async () => {
    const sent = new URLSearchParams(new FormData(marking));
    const answer = await fetch(marking.action, { method: "POST", body: sent });
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok && told.getElementById("marking")) {
      take(told, sent);
    } else {
      const why = told.querySelector("main .box p");
      const said = why ? why.textContent : "sign in again, and open the page again.";
      document.getElementById("mark-now").textContent = "Not kept: " + said;
    }
  };
  let last = Promise.resolve();
  const keepInTurn = () => {
    last = last.then(keep).catch(() => {
      document.getElementById("mark-now").textContent = "Not kept: the portal cannot be reached.";
    });
  };
  marking.addEventListener("change", (event) => { if (event.target.name.startsWith("item-")) keepInTurn(); });
  document.addEventListener("keydown", (event) => {
    const typing = /^(TEXTAREA|SELECT)$/.test(event.target.tagName) ||
      (event.target.tagName === "INPUT" && event.target.type !== "checkbox");
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const item = /^[1-9]$/.test(event.key) && marking.querySelector(`[data-rubric-key="${event.key}"]`);
    if (item) { item.checked = !item.checked; keepInTurn(); }
    if (event.key === "s") last.then(() => marking.querySelector("button[value=next]").click());
  });
}

// One attempt after the other: n and p.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  const link = /^[a-z]$/.test(event.key) && document.querySelector(`a[data-key="${event.key}"]`);
  if (link) link.click();
});
