/*
 * Frame: what the chat and the page around it (embed.js) tell one another. Only the parent window is listened to, and
 * it is answered at the origin it spoke from; no word of the conversation goes out, only counts and states.
 *
 *   in:  hello {open, page, identity}   open {open}   identity {identity}: the site's signed word on who is there, or ""
 *   out: ready   visitor (a conversation exists)   unread {count}   message {from}   close
 *        identity {ok, reason}: whether that word was believed; reason is identity_invalid or identity_expired
 */

const label = "support-chat";

export class Frame {
  #origin = null;
  #waiting = [];

  /** `on`: {hello({open, page, identity}), open(boolean), identity(text)} */
  constructor(on) {
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || event.data?.label !== label || event.origin === "null") {
        return;
      }
      if (event.data.type === "hello" && this.#origin === null) {
        this.#origin = event.origin;
        const { open, page, identity } = event.data;
        on.hello({ open: open === true, page: ownPage(page, event.origin), identity: textOf(identity) });
        this.tell("ready");
        this.#waiting.splice(0).forEach(([type, fields]) => this.tell(type, fields));
      } else if (event.data.type === "open" && event.origin === this.#origin) {
        on.open(event.data.open === true);
      } else if (event.data.type === "identity" && event.origin === this.#origin) {
        on.identity(textOf(event.data.identity));
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

function textOf(value) {
  return typeof value === "string" ? value : "";
}

/* The page a visitor writes from: believed only where it lies at the origin that said so. */
function ownPage(page, origin) {
  return typeof page === "string" && page.startsWith(`${origin}/`) ? page.slice(0, 500) : `${origin}/`;
}
