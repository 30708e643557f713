/* Small conveniences; every page works without them. */
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-copy-text]");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    label.textContent = "Copied";
  } catch {
    // Without https the browser gives no clipboard: the text is selected instead.
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { label.textContent = "Copy"; }, 2500);
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches(".copy-line [readonly]")) event.target.select();
});

/* A one-line field silently drops the line breaks of what is pasted, and the key is wrong. Say so instead. */
document.addEventListener("paste", (event) => {
  const field = event.target.closest("[data-one-line]");
  const text = field && event.clipboardData.getData("text").trim();
  if (!text || !/[\r\n]/.test(text)) return;
  event.preventDefault();
  field.setCustomValidity("What you pasted has a line break in it: something of the next line came along.");
  field.reportValidity();
  field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
});

/* The key / leads to the search box, from anywhere that is no field of its own. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.querySelector("[data-search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

/* While an App name is typed: the same two hints that the portal gives once it is saved (rules/lint.py, _name). */
const names = document.querySelector("[data-name-hints]");
if (names) {
  const field = names.querySelector("input");
  const telling = names.dataset.telling.split(" ").filter(Boolean);
  const others = [...names.querySelectorAll(".name-others li")].map((item) => item.textContent.toLowerCase());
  const hint = (name, shown) => { names.querySelector(`[data-hint="${name}"]`).hidden = !shown; };
  const look = () => {
    const name = field.value.trim().replace(/\s+/g, " ").toLowerCase();
    const words = name.match(/[\p{L}\p{N}]+(?:\.[\p{L}\p{N}]+)*/gu) || [];
    hint("not-ours", name && telling.length && !words.some((word) => telling.includes(word)));
    hint("twice", others.includes(name));
  };
  field.addEventListener("input", look);
}

/* Scopes: typing narrows the lines (the button does the same by a page of its own), the summary of a group follows
   what is chosen, and a scope that is chosen gets the line for its reason. */
const scopeFilter = document.querySelector("[data-scope-filter]");
if (scopeFilter) {
  const field = scopeFilter.querySelector("input[type=search]");
  const groups = [...document.querySelectorAll("[data-scope-group]")];
  const narrow = () => {
    const words = field.value.toLowerCase().replace(/\./g, " ").split(/\s+/).filter(Boolean);
    for (const group of groups) {
      const lines = [...group.querySelectorAll("[data-scope]")];
      for (const line of lines) line.hidden = !words.every((word) => line.dataset.scope.includes(word));
      group.hidden = lines.every((line) => line.hidden);
    }
    document.querySelector("[data-scope-none]").hidden = groups.some((group) => !group.hidden);
  };
  const follow = (group) => {
    const chosen = [...group.querySelectorAll("input[type=radio]:checked")].map((input) => input.value);
    const count = (level) => chosen.filter((each) => each === level).length;
    const said = ["manage", "read"].filter(count).map((level) => `${level[0].toUpperCase()}${level.slice(1)} ${count(level)}`);
    const summary = `${count("manage") + count("read")} of ${chosen.length}${said.length ? `: ${said.join(", ")}` : ""}`;
    group.querySelector("[data-scope-summary]").textContent = summary;
  };
  field.addEventListener("input", narrow);
  document.addEventListener("change", (event) => {
    const group = event.target.matches("input[type=radio]") && event.target.closest("[data-scope-group]");
    if (!group) return;
    follow(group);
    const reason = document.querySelector(`[data-scope-reason="${event.target.name.replace("level-", "")}"]`);
    reason.hidden = event.target.value === "none" && !reason.querySelector("input").value;
  });
}

/* While a purpose is typed: its length as Exact's form counts it, in UTF-16 code units (exact/review.py, length). */
for (const counter of document.querySelectorAll("[data-counts]")) {
  const field = document.getElementById(counter.dataset.counts);
  const count = counter.querySelector("[data-count]");
  field.addEventListener("input", () => {
    count.textContent = field.value.length;
    counter.classList.toggle("counter-over", field.value.length > Number(counter.dataset.longest));
  });
}
