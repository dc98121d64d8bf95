/*
 * Connection: keeps the page up to date. A websocket where it can be had, polling where not; after every break and on
 * every gap in the sequence numbers it asks for what is missing, so nothing depends on a frame having arrived.
 */

const pollEvery = 3_000;
const pollAtMost = 15_000;
const pollEagerlyEvery = 1_000;
const answerComesWithin = 15_000;
const pingEvery = 25_000;
const answerWithin = 10_000;
const reconnectAtMost = 30_000;
const tokenUnknown = 4401;

/** Random part of a delay, so that visitors do not come back all at once. */
export function jittered(delay) {
  return delay * (0.5 + Math.random() / 2);
}

export class Connection {
  #requests;
  #store;
  #socketUrl;
  #socket = null;
  #ready = false;
  #attempts = 0;
  #timers = { reconnect: 0, poll: 0, ping: 0, deadline: 0 };
  #pollDelay = pollEvery;
  #eagerUntil = 0;
  #catching = null;
  #generation = 0;
  #highest = 0;
  #saidBefore = 0;
  #running = false;

  /** Sequence number up to which nothing is missing. */
  cursor = 0;

  /** `on`: {messages(list, {newest, pushed}), state(S), typing(frame), status("live"|"polling"|"offline")} */
  constructor({ requests, store, socketUrl, on }) {
    this.#requests = requests;
    this.#store = store;
    this.#socketUrl = socketUrl;
    this.on = on;
    window.addEventListener("online", () => this.wake());
    window.addEventListener("pageshow", (event) => event.persisted && this.wake());
    window.addEventListener("pagehide", () => this.#closeSocket());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
  }

  /** Loads the newest messages and stays connected, from the beginning: a new session counts from 1. */
  start() {
    this.stop();
    this.#running = true;
    this.#attempts = 0;
    this.#poll();
  }

  /** Forgets where it was and stays silent until start(). */
  stop() {
    this.#running = false;
    this.#generation += 1;
    this.#catching = null;
    this.#highest = 0;
    this.cursor = 0;
    clearTimeout(this.#timers.poll);
    clearTimeout(this.#timers.reconnect);
    this.#closeSocket();
  }

  /** Comes back at once: the network is there again, or the visitor looks at the page again. */
  wake() {
    if (!this.#running) {
      return;
    }
    this.#pollDelay = pollEvery;
    if (this.#ready) {
      this.#ping();
    } else {
      this.#attempts = 0;
      this.#connect();
      this.#pollSoon(0);
    }
  }

  /** An answer is likely soon: where nothing is pushed, it is asked for more often until it can be there. */
  expect() {
    this.#eagerUntil = Date.now() + answerComesWithin;
    if (this.#ready) {
      // The conversation may have begun just now; at a ping the product looks whether it follows it.
      this.#ping();
    } else if (this.#running) {
      this.#pollSoon(pollEagerlyEvery);
    }
  }

  /** Sends a frame when the socket is open; says whether it did. */
  tell(frame) {
    if (!this.#ready || this.#socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Asks for everything after the cursor. One at a time; a second call waits for the same answer. */
  catchUp() {
    const generation = this.#generation;
    this.#catching ??= this.#catchUp(generation).finally(() => {
      if (generation === this.#generation) {
        this.#catching = null;
      }
    });
    return this.#catching;
  }

  async #catchUp(generation) {
    for (;;) {
      const known = this.#highest;
      const answer = await this.#requests.messages(this.cursor ? { after: this.cursor } : {});
      if (generation !== this.#generation) {
        return;
      }
      const top = answer.messages.reduce((highest, message) => Math.max(highest, message.seq), 0);
      this.on.messages(answer.messages, { newest: this.cursor === 0 });
      this.on.state(answer.state);
      // Numbers of rows a visitor never sees leave holes; what was pushed before the question is no longer missing.
      const first = this.cursor === 0;
      this.cursor = Math.max(this.cursor, top, known);
      if (first || top === 0 || this.cursor >= answer.last_seq) {
        return;
      }
    }
  }

  #take(message) {
    this.#highest = Math.max(this.#highest, message.seq);
    // What was said before the socket was there comes down it too, but was not written this moment.
    this.on.messages([message], { newest: false, pushed: message.seq > this.#saidBefore });
    if (message.seq === this.cursor + 1) {
      this.cursor = message.seq;
    } else if (message.seq > this.cursor) {
      this.catchUp().catch(() => this.#pollSoon(pollEvery));
    }
  }

  #connect() {
    if (!this.#store.token || this.#socket || !this.#running) {
      return;
    }
    clearTimeout(this.#timers.reconnect);
    const token = this.#store.token;
    let socket;
    try {
      socket = new WebSocket(this.#socketUrl);
    } catch {
      this.#reconnectLater();
      return;
    }
    this.#socket = socket;
    this.#expectAnswer();
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ type: "auth", token, after: this.cursor }));
    });
    socket.addEventListener("message", (event) => this.#socket === socket && this.#receive(event.data));
    socket.addEventListener("close", (event) => {
      if (this.#socket !== socket) {
        return;
      }
      if (event.code === tokenUnknown) {
        this.#requests.renounce(token);
      }
      this.#lost();
    });
  }

  #receive(data) {
    clearTimeout(this.#timers.deadline);
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === "ready") {
      this.#becomeReady(frame);
    } else if (frame.type === "message") {
      this.#take(frame.message);
    } else if (frame.type === "state") {
      this.on.state(frame.state);
    } else if (frame.type === "typing") {
      this.on.typing(frame);
    }
  }

