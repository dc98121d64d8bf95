/*
 * Store: what a visitor's browser keeps for one chat account: the token, the limits and the messages not yet accepted.
 * Where storage is blocked (some browsers do so inside a frame) it lasts as long as the page.
 *
 * A guest and a person whom the site vouches for are kept apart: neither reads or sends what is the other's. What is a
 * person's goes when the site no longer says that they are there, since the next at this browser may be somebody else.
 */

const persons = "person:";
const kept = ["id", "token", "outbox", "draft"];

export class Store {
  #prefix;
  #scope = "";
  #memory = new Map();

  constructor(accountKey) {
    this.#prefix = `support-chat:${accountKey}:`;
  }

  /** Whether everything is read and kept as that of a person whom the site vouches for. */
  get isPerson() {
    return this.#scope === persons;
  }

  /** Whose things these are: a person's id, or an empty text for the guest. */
  get who() {
    return this.isPerson ? this.#read("id") : "";
  }

  /** The token that a person had here last, to be shown with the site's next word on them. */
  get personToken() {
    return this.#read("token", persons);
  }

  /** From now on everything is this person's. */
  become(id, token) {
    if (this.#read("id", persons) !== id) {
      this.forgetPerson();
    }
    this.#scope = persons;
    this.#write("id", id);
    this.token = token;
  }

  /** From now on everything is the guest's, and nothing of a person is left. */
  forgetPerson() {
    this.#scope = persons;
    kept.forEach((name) => this.#write(name, null));
    this.#scope = "";
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
    return this.#read("limit", "") ?? 4000;
  }

  set textLimit(value) {
    this.#write("limit", value, "");
  }

  /** Messages not yet accepted, oldest first: {id, text, createdAt, refusal}. */
  get outbox() {
    const found = this.#read("outbox");
    return Array.isArray(found) ? found : [];
  }

  /** Keeps one message, or its new refusal. Other tabs' messages stay. */
  keep(item) {
    const others = this.outbox.filter((known) => known.id !== item.id);
    this.#write("outbox", [...others, item].sort((one, other) => one.createdAt.localeCompare(other.createdAt)));
  }

  /** Forgets one message. */
  drop(id) {
    this.#write("outbox", this.outbox.filter((known) => known.id !== id));
  }

  /** What stands in the composer, so that a reload keeps it. */
  get draft() {
    return this.#read("draft") ?? "";
  }

  set draft(text) {
    this.#write("draft", text || null);
  }

  /** Calls back when another tab starts a new session, or ends a person's. */
  onTokenChange(callback) {
    window.addEventListener("storage", (event) => {
      if (event.key === `${this.#prefix}${this.#scope}token` && event.newValue !== event.oldValue) {
        callback();
      }
    });
  }

  #read(name, scope = this.#scope) {
    const key = scope + name;
    try {
      const stored = localStorage.getItem(this.#prefix + key);
      return stored === null ? (this.#memory.get(key) ?? null) : JSON.parse(stored);
    } catch {
      return this.#memory.get(key) ?? null;
    }
  }

  #write(name, value, scope = this.#scope) {
    const key = scope + name;
    this.#memory.delete(key);
    try {
      if (value === null) {
        localStorage.removeItem(this.#prefix + key);
      } else {
        localStorage.setItem(this.#prefix + key, JSON.stringify(value));
      }
    } catch {
      this.#memory.set(key, value);
    }
  }
}
