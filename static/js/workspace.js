/*
 * Workspace: puts the parts together. htmx carries what people do; bells of the socket say what to fetch again; both
 * come in through one merge, so nothing jumps and nothing typed is lost.
 */

import { toast } from "./shell.js";
import { doing, hasText, keepDraftsNow, rememberComposer, restoreComposer, startComposer, watchDoing } from "./workspace/composer.js";
import { csrfHeader, fetchFragment, throttled } from "./workspace/exchange.js";
import { startKeys } from "./workspace/keys.js";
import { startKnowledge } from "./workspace/knowledge.js";
import { startLive } from "./workspace/live.js";
import { holdShown, mergeById } from "./workspace/merge.js";
import { hear, hearCustomer, showPresence } from "./workspace/presence.js";
import { markOpen, openConversation, refreshQueue, showTitle, startQueue } from "./workspace/queue.js";
import { startViewer } from "./workspace/viewer.js";

const panes = document.getElementById("content");
let live = null;
let isStuck = true;
let knownHeight = 0;

// What the last bells said of each conversation: one that is just being opened may come as it was before its bell.
const heard = new Map();
const heardAtMost = 200;

function scroller() {
  return document.querySelector("[data-timeline-scroll]");
}

function isAtEnd(element) {
  return !element || element.scrollHeight - element.scrollTop - element.clientHeight < 60;
}

function lastSeq() {
  const entries = document.querySelectorAll(".timeline [data-seq]");
  return Number(entries[entries.length - 1]?.dataset.seq ?? 0);
}

/** Takes a fragment in: panes by their ids, then everything that hangs on them. */
function takeIn(fragment) {
  const before = { id: openConversation(), seq: lastSeq(), end: isAtEnd(scroller()) };
  if (fragment.querySelector("#conversation")?.dataset.conversation !== before.id) {
    keepDraftsNow();
  }
  rememberComposer();
  mergeById(fragment);
  htmx.process(panes);
  restoreComposer();
  const isAnother = openConversation() !== before.id;
  if (isAnother) {
    arrive();
  } else {
    follow(before);
  }
  markOpen();
  showTitle();
  showPresence();
  catchUp();
}

/** Looks once more where the open conversation came as it was before a bell that nothing was open for. */
function catchUp() {
  const id = openConversation();
  const isBehind = heard.get(id) > Number(document.getElementById("conversation")?.dataset.version);
  heard.delete(id);
  if (isBehind) {
    refreshConversation();
  }
}

function arrive() {
  if (openConversation()) {
    panes.dataset.active = "conversation";
  }
  toEnd();
  live?.say();
}

function toEnd() {
  const element = scroller();
  if (element) {
    element.scrollTop = element.scrollHeight;
    isStuck = true;
    hidePill();
  }
}

function follow(before) {
  const added = [...document.querySelectorAll(".timeline [data-seq]")].filter((entry) => Number(entry.dataset.seq) > before.seq);
  if (before.end) {
    toEnd();
  } else if (added.length) {
    const pill = document.querySelector(".new-pill");
    pill.querySelector("span").textContent = added.length === 1 ? "1 new message" : `${added.length} new messages`;
    pill.hidden = false;
  }
}

/** Whether the person is at the end. What has grown meanwhile, a picture that came in, does not take them away from it. */
function noticeScroll(element) {
  if (element.scrollHeight === knownHeight || isAtEnd(element)) {
    isStuck = isAtEnd(element);
  }
  knownHeight = element.scrollHeight;
  if (isStuck) {
    hidePill();
  }
}

/** Brings an opened trace into sight, from its beginning if it is longer than the pane. */
function showTrace(body) {
  const trace = body.closest(".trace");
  const fits = trace.offsetHeight < (scroller()?.clientHeight ?? 0);
  trace.scrollIntoView({ block: fits ? "nearest" : "start" });
}

function hidePill() {
  const pill = document.querySelector(".new-pill");
  if (pill) {
    pill.hidden = true;
  }
}

htmx.defineExtension("merge", {
  isInlineSwap: (style) => style === "merge",
  handleSwap(style, target, fragment) {
    if (style !== "merge") {
      return false;
    }
    const isLate = isOutdated(fragment);
    takeIn(fragment);
    if (isLate) {
      refreshConversation();
    }
    return true;
  },
});

/**
 * What asked may have been renewed since, and is no part of the page any more: then htmx would not find how the panes
 * above it want their answers, and would put this one in place of all of them.
 */
function onBeforeSwap(event) {
  const { requestConfig, target, xhr } = event.detail;
  if (xhr.status === 200 && requestConfig.elt.matches("[data-shows-in-full]")) {
    holdShown(target);
  }
  if (target === panes && !requestConfig.elt.isConnected) {
    requestConfig.elt.setAttribute("hx-ext", "merge");
    event.detail.swapOverride = "merge";
  }
}

/** Whether a fragment shows the open conversation as it was before what the page shows: answers may overtake each other. */
function isOutdated(fragment) {
  const [shown, fresh] = [document.getElementById("conversation"), fragment.querySelector("#conversation")];
  return shown?.dataset.conversation === fresh?.dataset.conversation && Number(fresh?.dataset.version) < Number(shown?.dataset.version);
}

async function lookAtConversation() {
  const id = openConversation();
  const url = document.getElementById("conversation")?.dataset.url;
  if (!id || !url) {
    return;
  }
  try {
    const fragment = await fetchFragment(url, { byItself: true });
    if (fragment && openConversation() === id && !isOutdated(fragment)) {
      takeIn(fragment);
    }
  } catch {
    // The next bell or look tries again; the pill says that the line is down.
  }
}

const refreshConversation = throttled(lookAtConversation, 250);

