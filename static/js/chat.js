/*
 * The web chat page: puts its parts together. Hosted at its own address or shown inside the frame that embed.js draws.
 *
 *   store       what the browser keeps              requests    HTTP with the visitor's token
 *   outbox      messages on their way               connection  websocket, polling, catching up
 *   timeline    messages on the screen              composer    the field, and attachments for the next message
 *   reveal      an answer, as it would be written         typing      that somebody writes
 *   pictures    pictures that came with messages      documents, recordings   the same for these
 *   details     what is asked first                   frame       the page around, when embedded
 *   page        its parts by name, and its words in one language
 *   identity    whether somebody is here whom the site vouches for
 */

import { chooseLanguage, format, stringsOf } from "./chat-strings.js";
import { Composer } from "./chat/composer.js";
import { Connection } from "./chat/connection.js";
import { Details } from "./chat/details.js";
import { Documents } from "./chat/documents.js";
import { Frame } from "./chat/frame.js";
import { Identity } from "./chat/identity.js";
import { Outbox } from "./chat/outbox.js";
import { icon, part, translate } from "./chat/page.js";
import { Pictures } from "./chat/pictures.js";
import { Recordings } from "./chat/recordings.js";
import { Requests } from "./chat/requests.js";
import { Store } from "./chat/store.js";
import { Timeline } from "./chat/timeline.js";
import { Typing } from "./chat/typing.js";

const nearEnd = 80;
const pageSize = 50;
const siteSpeaksWithin = 4_000;

const body = document.body;
const account = body.dataset.accountKey;
const embedded = body.dataset.embedded === "true" && window.parent !== window;
const language = chooseLanguage([body.dataset.locale, ...navigator.languages]);
const strings = stringsOf(language);
const region = navigator.languages.find((wish) => chooseLanguage([wish]) === language && wish.startsWith(language));
const base = new URL(`/chat/${encodeURIComponent(account)}/`, window.location.href);
const socketUrl = new URL(`/ws/chat/${encodeURIComponent(account)}/`, base);
socketUrl.protocol = base.protocol === "https:" ? "wss:" : "ws:";

const scroller = part("scroller");
const log = part("log");
const banner = part("banner");
const pill = part("new");
const typing = new Typing({ line: part("typing"), words: part("typing-text"), strings });
const notice = part("notice");
const originalTitle = document.title;

const view = {
  state: { owner: "bot", name: null, unread: 0, closed: false },
  page: `${window.location.origin}${window.location.pathname}`,
  open: !embedded,
  entry: "field",
  unread: 0,
  below: 0,
  atEnd: true,
  seen: 0,
  hasOlder: false,
  loadingOlder: false,
};

const store = new Store(account);
const pictures = new Pictures({ viewer: part("viewer"), strings, load: (path) => requests.file(path) });
const documents = new Documents({ icon, strings, load: (path) => requests.file(path) });
const recordings = new Recordings({ icon, strings, load: (path) => requests.file(path) });
const timeline = new Timeline({
  list: log,
  strings,
  locale: region ?? language,
  picture: (attachment, author) => pictures.element(attachment, author),
  recording: (attachment) => recordings.element(attachment),
  document: (attachment) => documents.element(attachment),
  on: {
    retry: (id) => outbox.retry(id),
    edit: (id) => {
      timeline.remove(id);
      composer.putBack(outbox.discard(id));
    },
    discard: (id) => {
      timeline.remove(id);
      outbox.discard(id);
      composer.focus();
    },
  },
});
const requests = new Requests({
  base: base.href,
  store,
  sessionFields: () => ({ locale: language, page: view.page }),
  onNewSession: startOver,
  onTokenLost: () => (store.isPerson ? identity.end() : startOver()),
});
const connection = new Connection({
  requests,
  store,
  socketUrl: socketUrl.href,
  on: {
    messages: receive,
    state: showState,
    typing: (frame) => typing.show(frame),
    status: showStatus,
  },
});
const outbox = new Outbox({
  requests,
  store,
  on: {
    change: (item, note) => timeline.addPending(item, note),
    sent: (item, message) => {
      receive([message], {});
      connection.expect();
    },
  },
});
const composer = new Composer({
  form: part("composer"),
  strings,
  store,
  attachments: {
    list: part("chosen"),
    button: part("attach"),
    picker: part("picker"),
    problem: part("problem"),
  },
  on: {
    send: (text, files) => {
      outbox.add(text, files);
      scrollToEnd();
    },
    typing: (on) => connection.tell({ type: "typing", on }),
  },
});
const details = new Details({
  form: part("details"),
  strings,
  on: {
    submit: async (values) => {
      await requests.begin(values);
      composer.focus();
    },
  },
});
const identity = new Identity({
  requests,
  store,
  on: {
    changed: startAnew,
    told: (told) => frame?.tell("identity", told),
  },
});
const frame = embedded
  ? new Frame({
      hello: ({ open, page, identity: word }) => {
        view.page = page;
        setOpen(open);
        identity.hear(word);
      },
      open: setOpen,
      identity: (word) => identity.hear(word),
    })
  : null;

