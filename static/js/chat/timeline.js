/*
 * Timeline: the messages on the screen, in the order of their sequence numbers, unsent ones last. A message keeps its
 * element from the first key press to its receipt, so nothing jumps and nothing is read out twice.
 */

import { format } from "../chat-strings.js";
import { Reveal } from "./reveal.js";
import { linked } from "./text.js";

const groupWithin = 5 * 60_000;

export class Timeline {
  #list;
  #strings;
  #locale;
  #picture;
  #recording;
  #document;
  #reveal;
  #entries = [];
  #days = new Map();

  /**
   * `picture(attachment, author)`, `recording(attachment)`, `document(attachment)`: the element of each.
   * `on`: {retry(id), edit(id), discard(id)} for messages that were not sent.
   */
  constructor({ list, strings, locale, picture, recording, document: documentOf, on }) {
    this.#list = list;
    this.#strings = strings;
    this.#locale = locale;
    this.#picture = picture;
    this.#recording = recording;
    this.#document = documentOf;
    this.#reveal = new Reveal({ hint: strings.newTab });
    this.on = on;
  }

  /** Sequence number of the oldest message shown, or null. */
  get oldest() {
    return this.#entries.find((entry) => entry.seq !== null)?.seq ?? null;
  }

  /** Sequence number of the newest message shown, or 0. */
  get newest() {
    return this.#entries.reduce((highest, entry) => Math.max(highest, entry.seq ?? 0), 0);
  }

  /** Nothing is shown. */
  get isEmpty() {
    return this.#entries.length === 0;
  }

  /** Shows messages; those already shown are brought up to date. Returns the ones that are new here. */
  add(messages) {
    const fresh = [];
    for (const message of messages) {
      const entry = this.#find(message.id, message.client_msg_id);
      if (!entry) {
        this.#entries.push(this.#build(message));
        fresh.push(message);
      } else if (entry.seq === null) {
        this.#confirm(entry, message);
      }
    }
    if (fresh.length > 0) {
      this.showWhole();
    }
    this.#arrange();
    return fresh;
  }

  /** Lets a message that is shown appear as it would be written, until anything comes after it. */
  reveal(message) {
    this.#reveal.begin(this.#find(message.id).element, message.text);
  }

  /** Shows all of a message that is still appearing. */
  showWhole() {
    this.#reveal.finish();
  }

