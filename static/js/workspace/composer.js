/*
 * Composer: reply and note side by side, drafts that are kept while typing, and texts that nothing throws away.
 */

import { post } from "./exchange.js";
import { hasPicture, rememberPicture, restorePicture, startPicture } from "./picture.js";

const draftPause = 600;
const typingLasts = 6_000;
const timers = new Map();
let lastTyped = -Infinity;
let restTimer = 0;
const remembered = { composer: null, texts: new Map(), mode: "reply", submitted: "" };
// By conversation: a draft keeps words only, so the page keeps what was chosen while it is open.
const pictures = new Map();

function composer() {
  return document.getElementById("composer");
}

function forms() {
  return [...(composer()?.querySelectorAll("form.composer") ?? [])];
}

function lastInSeq() {
  return document.getElementById("conversation")?.dataset.lastInSeq ?? "0";
}

/** Shows the reply or the note. Only a person's press comes here. */
export function compose(mode, { focus = true } = {}) {
  const wanted = forms().find((form) => form.dataset.mode === mode);
  if (!wanted) {
    return;
  }
  composer().dataset.mode = mode;
  for (const form of forms()) {
    form.hidden = form !== wanted;
    for (const button of form.querySelectorAll("[data-compose]")) {
      button.setAttribute("aria-pressed", String(button.dataset.compose === mode));
    }
  }
  if (focus) {
    wanted.elements.text.focus();
  }
}

/** Puts the suggested reply into the reply; what was typed is kept below it. */
export function useSuggestion() {
  const card = document.getElementById("suggestion");
  const form = document.getElementById("composer-reply");
  if (!card || !form) {
    return null;
  }
  document.getElementById("content").dataset.active = "conversation";
  compose("reply");
  const text = card.querySelector(".suggestion-text").textContent;
  const field = form.elements.text;
  const typed = field.value.trim();
  if (!typed.includes(text)) {
    field.value = typed ? `${text}\n\n${typed}` : text;
  }
  form.elements.suggested.value = card.dataset.escalation;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  return form;
}

function keepDraft(form, { now = false } = {}) {
  const mode = form.dataset.mode;
  clearTimeout(timers.get(mode));
  const url = composer().dataset.draft;
  const send = (keepalive) => {
    timers.delete(mode);
    post(url, { mode, text: form.elements.text.value, token: form.elements.token.value }, { keepalive });
  };
  if (now) {
    send(true);
  } else {
    timers.set(mode, setTimeout(() => send(false), draftPause));
  }
}

function onInput(event) {
  const form = event.target.closest?.("form.composer");
  if (!form || event.target.name !== "text") {
    return;
  }
  if (!form.dataset.started && event.target.value) {
    form.dataset.started = "true";
    expect(form);
  } else if (!event.target.value) {
    delete form.dataset.started;
  }
  count(event.target);
  keepDraft(form);
}

/** Whoever begins to write has read what is on the page: from here on a newer message asks for a second press. */
function expect(form) {
  const hidden = form.querySelector("[name=expected_last_seq]");
  if (hidden) {
    hidden.value = lastInSeq();
  }
}

function count(field) {
  const limit = Number(field.dataset.limit);
  const place = document.querySelector(`[data-limit-of="${field.id}"]`);
  if (!limit || !place) {
    return;
  }
  const left = limit - [...field.value].length;
  place.hidden = left > Math.max(100, limit * 0.2);
  place.textContent = left >= 0 ? `${left.toLocaleString()} left` : `${(-left).toLocaleString()} too many`;
  place.dataset.state = left < 0 ? "over" : left < 50 ? "near" : "";
}

function onKey(event) {
  const form = event.target.closest?.("form.composer");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  } else if (form && event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
  }
}

function onClick(event) {
  const button = event.target.closest("[data-compose]");
  if (button) {
    compose(button.dataset.compose);
  }
  if (event.target.closest("[data-use-suggestion]")) {
    useSuggestion();
  }
  if (event.target.closest("[data-send-suggestion]")) {
    sendSuggestion();
  }
}

