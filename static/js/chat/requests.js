/*
 * Requests: the chat's HTTP half. A bearer token per visitor, no cookie. Sessions begin with the first message, so
 * looking at the page leaves no row behind.
 */

const deadline = 15_000;
const pictureDeadline = 120_000;

/** An answer that was no success. `permanent` tells a refusal from trouble that may pass. */
export class RequestFailed extends Error {
  constructor(status, detail, retryAfter) {
    super(detail || `status ${status}`);
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.permanent = status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);
  }
}

export class Requests {
  #base;
  #store;
  #opening = null;
  #sessionFields;

  /**
   * `base`: address of the chat ending in a slash. `sessionFields()`: {locale, page} for a new session.
   * `onNewSession()`: earlier sequence numbers mean nothing any more. `onTokenLost()`: the server forgot this visitor.
   */
  constructor({ base, store, sessionFields, onNewSession, onTokenLost }) {
    this.#base = base;
    this.#store = store;
    this.#sessionFields = sessionFields;
    this.onNewSession = onNewSession;
    this.onTokenLost = onTokenLost;
  }

  /** POST messages: the stored message; the same id again gives the same one. */
  async send(id, text) {
    const body = { client_msg_id: id, text };
    try {
      return (await this.#asVisitor("POST", "messages", body, await this.#token())).message;
    } catch (error) {
      if (error.status !== 401) {
        throw error;
      }
      return (await this.#asVisitor("POST", "messages", body, await this.#token())).message;
    }
  }

  /** GET messages: {messages, last_seq, state}. `query`: {after} or {before} or nothing for the newest. */
  messages(query = {}) {
    const parameters = new URLSearchParams(query).toString();
    return this.#asVisitor("GET", parameters ? `messages?${parameters}` : "messages", null, this.#store.token);
  }

  /** GET a picture by its address below the chat's: a Blob. */
  async picture(path) {
    const response = await fetch(this.#base + path, {
      headers: { Authorization: `Bearer ${this.#store.token}` },
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(pictureDeadline),
    });
    if (!response.ok) {
      throw new RequestFailed(response.status, "", null);
    }
    return response.blob();
  }

  /** POST seen: everything up to this sequence number was on the screen. */
  seen(seq) {
    return this.#asVisitor("POST", "seen", { seq }, this.#store.token);
  }

  /** Gives up a token the server does not know, unless another tab has already replaced it. */
  renounce(token) {
    if (token && this.#store.token === token) {
      this.#store.token = null;
      this.onTokenLost();
    }
  }

  /* The token, from the store or from a new session. */
  #token() {
    if (this.#store.token) {
      return this.#store.token;
    }
    this.#opening ??= this.#openSession().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openSession() {
    const open = async () => {
      if (this.#store.token) {
        return this.#store.token;
      }
      const session = await this.#call("POST", "session", this.#sessionFields(), null);
      this.#store.token = session.token;
      this.#store.textLimit = session.limits?.text ?? this.#store.textLimit;
      this.onNewSession();
      return session.token;
    };
    return oneTabAtATime(`support-chat ${this.#base}`, open);
  }

  async #asVisitor(method, path, body, token) {
    if (!token) {
      throw new RequestFailed(401, "", null);
    }
    try {
      return await this.#call(method, path, body, token);
    } catch (error) {
      if (error.status === 401) {
        this.renounce(token);
      }
      throw error;
    }
  }

  async #call(method, path, body, token) {
    const headers = { Accept: "application/json" };
    if (body) {
      headers["Content-Type"] = "application/json";
    }
    if (token) {
      headers.Authorization = `Bearer ${token}`;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), deadline);
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers,
        body: body ? JSON.stringify(body) : undefined,
        credentials: "omit",
        cache: "no-store",
        keepalive: method === "POST",
        signal: controller.signal,
      });
      return await readAnswer(response);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function readAnswer(response) {
  if (response.status === 204) {
    return null;
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // A proxy's error page is no JSON; the status says enough.
  }
  if (!response.ok || answer === null) {
    const detail = typeof answer?.detail === "string" ? answer.detail : "";
    const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
    throw new RequestFailed(response.ok ? 502 : response.status, detail, Number.isFinite(seconds) ? seconds : null);
  }
  return answer;
}

/* Two tabs of one visitor share a session. A frame that may not store anything may not lock anything either. */
async function oneTabAtATime(name, work) {
  if (!navigator.locks) {
    return work();
  }
  try {
    return await navigator.locks.request(name, work);
  } catch (error) {
    if (error.name === "SecurityError") {
      return work();
    }
    throw error;
  }
}
