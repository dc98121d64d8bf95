/*
 * Requests: the chat's HTTP half. A bearer token per visitor, no cookie. Sessions begin with the first message, so
 * looking at the page leaves no row behind.
 */

const deadline = 15_000;
const fileDeadline = 120_000;

/**
 * An answer that was no success. `permanent` tells a refusal from trouble that may pass; `code` and `fields` are the
 * server's, where it has them.
 */
export class RequestFailed extends Error {
  constructor(status, detail, retryAfter, { code = "", fields = {} } = {}) {
    super(detail || `status ${status}`);
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.code = code;
    this.fields = fields;
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
  send(id, text) {
    return this.#say("messages", { client_msg_id: id, text });
  }

  /** POST files: the stored message with its files; the same id again gives the same one. */
  sendFiles(id, text, files) {
    const form = new FormData();
    form.set("client_msg_id", id);
    form.set("text", text);
    files.forEach((file) => form.append("files", file, file.name));
    return this.#say("files", form);
  }

  async #say(path, body) {
    const who = this.#store.who;
    try {
      return (await this.#asVisitor("POST", path, body, await this.#token())).message;
    } catch (error) {
      // What one has written is not sent as somebody else.
      if (error.status !== 401 || this.#store.who !== who) {
        throw error;
      }
      return (await this.#asVisitor("POST", path, body, await this.#token())).message;
    }
  }

  /** POST session: begins as a visitor who says this of themselves. */
  begin(details) {
    return this.#open(details);
  }

  /** POST session: begins as the person whom the site's word names; {token, visitor_id, person}. */
  identify(identity) {
    return this.#call("POST", "session", { ...this.#sessionFields(), identity }, this.#store.personToken);
  }

  /** GET messages: {messages, last_seq, state}. `query`: {after} or {before} or nothing for the newest. */
  messages(query = {}) {
    const parameters = new URLSearchParams(query).toString();
    return this.#asVisitor("GET", parameters ? `messages?${parameters}` : "messages", null, this.#store.token);
  }

  /** GET a picture or a document by its address below the chat's: a Blob. */
  async file(path) {
    const response = await fetch(this.#base + path, {
      headers: { Authorization: `Bearer ${this.#store.token}` },
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(fileDeadline),
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
    return this.#open({});
  }

  #open(details) {
    this.#opening ??= this.#openSession(details).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openSession(details) {
    const open = async () => {
      if (this.#store.token) {
        return this.#store.token;
      }
      const session = await this.#call("POST", "session", { ...this.#sessionFields(), ...details }, null);
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
    const isForm = body instanceof FormData;
    if (body && !isForm) {
      headers["Content-Type"] = "application/json";
    }
    if (token) {
      headers.Authorization = `Bearer ${token}`;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), isForm ? fileDeadline : deadline);
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers,
        body: body && !isForm ? JSON.stringify(body) : (body ?? undefined),
        credentials: "omit",
        cache: "no-store",
        // A page that is being left may still send words, and browsers send no more than these.
        keepalive: method === "POST" && !isForm,
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
    const said = { code: answer?.code, fields: answer?.fields };
    throw new RequestFailed(response.ok ? 502 : response.status, detail, Number.isFinite(seconds) ? seconds : null, said);
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
