/*
 * Frame: what the chat and the page around it (embed.js) tell one another. Only the parent window is listened to, and
 * it is answered at the origin it spoke from; no word of the conversation goes out, only counts and states.
 *
 *   in:  hello {open, page}   open {open}
 *   out: ready   visitor (a conversation exists)   unread {count}   message {from}   close
 */

const label = "support-chat";

export class Frame {
  #origin = null;
  #waiting = [];

  /** `on`: {hello({open, page}), open(boolean)} */
  constructor(on) {
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || event.data?.label !== label || event.origin === "null") {
        return;
      }
      if (event.data.type === "hello" && this.#origin === null) {
        this.#origin = event.origin;
        on.hello({ open: event.data.open === true, page: ownPage(event.data.page, event.origin) });
        this.tell("ready");
        this.#waiting.splice(0).forEach(([type, fields]) => this.tell(type, fields));
      } else if (event.data.type === "open" && event.origin === this.#origin) {
        on.open(event.data.open === true);
      }
    });
  }

  /** Tells the page around; before it has said hello, it waits. */
  tell(type, fields = {}) {
    if (this.#origin === null) {
      this.#waiting.push([type, fields]);
    } else {
      window.parent.postMessage({ ...fields, label, type }, this.#origin);
    }
  }
}

/* The page a visitor writes from: believed only where it lies at the origin that said so. */
function ownPage(page, origin) {
  return typeof page === "string" && page.startsWith(`${origin}/`) ? page.slice(0, 500) : `${origin}/`;
}
