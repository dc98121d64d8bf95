/*
 * Identity: what the site's word on who is here leads to. Believed, the person's own conversation is shown, the same on
 * every device; refused or taken back, the guest's. What is not known for want of a connection is asked again.
 */

import { jittered } from "./connection.js";

const delayAtMost = 30_000;

export class Identity {
  #requests;
  #store;
  #heard = 0;

  /** The person's name as the site says it, or an empty text. */
  name = "";

  /** Whether the site named somebody and was not believed. */
  isRefused = false;

  /** `on`: {changed() when somebody else is here now, told({ok, reason, detail}) for the page around} */
  constructor({ requests, store, on }) {
    this.#requests = requests;
    this.#store = store;
    this.on = on;
  }

  /** Whether the site has said anything yet. */
  get isHeard() {
    return this.#heard > 0;
  }

  /** The site says who is here: its signed word, or an empty text for nobody it knows. The last word counts. */
  async hear(word) {
    this.#heard += 1;
    const heard = this.#heard;
    if (!word) {
      this.#goOn({ isRefused: false });
      return;
    }
    for (let tries = 1; heard === this.#heard; tries += 1) {
      try {
        const session = await this.#requests.identify(word);
        if (heard === this.#heard) {
          this.#welcome(session);
        }
        return;
      } catch (error) {
        if (heard === this.#heard && (error.permanent || error.status === 401)) {
          this.#refuse(error.code || "identity_invalid", error.detail);
          return;
        }
        await new Promise((resolve) => {
          setTimeout(resolve, jittered(Math.min(delayAtMost, 1_000 * 2 ** tries)));
        });
      }
    }
  }

  /** The server believes this person no longer: their time is over, or they were erased. */
  end() {
    this.#heard += 1;
    this.#refuse("identity_expired", "");
  }

  #welcome({ token, visitor_id: id, person }) {
    this.#store.become(id, token);
    this.name = person.name;
    this.isRefused = false;
    this.on.changed();
    this.on.told({ ok: true, reason: "", detail: "" });
  }

  #refuse(reason, detail) {
    this.#goOn({ isRefused: true });
    this.on.told({ ok: false, reason, detail });
  }

  #goOn({ isRefused }) {
    this.#store.forgetPerson();
    this.name = "";
    this.isRefused = isRefused;
    this.on.changed();
  }
}