function sendSuggestion() {
  const field = document.getElementById("reply-text");
  if (field && !field.value.trim()) {
    useSuggestion()?.requestSubmit();
  } else {
    useSuggestion();
  }
}

/** Remembers what is typed, before new markup arrives. */
export function rememberComposer() {
  remembered.composer = composer();
  remembered.conversation = document.getElementById("conversation")?.dataset.conversation ?? "";
  remembered.mode = composer()?.dataset.mode;
  remembered.focused = document.activeElement?.id;
  remembered.texts = new Map(
    forms().map((form) => [form.dataset.mode, { text: form.elements.text.value, token: form.elements.token.value }]),
  );
  const chosen = rememberPicture();
  if (chosen) {
    pictures.set(remembered.conversation, chosen);
  } else {
    pictures.delete(remembered.conversation);
  }
}

/** After new markup: a composer drawn anew gets back what had not been sent, the mode and the focus. */
export function restoreComposer() {
  for (const field of composer()?.querySelectorAll("textarea") ?? []) {
    count(field);
  }
  const here = document.getElementById("conversation")?.dataset.conversation;
  const isSame = remembered.conversation === here;
  if (isSame && composer() === remembered.composer) {
    return;
  }
  if (isSame && remembered.texts.get("reply")?.token === remembered.submitted) {
    pictures.delete(here);
  }
  restorePicture(pictures.get(here));
  if (!isSame) {
    return;
  }
  for (const form of forms()) {
    const before = remembered.texts.get(form.dataset.mode);
    if (before?.text && before.token !== remembered.submitted && !form.elements.text.value) {
      form.elements.text.value = before.text;
    }
  }
  const wasSent = [...remembered.texts.values()].some((before) => before.token === remembered.submitted);
  const had = wasSent || remembered.focused === "reply-text" || remembered.focused === "note-text";
  const mode = forms().some((form) => form.dataset.mode === remembered.mode) ? remembered.mode : forms()[0]?.dataset.mode;
  if (mode) {
    compose(mode, { focus: had });
  }
}

/** The composer's listeners. */
export function startComposer() {
  document.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  startPicture({
    onChosen: (form) => {
      compose("reply");
      expect(form);
    },
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target.closest?.("form.composer");
    if (form) {
      clearTimeout(timers.get(form.dataset.mode));
      timers.delete(form.dataset.mode);
      remembered.submitted = form.elements.token.value;
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.closest?.("form.composer") && event.detail.xhr.status === 409) {
      remembered.submitted = "";
    }
  });
  window.addEventListener("pagehide", () => {
    for (const form of forms()) {
      if (timers.has(form.dataset.mode)) {
        keepDraft(form, { now: true });
      }
    }
  });
}

/** Keeps at once what is typed, before another conversation takes the place. */
export function keepDraftsNow() {
  for (const form of forms()) {
    if (timers.has(form.dataset.mode)) {
      keepDraft(form, { now: true });
    }
  }
}

/** Whether anything is typed or chosen that was not sent. */
export function hasText() {
  return hasPicture() || forms().some((form) => form.elements.text.value.trim() !== "");
}

/** What the person does here: "answering" the customer or "typing" a note in the last seconds, else "viewing". */
export function doing() {
  const form = document.activeElement?.closest?.("form.composer");
  if (!form || performance.now() - lastTyped >= typingLasts) {
    return "viewing";
  }
  return form.dataset.mode === "reply" ? "answering" : "typing";
}

/** Calls `say` whenever what the person does has changed. */
export function watchDoing(say) {
  let said = "viewing";
  const look = () => {
    if (doing() !== said) {
      said = doing();
      say();
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("form.composer")) {
      lastTyped = event.target.value ? performance.now() : -Infinity;
      clearTimeout(restTimer);
      restTimer = setTimeout(look, typingLasts + 100);
      look();
    }
  });
  document.addEventListener("focusout", () => setTimeout(look, 0));
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.closest?.("form.composer")) {
      lastTyped = -Infinity;
      look();
    }
  });
}
