/*
 * Composer: the field, its counter and its button, and a voice note in its place. Enter sends, Shift+Enter breaks the line; the Enter that ends an
 * input method's composition does neither.
 */

import { format } from "../chat-strings.js";
import { Attachments } from "./attachments.js";
import { Recorder } from "./recorder.js";

const typingEvery = 3_000;
const typingEndsAfter = 5_000;
const countFrom = 200;

export class Composer {
  #form;
  #field;
  #button;
  #counter;
  #strings;
  #store;
  #attachments;
  #recorder;
  #typing = { told: 0, timer: 0, on: false };

  /** `attachments`: the options of Attachments but for these. `on`: {send(text, files), typing(boolean)} */
  constructor({ form, strings, store, attachments, on }) {
    this.#form = form;
    this.#field = form.querySelector("textarea");
    this.#button = form.querySelector("button[type=submit]");
    this.#counter = form.querySelector(".chat-counter");
    this.#strings = strings;
    this.#store = store;
    this.on = on;
    this.#attachments = new Attachments({
      ...attachments,
      strings,
      on: { change: () => this.#fit(), done: () => this.focus() },
    });
    this.#recorder = new Recorder({
      field: form.querySelector(".chat-field"),
      strings,
      on: { send: (file) => this.on.send("", [file]), problem: (words) => this.#attachments.complain(words) },
    });
    // What was typed before this script was there is not lost to the draft of another day.
    this.#field.value ||= store.draft;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("paste", (event) => this.#paste(event));
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#fit();
  }

  /** Nobody looks: the microphone is let go. */
  leave() {
    this.#recorder.halt();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Somebody else is here now: what the one before wrote and chose is not theirs. */
  restart() {
    this.#field.value = this.#store.draft;
    this.#attachments.clear();
    this.#recorder.cancel();
    this.#stopTyping();
    this.#fit();
  }

  /** Puts a text back in front of what is being written, and its files. */
  putBack({ text, files }) {
    this.#attachments.add(files);
    this.#field.value = [text, this.#field.value].filter(Boolean).join("\n");
    this.#changed();
    this.focus();
  }

  #key(event) {
    // Safari ends a composition before it reports its Enter; 229 is the code all browsers give that key.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !composing) {
      event.preventDefault();
      this.#send();
    }
  }

  /* A picture in the clipboard is sent as one; with words beside it (from a text program) the words are meant. */
  #paste(event) {
    const pasted = event.clipboardData;
    if (pasted?.files.length && !pasted.types.includes("text/plain")) {
      event.preventDefault();
      this.#attachments.add(pasted.files);
    }
  }

  #send() {
    const text = this.#field.value.trim();
    const files = this.#attachments.files;
    if ((!text && files.length === 0) || this.#tooLong() > 0) {
      return;
    }
    this.#field.value = "";
    this.#attachments.clear();
    this.#stopTyping();
    this.on.send(text, files);
    this.#fit();
    this.focus();
  }

  #changed() {
    this.#fit();
    const now = Date.now();
    clearTimeout(this.#typing.timer);
    if (!this.#field.value.trim()) {
      this.#stopTyping();
      return;
    }
    if (now - this.#typing.told > typingEvery) {
      this.#typing.told = now;
      this.#typing.on = true;
      this.on.typing(true);
    }
    this.#typing.timer = setTimeout(() => this.#stopTyping(), typingEndsAfter);
  }

  #stopTyping() {
    clearTimeout(this.#typing.timer);
    if (this.#typing.on) {
      this.on.typing(false);
    }
    this.#typing = { told: 0, timer: 0, on: false };
  }

  /* Counts what is seen as one sign, as the server does; where a browser cannot, code points, which are never fewer. */
  #tooLong() {
    const text = this.#field.value.trim();
    if (text.length <= this.#store.textLimit / 2) {
      return text.length - this.#store.textLimit;
    }
    const signs = Intl.Segmenter ? new Intl.Segmenter().segment(text) : text;
    return Array.from(signs).length - this.#store.textLimit;
  }

  #fit() {
    this.#store.draft = this.#field.value;
    this.#field.style.blockSize = "auto";
    // In a frame that is not shown nothing has a height; one line is right then.
    this.#field.style.blockSize = this.#field.scrollHeight ? `${this.#field.scrollHeight}px` : "auto";
    const over = this.#tooLong();
    const near = over > -Math.min(countFrom, this.#store.textLimit / 4);
    this.#counter.hidden = !near;
    this.#field.setAttribute("aria-invalid", String(over > 0));
    this.#counter.dataset.state = over > 0 ? "over" : "near";
    const words = over > 0 ? this.#strings.over : this.#strings.left;
    this.#counter.textContent = near ? format(words, { count: Math.abs(over) }) : "";
    this.#button.disabled = over > 0 || (!this.#field.value.trim() && this.#attachments.files.length === 0);
  }
}