/* Somebody else is here now, or the same one for the first time. */
function startAnew() {
  timeline.clear();
  composer.restart();
  outbox.restart();
  typing.show({ on: false });
  showState({ owner: "bot", name: null, unread: 0, closed: false });
  startOver();
}

function startOver() {
  timeline.forgetSent();
  view.seen = 0;
  view.below = 0;
  view.hasOlder = false;
  connection.stop();
  showEntry();
  connect();
}

/* What stands at the end of the page: the field, what is asked before it, or that only known people write here. */
function showEntry() {
  const mustSignIn = body.dataset.identityRequired === "true" && !store.isPerson;
  const isAsked = !mustSignIn && details.isAsked && !store.token;
  part("gate").hidden = !mustSignIn;
  part("composer").hidden = mustSignIn || isAsked;
  if (details.isAsked) {
    part("details").hidden = !isAsked;
  }
  part("as").hidden = !identity.name;
  part("as").textContent = identity.name ? format(strings.signedInAs, { name: identity.name }) : "";
  part("guest").hidden = !identity.isRefused || mustSignIn;
  view.entry = mustSignIn ? "gate" : isAsked ? "details" : "field";
  showState(view.state);
}

function connect() {
  if (store.token) {
    connection.start();
    frame?.tell("visitor");
  }
}

/* `newest`: the end of what was said before. `pushed`: it was written this moment. */
function receive(messages, { newest = false, pushed = false }) {
  for (const message of messages) {
    if (message.client_msg_id) {
      outbox.settle(message.client_msg_id);
    }
  }
  log.parentElement.setAttribute("aria-busy", String(newest));
  const fresh = timeline.add(messages);
  const fromOthers = fresh.filter((message) => message.from !== "customer");
  if (newest) {
    view.hasOlder = messages.length >= pageSize;
    requestAnimationFrame(() => log.parentElement.setAttribute("aria-busy", "false"));
  }
  if (pushed && fresh.at(-1)?.from === "bot" && isLookedAt() && view.atEnd) {
    timeline.reveal(fresh.at(-1));
  }
  if (newest) {
    scrollToEnd();
  } else if (!view.atEnd) {
    view.below += fromOthers.length;
  }
  if (fromOthers.length > 0 && !newest) {
    typing.show({ on: false });
    frame?.tell("message", { from: fromOthers.at(-1).from });
    view.unread += fromOthers.length;
  }
  part("greeting").hidden = view.hasOlder;
  attend();
}

function isLookedAt() {
  return view.open && document.visibilityState === "visible";
}

/* The visitor looks at the end of the conversation: say so, and count nothing as unread. */
function attend() {
  if (!isLookedAt()) {
    // Whoever comes back finds all of it.
    timeline.showWhole();
  } else if (view.atEnd) {
    view.below = 0;
    view.unread = 0;
    const newest = timeline.newest;
    if (newest > view.seen) {
      view.seen = newest;
      if (!connection.tell({ type: "seen", seq: newest })) {
        requests.seen(newest).catch(() => {});
      }
    }
  }
  pill.hidden = view.below === 0;
  part("new-text").textContent = view.below === 1 ? strings.newOne : format(strings.newMany, { count: view.below });
  document.title = view.unread > 0 ? `(${view.unread}) ${originalTitle}` : originalTitle;
  frame?.tell("unread", { count: view.unread });
}