  /** Shows a message on its way: {id, text, createdAt, state, refusal, seconds}. */
  addPending(item, note) {
    let entry = this.#entries.find((known) => known.clientId === item.id);
    if (!entry) {
      this.showWhole();
      entry = this.#build({
        id: null,
        seq: null,
        client_msg_id: item.id,
        from: "customer",
        author: null,
        text: item.text,
        attachments: item.files.map((file) => ({ kind: kindOf(file), name: file.name, url: null, file })),
        sources: [],
        created_at: item.createdAt,
      });
      this.#entries.push(entry);
    }
    if (entry.seq === null) {
      entry.state = item.state;
      this.#showState(entry, item, note);
      this.#arrange();
    }
  }

  /** Takes an unsent message away. */
  remove(clientId) {
    this.#removeWhere((entry) => entry.clientId === clientId && entry.seq === null);
    this.#arrange();
  }

  /** Shows nothing: somebody else is here now. */
  clear() {
    this.#removeWhere(() => true);
    this.#arrange();
  }

  /** Forgets what a lost session held; unsent messages stay. */
  forgetSent() {
    this.#removeWhere((entry) => entry.seq !== null);
    this.#arrange();
  }

  #removeWhere(unwanted) {
    this.showWhole();
    this.#entries.filter(unwanted).forEach((entry) => entry.element.remove());
    this.#entries = this.#entries.filter((entry) => !unwanted(entry));
  }

  #find(id, clientId) {
    return this.#entries.find((entry) => entry.id === id || (clientId && entry.clientId === clientId));
  }

  #confirm(entry, message) {
    entry.id = message.id;
    entry.seq = message.seq;
    entry.at = new Date(message.created_at);
    entry.state = "sent";
    message.attachments?.forEach(({ url }, index) => {
      // What was sent from here is shown as it is, and from now on opened as the server has it.
      if (entry.attachments[index]) {
        entry.attachments[index].url = url;
      }
    });
    entry.time.dateTime = message.created_at;
    entry.time.textContent = this.#clock(entry.at);
    this.#showState(entry, null, "");
  }

  #build(message) {
    const element = document.createElement("li");
    element.className = "chat-message";
    element.dataset.from = message.from;
    const at = new Date(message.created_at);
    const time = document.createElement("time");
    time.dateTime = message.created_at;
    time.textContent = this.#clock(at);
    const status = document.createElement("span");
    status.className = "chat-status";
    const foot = document.createElement("div");
    foot.className = "chat-foot";
    foot.append(time, status);
    const bubble = document.createElement("div");
    bubble.className = "chat-bubble";
    const words = document.createElement("p");
    words.className = "chat-words";
    words.dir = "auto";
    // What the visitor wrote stays as it was written; a link is what the business gives.
    words.append(...(message.from === "customer" ? [message.text ?? ""] : linked(message.text ?? "", this.#strings.newTab)));
    bubble.append(words, ...this.#attachments(message));
    element.append(this.#author(message), bubble, ...this.#sources(message.sources ?? []), foot);
    return {
      id: message.id,
      seq: message.seq,
      clientId: message.client_msg_id,
      from: message.from,
      author: message.author,
      attachments: message.attachments ?? [],
      state: message.seq === null ? "sending" : "sent",
      at,
      element,
      time,
      status,
    };
  }

  #author(message) {
    const author = document.createElement("span");
    author.className = "chat-author";
    const names = { customer: this.#strings.you, bot: this.#strings.bot, system: "", human: this.#strings.team };
    author.textContent = message.from === "human" && message.author ? message.author : (names[message.from] ?? "");
    if (message.from === "bot") {
      const mark = document.createElement("span");
      mark.className = "chat-bot-mark";
      mark.textContent = "Bot";
      author.append(" ", mark);
    }
    return author;
  }

  #attachments(message) {
    return (message.attachments ?? []).map((attachment) => {
      if (attachment.kind === "image" && (attachment.url || attachment.file)) {
        return this.#picture(attachment, message.author);
      }
      if (attachment.kind === "audio" && (attachment.url || attachment.file)) {
        return this.#recording(attachment);
      }
      if (attachment.url || attachment.file) {
        return this.#document(attachment);
      }
      const element = document.createElement("span");
      element.textContent = attachment.name || this.#strings.attachment;
      element.className = "chat-attachment";
      return element;
    });
  }

  #sources(sources) {
    if (sources.length === 0) {
      return [];
    }
    const line = document.createElement("p");
    line.className = "chat-sources";
    line.dir = "auto";
    line.textContent = `${this.#strings.sources}: ${sources.map((source) => source.title).join(" · ")}`;
    return [line];
  }

  #showState(entry, item, note) {
    const strings = this.#strings;
    const words = {
      sending: strings.sending,
      waiting: strings.waitingToSend,
      limited: `${note} ${format(strings.slowDown, { seconds: item?.seconds ?? 0 })}`,
      failed: item?.refusal && item.refusal !== "refused" ? item.refusal : strings.failed,
      sent: strings.sent,
    };
    if (entry.state === "failed" && item?.refusal === "refused") {
      words.failed = strings.refused;
    }
    entry.element.dataset.state = entry.state;
    entry.status.textContent = words[entry.state].trim();
    if (entry.state === "failed") {
      // What was said can be said anew, and not be changed.
      const isVoice = item.files.some((file) => kindOf(file) === "audio");
      const mended = isVoice ? [] : ["edit"];
      const buttons = item.refusal ? [...mended, "discard"] : ["retry", "discard"];
      entry.status.append(...buttons.map((name) => this.#button(name, entry.clientId)));
    }
  }

  #button(name, id) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chat-small-button";
    button.textContent = this.#strings[name];
    button.addEventListener("click", () => this.on[name](id));
    return button;
  }

  /* Orders the entries, marks groups and days, and moves only the elements that are not yet where they belong. */
  #arrange() {
    const order = (entry) => entry.seq ?? Number.POSITIVE_INFINITY;
    this.#entries.sort((one, other) => (order(one) === order(other) ? one.at - other.at : order(one) - order(other)));
    const elements = [];
    const days = new Set();
    let before = null;
    for (const entry of this.#entries) {
      const day = entry.at.toDateString();
      if (!before || before.at.toDateString() !== day) {
        days.add(day);
        elements.push(this.#day(day, entry.at));
        before = null;
      }
      const grouped = belongTogether(before, entry);
      entry.element.classList.toggle("is-grouped", grouped);
      before?.element.classList.toggle("is-last", !grouped);
      entry.element.classList.add("is-last");
      elements.push(entry.element);
      before = entry;
    }
    this.#markLatestSent();
    for (const [day, element] of this.#days) {
      if (!days.has(day)) {
        element.remove();
        this.#days.delete(day);
      }
    }
    elements.forEach((element, index) => {
      if (this.#list.children[index] !== element) {
        this.#list.insertBefore(element, this.#list.children[index] ?? null);
      }
    });
  }

  #markLatestSent() {
    const own = this.#entries.filter((entry) => entry.from === "customer" && entry.seq !== null);
    own.forEach((entry, index) => {
      const words = index === own.length - 1 ? this.#strings.sent : "";
      if (entry.status.textContent !== words) {
        entry.status.textContent = words;
      }
    });
  }

  #day(key, at) {
    let element = this.#days.get(key);
    if (!element) {
      element = document.createElement("li");
      element.className = "chat-day";
      this.#days.set(key, element);
    }
    const yesterday = new Date();
    yesterday.setDate(yesterday.getDate() - 1);
    const date = new Intl.DateTimeFormat(this.#locale, { weekday: "long", day: "numeric", month: "long" });
    const near = new Map([
      [new Date().toDateString(), this.#strings.today],
      [yesterday.toDateString(), this.#strings.yesterday],
    ]);
    const words = near.get(key) ?? date.format(at);
    if (element.textContent !== words) {
      element.textContent = words;
    }
    return element;
  }

  #clock(at) {
    return new Intl.DateTimeFormat(this.#locale, { hour: "numeric", minute: "2-digit" }).format(at);
  }
}

function kindOf(file) {
  const kind = file.type.split("/")[0];
  return kind === "image" || kind === "audio" ? kind : "file";
}

function belongTogether(before, entry) {
  return (
    before !== null &&
    before.from === entry.from &&
    before.author === entry.author &&
    before.state === "sent" &&
    entry.at - before.at < groupWithin
  );
}
