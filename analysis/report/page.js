"use strict";
// Sort by a column: numbers by their value, the rest by their text; again: the other way.
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, row = head.parentElement, body = row.closest("table").tBodies[0];
    const place = [...row.children].indexOf(head), up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of row.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (tr) => tr.children[place].dataset.sort;
    const number = (text) => (text === "" || isNaN(text) ? null : Number(text));
    const compare = (a, b) => {
      const x = number(key(a)), y = number(key(b));
      if (x !== null && y !== null) return x - y;
      if (x === null && y === null) return key(a).localeCompare(key(b));
      return x === null ? 1 : -1;
    };
    const sorted = [...body.rows].sort((a, b) => (up ? compare(a, b) : compare(b, a)));
    body.append(...sorted);
  });
}
// Copy a table as comma-separated values, with all digits.
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const text = button.dataset.csv;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => (button.textContent = "copy as CSV"), 1500);
  });
}
// Figures enlarge in a dialog, which Escape or a click closes.
const dialog = document.querySelector("dialog");
for (const button of document.querySelectorAll("figure button")) {
  button.addEventListener("click", () => {
    const image = button.querySelector("img");
    dialog.querySelector("img").src = image.src;
    dialog.querySelector("img").alt = image.alt;
    dialog.showModal();
  });
}
dialog.addEventListener("click", () => dialog.close());
document.documentElement.dataset.ready = "yes";