function showState(state) {
  view.state = state;
  const texts = {
    bot: strings.answersBot,
    waiting: strings.answersWaiting,
    human: state.name ? format(strings.answersHuman, { name: state.name }) : strings.answersSomebody,
  };
  const owner = state.closed ? "closed" : state.owner;
  if (owner !== "bot" && owner !== banner.dataset.owner) {
    timeline.showWhole();
  }
  const text = state.closed ? strings.answersClosed : (texts[state.owner] ?? "");
  banner.dataset.owner = owner;
  if (part("banner-text").textContent !== text) {
    part("banner-text").textContent = text;
  }
  part("person").hidden = owner === "human" || owner === "waiting" || view.entry !== "field";
  if (!isLookedAt()) {
    view.unread = Math.max(view.unread, state.unread ?? 0);
  }
  attend();
}

function showStatus(status) {
  body.dataset.connection = status;
  notice.hidden = status === "live";
  notice.textContent = status === "offline" ? strings.offline : strings.polling;
  if (status !== "offline") {
    outbox.resume();
  }
}

function isAtEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < nearEnd;
}

function scrollToEnd() {
  view.atEnd = true;
  scroller.scrollTop = scroller.scrollHeight;
}

async function loadOlder() {
  if (!view.hasOlder || view.loadingOlder || timeline.oldest === null) {
    return;
  }
  view.loadingOlder = true;
  part("older").hidden = false;
  log.parentElement.setAttribute("aria-busy", "true");
  try {
    const page = await requests.messages({ before: timeline.oldest });
    const fromBottom = scroller.scrollHeight - scroller.scrollTop;
    timeline.add(page.messages);
    view.hasOlder = page.messages.length >= pageSize;
    part("older").hidden = true;
    part("greeting").hidden = view.hasOlder;
    scroller.scrollTop = scroller.scrollHeight - fromBottom;
  } catch {
    part("older").hidden = true;
  } finally {
    view.loadingOlder = false;
    requestAnimationFrame(() => log.parentElement.setAttribute("aria-busy", "false"));
  }
}

function setOpen(open) {
  view.open = open;
  if (open) {
    scrollToEnd();
    takeFocus();
  } else {
    composer.leave();
  }
  attend();
}

/* On a phone the field's focus would bring the keyboard up over the greeting. */
function takeFocus() {
  if (window.matchMedia("(pointer: fine)").matches && view.entry !== "gate") {
    (view.entry === "details" ? details : composer).focus();
  } else {
    scroller.focus({ preventScroll: true });
  }
}

function onScroll() {
  view.atEnd = isAtEnd();
  if (scroller.scrollTop < 120) {
    loadOlder();
  }
  if (view.below > 0 || timeline.newest > view.seen) {
    attend();
  }
}

function listen() {
  scroller.addEventListener("scroll", onScroll, { passive: true });
  // Whatever grows (a message, the field, a keyboard), somebody at the end stays at the end.
  const resized = new ResizeObserver(() => view.atEnd && scrollToEnd());
  [scroller, log, part("typing")].forEach((element) => resized.observe(element));
  document.addEventListener("visibilitychange", attend);
  pill.addEventListener("click", () => {
    scrollToEnd();
    composer.focus();
  });
  part("person").addEventListener("click", () => {
    outbox.add(strings.askForPerson);
    scrollToEnd();
  });
  part("close").addEventListener("click", () => frame?.tell("close"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && !pictures.isOpen) {
      frame?.tell("close");
    }
  });
  // The keyboard of a phone covers the page without resizing it; what is left to see is the visual viewport.
  window.visualViewport?.addEventListener("resize", () => {
    document.documentElement.style.setProperty("--chat-height", `${window.visualViewport.height}px`);
  });
  store.onTokenChange(() => (store.isPerson && !store.token ? identity.end() : startOver()));
}

translate({ language, strings });
listen();
showEntry();
part("close").hidden = !embedded;
body.dataset.ready = "true";
if (embedded) {
  // The page around says first who is here. One that frames the chat by itself says nothing.
  setTimeout(() => identity.isHeard || identity.hear(""), siteSpeaksWithin);
} else {
  outbox.restore();
  connect();
  takeFocus();
}
