/*
 * Reveal: an answer that is here as a whole appears as it would be written, the first words at once. The message's own
 * words are in the page from the beginning and stay as they are, only out of sight: screen readers are told them once and
 * whole. What is seen meanwhile is a copy that they pass over, and that goes when it has all words.
 */

import { linked } from "./text.js";

const wordEvery = 80;
const wholeWithin = 4_000;
const wordsAtOnce = 3;
const lookEvery = 40;

export class Reveal {
  #hint;
  #still = window.matchMedia("(prefers-reduced-motion: reduce)");
  #shown = null;

  /** `hint`: what is said of a link's new tab. */
  constructor({ hint }) {
    this.#hint = hint;
  }

  /** Shows the words of a message's element little by little: about three times as fast as one reads. */
  begin(element, text) {
    this.finish();
    // An address has no blank in it, so none is ever shown in part.
    const words = text.match(/\s*\S+/gu) ?? [];
    if (this.#still.matches || words.length <= wordsAtOnce) {
      return;
    }
    const whole = element.querySelector(".chat-words");
    const copy = document.createElement("p");
    copy.className = "chat-so-far";
    copy.dir = getComputedStyle(whole).direction;
    copy.setAttribute("aria-hidden", "true");
    whole.after(copy);
    element.classList.add("is-revealing");
    const pace = Math.min(wordEvery, wholeWithin / words.length);
    const shown = { element, copy, words, pace, next: 0, begun: performance.now(), timer: 0 };
    this.#shown = shown;
    this.#show(shown);
    // By the clock and not by counting: a browser that wakes this page rarely shows as much as is due.
    shown.timer = setInterval(() => this.#show(shown), lookEvery);
  }

  /** Shows all of it now. */
  finish() {
    const shown = this.#shown;
    if (shown) {
      this.#shown = null;
      clearInterval(shown.timer);
      shown.element.classList.remove("is-revealing");
      shown.copy.remove();
    }
  }

  #show(shown) {
    const due = wordsAtOnce + Math.floor((performance.now() - shown.begun) / shown.pace);
    if (due >= shown.words.length) {
      this.finish();
      return;
    }
    if (due > shown.next) {
      const fresh = linked(shown.words.slice(shown.next, due).join(""), this.#hint);
      fresh.filter((node) => node instanceof Element).forEach((link) => (link.tabIndex = -1));
      shown.copy.append(...fresh);
      shown.next = due;
    }
  }
}
