/*
 * Keys: single letters, only outside of fields and dialogs. templates/workspace/_keys.html lists them.
 */

import { compose, useSuggestion } from "./composer.js";

function rows() {
  return [...document.querySelectorAll(".queue-row")];
}

function move(step) {
  const all = rows();
  const here = all.findIndex((row) => row === document.activeElement);
  const open = all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const from = here >= 0 ? here : open >= 0 ? open : step > 0 ? -1 : all.length;
  const next = all[Math.min(all.length - 1, Math.max(0, from + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const button = [...document.querySelectorAll(`[data-key="${key}"]`)].find((element) => element.offsetParent !== null);
  button?.click();
}

function toggleTrace() {
  const traces = document.querySelectorAll(".timeline details.trace");
  const last = traces[traces.length - 1];
  if (last) {
    last.open = !last.open;
    last.scrollIntoView({ block: "nearest" });
    last.querySelector("summary").focus();
  }
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  o: () => document.activeElement?.closest?.(".queue-row")?.click(),
  n: () => press("n"),
  c: () => press("c"),
  a: () => press("a"),
  h: () => press("h"),
  e: () => press("e"),
  r: () => compose("reply"),
  m: () => compose("note"),
  p: () => press("p"),
  b: () => press("b"),
  s: () => useSuggestion(),
  t: toggleTrace,
  "?": () => document.getElementById("keys-dialog")?.showModal(),
};

function isField(element) {
  return Boolean(element?.closest?.("input, textarea, select, [contenteditable]"));
}

function onKey(event) {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    back(event.target);
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
    return;
  }
  if (isField(event.target) || document.querySelector("dialog[open]")) {
    return;
  }
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
}

function back(from) {
  if (isField(from)) {
    from.blur();
    document.getElementById("conversation")?.focus();
    return;
  }
  const panes = document.getElementById("content");
  panes.dataset.active = panes.dataset.active === "context" ? "conversation" : "queue";
  const current = document.querySelector('.queue-row[aria-current="true"]') ?? rows()[0];
  current?.focus();
}

/** Starts listening. */
export function startKeys() {
  document.addEventListener("keydown", onKey);
}
