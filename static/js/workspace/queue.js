/*
 * Queue: kept up to date without moving under anybody's hand. Changes of words apply at once; a changed order waits
 * behind a bar while the pointer is over the list or a row has the focus.
 */

import { fetchFragment, throttled } from "./exchange.js";
import { merge } from "./merge.js";
import { showPresence } from "./presence.js";

let waiting = null;
let generation = 0;
let lastLook = -Infinity;

function pane() {
  return document.getElementById("queue");
}

function rowsOf(root) {
  return root.querySelector("#rows");
}

function keysOf(rows) {
  return [...rows.querySelectorAll(".queue-row")].map((row) => row.dataset.id);
}

/** The conversation that is open, "" for none. */
export function openConversation() {
  return document.getElementById("conversation")?.dataset.conversation ?? "";
}

function addressOf(limit) {
  const rows = rowsOf(pane());
  const query = new URLSearchParams({ view: rows.dataset.view });
  if (rows.dataset.query) {
    query.set("q", rows.dataset.query);
  }
  if (limit > 50) {
    query.set("limit", String(limit));
  }
  return `${document.getElementById("content").dataset.queue}?${query}`;
}

async function look() {
  // A timer may still fire on a page that is being left and has lost its panes.
  if (!pane() || (document.hidden && performance.now() - lastLook < 10_000)) {
    return;
  }
  lastLook = performance.now();
  const mine = ++generation;
  const before = rowsOf(pane());
  let body;
  try {
    body = await fetchFragment(addressOf(keysOf(before).length), { byItself: true });
  } catch {
    return;
  }
  const fresh = body?.querySelector("#queue");
  if (!fresh || !pane() || mine !== generation) {
    return;
  }
  if (rowsOf(fresh).dataset.view !== rowsOf(pane()).dataset.view) {
    return;
  }
  merge(document.getElementById("views"), fresh.querySelector("#views"));
  showTitle();
  offer(rowsOf(fresh));
}

/** Looks again: at once for one bell, and once for many. A hidden page looks now and then, for its title. */
export const refreshQueue = throttled(look, 1500);

function offer(fresh) {
  const rows = rowsOf(pane());
  const [old, now] = [keysOf(rows), keysOf(fresh)];
  const isSame = old.length === now.length && old.every((key, place) => key === now[place]);
  if (isSame || !isBusy(rows) || !old.length) {
    apply(fresh);
    return;
  }
  waiting = fresh;
  const moved = differences(old, now);
  const bar = document.getElementById("update-bar");
  bar.textContent = moved === 1 ? "1 update" : `${moved} updates`;
  bar.hidden = false;
}

/** How many rows came, went, or changed places. */
function differences(old, now) {
  const came = now.filter((key) => !old.includes(key)).length;
  const gone = old.filter((key) => !now.includes(key)).length;
  const stayedBefore = old.filter((key) => now.includes(key));
  const stayedNow = now.filter((key) => old.includes(key));
  const swapped = stayedNow.filter((key, place) => stayedBefore[place] !== key).length;
  return came + gone + Math.ceil(swapped / 2);
}

function isBusy(rows) {
  return rows.matches(":hover") || rows.contains(document.activeElement);
}

function apply(fresh) {
  waiting = null;
  document.getElementById("update-bar").hidden = true;
  const focused = document.activeElement?.closest?.(".queue-row")?.id;
  merge(rowsOf(pane()), fresh);
  htmx.process(rowsOf(pane()));
  if (focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
  markOpen();
  showPresence();
}

/** Marks the row of the open conversation. */
export function markOpen() {
  const id = openConversation();
  for (const row of document.querySelectorAll(".queue-row")) {
    if (row.dataset.id === id) {
      row.setAttribute("aria-current", "true");
    } else {
      row.removeAttribute("aria-current");
    }
  }
}

/** Says in the tab's title who is open and how many wait. */
export function showTitle() {
  const name = document.getElementById("conversation")?.dataset.title;
  const count = document.querySelector("#view-unclaimed .view-count")?.textContent.trim();
  document.title = `${count ? `(${count}) ` : ""}${name ? `${name} · ` : ""}Workspace`;
}

/** Shows another view or search: fetched, put in place, and written into the address. */
export async function showView(address, { replace = false } = {}) {
  const given = new URL(address, location.href).searchParams;
  const rows = rowsOf(pane());
  rows.dataset.view = given.get("view") ?? "unclaimed";
  rows.dataset.query = given.get("q") ?? "";
  const query = new URLSearchParams({ view: rows.dataset.view });
  if (rows.dataset.query) {
    query.set("q", rows.dataset.query);
  }
  history[replace ? "replaceState" : "pushState"]({ htmx: true }, "", `${location.pathname}?${query}`);
  const mine = ++generation;
  rows.setAttribute("aria-busy", "true");
  let body = null;
  try {
    body = await fetchFragment(addressOf(0));
  } finally {
    rows.removeAttribute("aria-busy");
  }
  const fresh = body?.querySelector("#queue");
  if (!fresh || mine !== generation) {
    return;
  }
  merge(document.getElementById("views"), fresh.querySelector("#views"));
  pane().querySelector(".queue-search [name=view]").value = rows.dataset.view;
  apply(rowsOf(fresh));
}

/** Listens to the bar, the views and the search. */
export function startQueue() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("#update-bar") && waiting) {
      apply(waiting);
      return;
    }
    const link = event.target.closest("[data-view-link]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      showView(link.href);
    }
  });
  pane().addEventListener("pointerleave", applyIfIdle);
  pane().addEventListener("focusout", () => setTimeout(applyIfIdle));
  const search = pane().querySelector(".queue-search");
  let timer = 0;
  const run = (replace) => {
    clearTimeout(timer);
    showView(`?${new URLSearchParams(new FormData(search))}`, { replace });
  };
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    run(true);
  });
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => run(true), 300);
  });
}

function applyIfIdle() {
  if (waiting && !isBusy(rowsOf(pane()))) {
    apply(waiting);
  }
}
