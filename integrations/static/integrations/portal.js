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
  if (event.target.matches(".copy-line input[readonly]")) event.target.select();
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
