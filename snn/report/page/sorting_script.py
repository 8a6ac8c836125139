"""The page's only script: it sorts the overview, and opens what is folded before the page is printed.

`#sort=energy` at the end of the address sorts by a column, `#sort=-energy` the other way; what has no number is last.
"""

import base64
import hashlib

from snn.report.page.overview_table import TABLE

SCRIPT = (
    """
(() => {
  "use strict";
  const table = document.getElementById("%s");
  const said = document.getElementById("sorted");
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  const original = Array.from(body.rows);
  const order = (a, b, index, down) => {
    const one = a.cells[index].dataset.value, other = b.cells[index].dataset.value;
    if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
    const x = Number(one), y = Number(other);
    const numbers = !Number.isNaN(x) && !Number.isNaN(y);
    const step = numbers ? x - y : one < other ? -1 : one > other ? 1 : 0;
    return down ? -step : step;
  };
  const sort = (key, down) => {
    const index = heads.findIndex((head) => head.dataset.key === key);
    if (index < 0) return;
    body.append(...original.slice().sort((a, b) => order(a, b, index, down)));
    const way = down ? "descending" : "ascending";
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === index ? way : "none"));
    table.dataset.sorted = (down ? "-" : "") + key;
    said.textContent = "Sorted by " + heads[index].textContent + ", " + way;
  };
  const follow = () => {
    const found = /^#sort=(-?)([a-z-]+)$/.exec(location.hash);
    if (found) sort(found[2], found[1] === "-");
  };
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sort(head.dataset.key, head.getAttribute("aria-sort") === "ascending"));
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
  follow();
})();
""".lstrip("\n")
    % TABLE
)


def hash_of(text: str) -> str:
    """How a content security policy names a script or style that may stand in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
