/*
 * Typing: the line that says that somebody writes.
 */

import { format } from "../chat-strings.js";

const endsAfter = 30_000;

export class Typing {
  #line;
  #words;
  #strings;
  #timer = 0;

  /** `line`: the element, and `words`: the place in it for what it says. */
  constructor({ line, words, strings }) {
    this.#line = line;
    this.#words = words;
    this.#strings = strings;
  }

  /** Somebody, `who` "bot" or a person by `name`, writes or has stopped. */
  show({ on, who, name }) {
    clearTimeout(this.#timer);
    const strings = this.#strings;
    const human = name ? format(strings.typingHuman, { name }) : strings.typingSomebody;
    this.#line.hidden = !on;
    this.#words.textContent = who === "bot" ? strings.typingBot : human;
    if (on) {
      this.#timer = setTimeout(() => this.show({ on: false }), endsAfter);
    }
  }
}