  #becomeReady(frame) {
    this.#ready = true;
    this.#attempts = 0;
    this.#saidBefore = frame.last_seq;
    clearTimeout(this.#timers.poll);
    clearInterval(this.#timers.ping);
    this.#timers.ping = setInterval(() => this.#ping(), pingEvery);
    this.on.state(frame.state);
    this.on.status("live");
    if (frame.last_seq > this.cursor) {
      this.catchUp().catch(() => this.#pollSoon(pollEvery));
    }
  }

  #ping() {
    if (this.tell({ type: "ping" })) {
      this.#expectAnswer();
    }
  }

  #expectAnswer() {
    clearTimeout(this.#timers.deadline);
    this.#timers.deadline = setTimeout(() => {
      this.#closeSocket();
      this.#lost();
    }, answerWithin);
  }

  #lost() {
    this.#closeSocket();
    if (!this.#running) {
      return;
    }
    this.#reconnectLater();
    this.#pollSoon(jittered(1_000));
  }

  #closeSocket() {
    const socket = this.#socket;
    this.#socket = null;
    this.#ready = false;
    clearTimeout(this.#timers.deadline);
    clearInterval(this.#timers.ping);
    socket?.close();
  }

  #reconnectLater() {
    clearTimeout(this.#timers.reconnect);
    const delay = Math.min(reconnectAtMost, 1_000 * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#timers.reconnect = setTimeout(() => this.#connect(), jittered(delay));
  }

  #pollSoon(delay) {
    clearTimeout(this.#timers.poll);
    this.#timers.poll = setTimeout(() => this.#poll(), delay);
  }

  async #poll() {
    const generation = this.#generation;
    if (this.#ready) {
      return;
    }
    try {
      await this.catchUp();
      const visible = document.visibilityState === "visible";
      this.#pollDelay = visible ? pollEvery : Math.min(pollAtMost, this.#pollDelay * 1.5);
      if (!this.#ready && this.#attempts > 0) {
        this.on.status("polling");
      }
    } catch {
      this.#pollDelay = Math.min(pollAtMost, this.#pollDelay * 1.5);
      if (!this.#ready) {
        this.on.status("offline");
      }
    }
    if (!this.#ready && this.#running && generation === this.#generation) {
      // The socket comes after the first answer, so that it starts from a cursor and not from the beginning of time.
      if (this.#attempts === 0) {
        this.#connect();
      }
      this.#pollSoon(Date.now() < this.#eagerUntil ? pollEagerlyEvery : this.#pollDelay);
    }
  }
}