function onChanged(list) {
  refreshQueue();
  for (const { id, version } of list ?? []) {
    heard.delete(id);
    heard.set(id, version);
  }
  for (const id of [...heard.keys()].slice(0, -heardAtMost)) {
    heard.delete(id);
  }
  const pane = document.getElementById("conversation");
  const open = list?.find((each) => each.id === pane?.dataset.conversation);
  if (list === null || (open && open.version > Number(pane.dataset.version))) {
    refreshConversation();
  }
}

function onDone(event) {
  const { text, undo } = event.detail;
  toast(text, undo ? { action: "Undo", seconds: 10, onAction: () => htmx.ajax("POST", undo, { source: panes, target: panes, swap: "merge" }) } : {});
}

let isSignedOut = false;

/** Goes to the sign-in, unless words that were not sent would be lost: then it is said, and opens beside the page. */
function onSignedOut(event) {
  const { url } = event.detail;
  if (!hasText()) {
    location.assign(url);
  } else if (!isSignedOut) {
    isSignedOut = true;
    const again = () => {
      isSignedOut = false;
      window.open(url, "_blank", "noopener");
    };
    toast("You are signed out. Sign in again in another tab; your text stays here.", {
      kind: "warn",
      action: "Sign in",
      onAction: again,
      seconds: 3600,
    });
  }
}

function onAfterRequest(event) {
  const { elt, successful, xhr, requestConfig } = event.detail;
  if (requestConfig.verb === "post") {
    refreshQueue();
    if (xhr.status === 409) {
      refreshConversation();
    }
    const dialog = elt.closest?.("dialog");
    if (dialog?.open && successful && !elt.matches("[data-stays-open]")) {
      dialog.close();
      dialog.querySelector("form")?.reset();
    }
    const folded = elt.closest?.(".folded");
    if (folded && successful && elt.matches("form")) {
      folded.open = false;
      elt.reset();
    }
  }
  if (xhr.status === 0 || xhr.status >= 500) {
    toast("That did not reach the server. Nothing is lost; try again.", { kind: "danger" });
  } else if (xhr.status === 403 && !xhr.getResponseHeader("HX-Trigger") && !/id="(conversation|composer-notice)"/.test(xhr.responseText)) {
    toast("The server refused that. Your text stays here; reload the page if it goes on.", { kind: "danger" });
  } else if (xhr.status === 413) {
    toast("That file is too large to be taken. Your text stays here.", { kind: "danger" });
  } else if (xhr.status === 400) {
    toast(xhr.responseText.slice(0, 200) || "The server did not understand that.", { kind: "danger" });
  }
}

/** A row opened beside the page is the browser's affair. */
function onClickFirst(event) {
  if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest(".queue-row")) {
    event.stopPropagation();
  }
}

function onClick(event) {
  const source = event.target.closest("[data-go-to-seq]");
  if (source) {
    panes.dataset.active = "conversation";
    const entry = document.getElementById(`m${source.dataset.goToSeq}`);
    entry?.scrollIntoView({ block: "center" });
    entry?.animate([{ opacity: 0.3 }, { opacity: 1 }], { duration: 600 });
  }
  const card = event.target.closest("[data-show-card]");
  if (card) {
    panes.dataset.active = "context";
    const shown = document.getElementById(card.dataset.showCard);
    shown?.scrollIntoView({ block: "nearest" });
    shown?.focus();
  }
  if (event.target.closest(".new-pill")) {
    toEnd();
  }
  const back = event.target.closest("[data-to-queue]");
  if (back && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    panes.dataset.active = "queue";
    document.querySelector('.queue-row[aria-current="true"]')?.focus();
  }
  const row = event.target.closest(".queue-row");
  if (row && row.dataset.id === openConversation()) {
    panes.dataset.active = "conversation";
  }
}

function start() {
  startQueue();
  startComposer();
  startKeys();
  startViewer();
  startKnowledge();
  document.addEventListener("click", onClickFirst, { capture: true });
  document.addEventListener("click", onClick);
  document.body.addEventListener("workspace:signed-out", onSignedOut);
  document.body.addEventListener("htmx:configRequest", (event) => {
    Object.assign(event.detail.headers, csrfHeader());
    // The form's own proof is for browsers without script; after a sign-in elsewhere it would be an old one.
    event.detail.formData.delete("csrfmiddlewaretoken");
  });
  document.body.addEventListener("workspace:done", onDone);
  document.body.addEventListener("htmx:beforeSwap", onBeforeSwap);
  document.body.addEventListener("htmx:afterRequest", onAfterRequest);
  document.body.addEventListener("htmx:sendError", () => toast("The server cannot be reached. Your text stays here.", { kind: "danger" }));
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.matches(".trace-body")) {
      showTrace(event.detail.target);
    }
    for (const mark of document.querySelectorAll(".day-mark")) {
      document.querySelectorAll(`.timeline > [id="${mark.id}"]`).forEach((twin, place) => place > 0 && twin.remove());
    }
  });
  document.addEventListener("scroll", (event) => {
    if (event.target === scroller()) {
      noticeScroll(event.target);
    }
    if (event.target === scroller() && event.target.scrollTop < 40) {
      document.querySelector("[data-load-older]")?.click();
    }
  }, { capture: true, passive: true });
  document.addEventListener("load", (event) => {
    if (isStuck && event.target.matches?.(".attachment-picture, .composer-thumb")) {
      toEnd();
    }
  }, { capture: true });
  toEnd();
  showTitle();
  live = startLive({
    onChanged,
    onPresence: hear,
    onCustomer: hearCustomer,
    place: () => ({ conversation: openConversation() || null, state: doing() }),
  });
  watchDoing(() => live.say());
}

start();
