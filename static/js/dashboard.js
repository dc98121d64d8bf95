/*
 * Dashboard: keeps the figures fresh. The socket says that something changed, the page fetches its live part again and
 * writes into the elements that are there already, so that focus, selection, hover and scroll stay where they are.
 * Without the socket it asks every 4 seconds; with it every 15, so that the minutes move on.
 */

import { setConnection } from "./shell.js";

const askEvery = 15_000;
const askAlone = 4_000;
const restAtLeast = 500;
const pingEvery = 25_000;
const answerWithin = 10_000;
const reconnectAtMost = 30_000;
const notForYou = [4401, 4403];

const body = document.body;
// What a page fetches by itself does not keep the person signed in; on a wall nobody could do anything else.
const headers = body.classList.contains("is-wall") ? { Accept: "text/html" } : { Accept: "text/html", "X-Automatic": "1" };
const board = document.getElementById("board");
const timers = { poll: 0, rest: 0, reconnect: 0, ping: 0, deadline: 0 };
let socket = null;
let attempts = 0;
let fetching = false;
let wanted = false;
let reachable = true;

/** Makes `old` look like `fresh`: the same elements, other words and attributes; what has no counterpart is replaced. */
function patch(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) {
      old.nodeValue = fresh.nodeValue;
    }
    return;
  }
  patchAttributes(old, fresh);
  patchChildren(old, fresh);
}

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
}

function patchChildren(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  for (const [place, child] of after.entries()) {
    if (place < before.length) {
      patch(before[place], child);
    } else {
      old.append(child);
    }
  }
  for (const extra of before.slice(after.length)) {
    extra.remove();
  }
}

/** Fetches soon, and once for all who ask until then. Hidden pages wait until they are looked at. */
function refresh() {
  wanted = true;
  if (!fetching && !timers.rest && document.visibilityState === "visible") {
    load();
  }
}

async function load() {
  const begun = performance.now();
  fetching = true;
  wanted = false;
  try {
    const response = await fetch(body.dataset.tiles, { headers, signal: AbortSignal.timeout(answerWithin) });
    if (response.status === 401 || response.status === 403) {
      window.location.reload();
      return;
    }
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    patch(board, fresh.getElementById("board"));
    reachable = true;
  } catch {
    reachable = false;
  } finally {
    fetching = false;
    showState();
    // Where figures are slow to count, they are asked for less often.
    timers.rest = setTimeout(rested, Math.max(restAtLeast, 3 * (performance.now() - begun)));
    clearTimeout(timers.poll);
    timers.poll = setTimeout(refresh, socket?.readyState === WebSocket.OPEN ? askEvery : askAlone);
  }
}

function rested() {
  timers.rest = 0;
  if (wanted) {
    refresh();
  }
}

function showState() {
  const open = socket?.readyState === WebSocket.OPEN;
  const state = reachable ? (open ? "live" : attempts > 1 ? "polling" : "connecting") : "offline";
  setConnection(state, body.dataset[state]);
}

function connect() {
  clearTimeout(timers.reconnect);
  const address = new URL("/ws/dashboard/", window.location.href);
  address.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address);
  const opening = socket;
  timers.deadline = setTimeout(() => opening.close(), answerWithin);
  socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
  socket.addEventListener("close", ({ code }) => lost(code));
  showState();
}

function hear(frame) {
  clearTimeout(timers.deadline);
  if (frame.type === "ready") {
    attempts = 0;
    showState();
    timers.ping = setInterval(ping, pingEvery);
  }
  if (frame.type === "ready" || frame.type === "changed") {
    refresh();
  }
}

function ping() {
  socket.send(JSON.stringify({ type: "ping" }));
  timers.deadline = setTimeout(() => socket.close(), answerWithin);
}

function lost(code) {
  clearInterval(timers.ping);
  clearTimeout(timers.deadline);
  socket = null;
  attempts += 1;
  showState();
  if (notForYou.includes(code)) {
    refresh();
    return;
  }
  const delay = Math.min(reconnectAtMost, 500 * 2 ** attempts);
  timers.reconnect = setTimeout(connect, delay * (0.5 + Math.random() / 2));
}

/** Filters apply when they are chosen, so the button is only for browsers without scripts. */
function listenToFilters() {
  for (const form of document.querySelectorAll("[data-filters]")) {
    form.querySelector("[data-apply]").hidden = true;
    form.addEventListener("change", () => {
      const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
      window.location.assign(`?${new URLSearchParams(chosen)}`);
    });
  }
}

listenToFilters();
if (board) {
  document.addEventListener("visibilitychange", () => wanted && refresh());
  window.addEventListener("online", () => {
    refresh();
    if (!socket) {
      connect();
    }
  });
  timers.poll = setTimeout(refresh, askEvery);
  connect();
}
