/*
 * Outbox: messages on their way. One after another and in order, each under an id made here, kept until the server has
 * it: a retry or a reload sends the same id again, and the server answers with the same message. One with files is kept
 * as long as the page: a browser's storage is no place for them.
 */

import { jittered } from "./connection.js";
import { RequestFailed } from "./requests.js";

const triesInARow = 3;
const delayAtMost = 15_000;

export class Outbox {
  #requests;
  #store;
  #pumping = false;
  #items = [];

  /** `on`: {change(item, note), sent(item, message)}; an item is {id, text, files, createdAt, state, refusal}. */
  constructor({ requests, store, on }) {
    this.#requests = requests;
    this.#store = store;
    this.on = on;
    window.addEventListener("online", () => this.resume());
  }

  /** Takes up what an earlier page left behind. */
  restore() {
    for (const kept of this.#store.outbox) {
      const item = { ...kept, files: [], state: kept.refusal ? "failed" : "sending" };
      this.#items.push(item);
      this.on.change(item);
    }
    this.#pump();
  }

  /** Somebody else is here now: what was on its way stays with whom it belongs to. */
  restart() {
    this.#items = [];
    this.restore();
  }

  /** Sends a text, files, or both; a text is kept before the first attempt. */
  add(text, files = []) {
    const item = { id: newId(), text, files, createdAt: new Date().toISOString(), state: "sending", refusal: "" };
    this.#items.push(item);
    this.#keep(item);
    this.on.change(item);
    this.#pump();
  }

  /** Sends one that failed again, under its own id. */
  retry(id) {
    const item = this.#find(id);
    if (item) {
      this.#change(item, "sending", "");
      this.#pump();
    }
  }

  /** Gives one up; returns its {text, files}. */
  discard(id) {
    const item = this.#find(id);
    this.#remove(id);
    return { text: item?.text ?? "", files: item?.files ?? [] };
  }

  /** The server has it: by answer, by push, or because another tab sent it. */
  settle(id) {
    this.#remove(id);
  }

  /** Tries what failed for want of a connection. */
  resume() {
    for (const item of this.#items) {
      if (item.state === "failed" && !item.refusal) {
        this.#change(item, "sending", "");
      }
    }
    this.#pump();
  }

  #find(id) {
    return this.#items.find((item) => item.id === id);
  }

  #remove(id) {
    this.#items = this.#items.filter((item) => item.id !== id);
    this.#store.drop(id);
  }

  #keep({ id, text, files, createdAt, refusal }) {
    if (files.length === 0) {
      this.#store.keep({ id, text, createdAt, refusal });
    }
  }

  #change(item, state, refusal, note = "") {
    item.state = state;
    if (item.refusal !== refusal) {
      item.refusal = refusal;
      this.#keep(item);
    }
    this.on.change(item, note);
  }

  async #pump() {
    if (this.#pumping) {
      return;
    }
    this.#pumping = true;
    try {
      let item;
      while ((item = this.#items.find((waiting) => waiting.state !== "failed"))) {
        await this.#deliver(item);
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #deliver(item) {
    for (let tries = 1; this.#find(item.id); tries += 1) {
      try {
        const message = item.files.length
          ? await this.#requests.sendFiles(item.id, item.text, item.files)
          : await this.#requests.send(item.id, item.text);
        this.#remove(item.id);
        this.on.sent(item, message);
        return;
      } catch (error) {
        const failed = error instanceof RequestFailed ? error : null;
        if (!this.#find(item.id)) {
          return;
        }
        if (failed?.permanent) {
          this.#change(item, "failed", failed.detail || "refused");
          return;
        }
        if (failed?.status === 429) {
          await this.#waitPolitely(item, failed);
          tries = 0;
        } else if (tries >= triesInARow) {
          this.#change(item, "failed", "");
          return;
        } else {
          this.#change(item, "waiting", "");
          await pause(jittered(Math.min(delayAtMost, 1_000 * 2 ** tries)));
        }
      }
    }
  }

  async #waitPolitely(item, failed) {
    for (let seconds = Math.max(1, failed.retryAfter ?? 5); seconds > 0; seconds -= 1) {
      item.seconds = seconds;
      this.#change(item, "limited", "", failed.detail);
      await pause(1_000);
    }
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** A random UUID, also where the page was not served over https and crypto.randomUUID is missing. */
function newId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
