/*
 * Store: what a visitor's browser keeps for one chat account: the token, the limits and the messages not yet accepted.
 * Where storage is blocked (some browsers do so inside a frame) it lasts as long as the page.
 */

export class Store {
  #prefix;
  #memory = new Map();

  constructor(accountKey) {
    this.#prefix = `support-chat:${accountKey}:`;
  }

  /** The visitor's bearer token, or null. */
  get token() {
    return this.#read("token");
  }

  set token(value) {
    this.#write("token", value);
  }

  /** Longest message the account takes, in characters. */
  get textLimit() {
    return this.#read("limit") ?? 4000;
  }

  set textLimit(value) {
    this.#write("limit", value);
  }

  /** Messages not yet accepted, oldest first: {id, text, createdAt, refusal}. */
  get outbox() {
    const kept = this.#read("outbox");
    return Array.isArray(kept) ? kept : [];
  }

  /** Keeps one message, or its new refusal. Other tabs' messages stay. */
  keep(item) {
    const others = this.outbox.filter((kept) => kept.id !== item.id);
    this.#write("outbox", [...others, item].sort((one, other) => one.createdAt.localeCompare(other.createdAt)));
  }

  /** Forgets one message. */
  drop(id) {
    this.#write("outbox", this.outbox.filter((kept) => kept.id !== id));
  }

  /** What stands in the composer, so that a reload keeps it. */
  get draft() {
    return this.#read("draft") ?? "";
  }

  set draft(text) {
    this.#write("draft", text || null);
  }

  /** Calls back when another tab starts a new session. */
  onTokenChange(callback) {
    window.addEventListener("storage", (event) => {
      if (event.key === `${this.#prefix}token` && event.newValue !== event.oldValue) {
        callback();
      }
    });
  }

  #read(name) {
    try {
      const stored = localStorage.getItem(this.#prefix + name);
      return stored === null ? (this.#memory.get(name) ?? null) : JSON.parse(stored);
    } catch {
      return this.#memory.get(name) ?? null;
    }
  }

  #write(name, value) {
    this.#memory.delete(name);
    try {
      if (value === null) {
        localStorage.removeItem(this.#prefix + name);
      } else {
        localStorage.setItem(this.#prefix + name, JSON.stringify(value));
      }
    } catch {
      this.#memory.set(name, value);
    }
  }
}
