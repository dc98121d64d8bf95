/*
 * Embed: draws the chat's launcher and frame on a business's own page.
 *
 *   <script src="https://host/chat/embed.js" data-key="KEY" data-label="Chat with us" async></script>
 *
 *   data-key       the account's public key                  data-label   the button's and the window's name
 *   data-position  "end" (default) or "start" of the line    data-locale  en, de, es, it, nl; the browser's when left out
 *   data-identity  who is signed in here: a JSON Web Token that the site's server signed; nobody when left out
 *
 *   window.SupportChat: open(), close(), toggle(), identify(token), shutdown(), on(name, callback)
 *   identify() says that somebody signed in, and without a token that they signed out.
 *   names: "ready", "open", "close", "unread" (callback gets the count), "message" (callback gets who wrote), "identity"
 *   (callback gets {ok, reason}: not ok with identity_expired is the time for another token);
 *   on() returns a function that ends the subscription.
 *
 * No cookie. The page learns nothing of the conversation but counts and who wrote; the chat learns the page's address.
 */

(() => {
  "use strict";

  const script = document.currentScript ?? document.querySelector('script[data-key][src*="/chat/embed.js"]');
  const key = script?.dataset.key;
  if (!key || window.SupportChat) {
    return;
  }

  const label = "support-chat";
  const origin = new URL(script.src, window.location.href).origin;
  const knownVisitor = `support-chat:${key}:visitor`;
  const words = script.dataset.label || "Chat";
  const listeners = new Map();
  const phone = window.matchMedia("(max-width: 500px), (max-height: 480px)");
  const readySeconds = 8;
  const state = { open: false, loaded: false, ready: false, unread: 0, frame: null, overflow: "", returnTo: null };
  state.identity = script.dataset.identity ?? "";

  const css = `
    :host { all: initial; color-scheme: light dark; }
    [hidden] { display: none !important; }
    .launcher {
      position: fixed; inset-block-end: calc(20px + env(safe-area-inset-bottom)); z-index: 2147483000;
      display: flex; align-items: center; justify-content: center; gap: 10px;
      inline-size: 60px; block-size: 60px; padding: 0; border: 0; border-radius: 30px;
      background: #14594b; color: #fff; cursor: pointer;
      box-shadow: 0 2px 6px rgb(20 40 34 / 22%), 0 10px 28px rgb(20 40 34 / 26%);
      font: 600 16px/1.2 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", sans-serif;
      transition: background 140ms, transform 140ms;
    }
    .launcher:hover { background: #0e463b; transform: translateY(-1px); }
    .launcher:focus-visible { outline: 3px solid #fff; outline-offset: 0; box-shadow: 0 0 0 6px #1d67c9; }
    .launcher svg { inline-size: 30px; block-size: 30px; }
    .end { inset-inline-end: 20px; }
    .start { inset-inline-start: 20px; }
    .badge {
      position: absolute; inset-block-start: -3px; inset-inline-end: -3px; min-inline-size: 22px; block-size: 22px;
      padding-inline: 6px; box-sizing: border-box; border: 2px solid #fff; border-radius: 11px;
      background: #b02a20; color: #fff; font-size: 12px; line-height: 18px; text-align: center;
    }
    .panel {
      position: fixed; inset-block-end: calc(92px + env(safe-area-inset-bottom)); z-index: 2147483001;
      inline-size: 392px; block-size: min(680px, calc(100vh - 116px)); overflow: hidden;
      border: 1px solid rgb(110 120 112 / 30%); border-radius: 18px; background: Canvas;
      box-shadow: 0 6px 16px rgb(20 40 34 / 12%), 0 24px 64px rgb(20 40 34 / 26%);
    }
    .panel.is-full { inset: 0; inline-size: 100%; block-size: 100%; border: 0; border-radius: 0; }
    .panel:not([hidden]) { animation: rise 180ms cubic-bezier(0.2, 0, 0.1, 1); }
    iframe { display: block; inline-size: 100%; block-size: 100%; border: 0; }
    .elsewhere {
      display: flex; align-items: center; justify-content: center; block-size: 100%; color: LinkText;
      font: 600 17px/1.4 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", sans-serif;
    }
    .hidden-words { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
    @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
    @media (prefers-reduced-motion: reduce) { .launcher, .panel { animation: none !important; transition: none; } }
    @media print { .launcher, .panel { display: none; } }
  `;

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  // A constructed sheet is allowed where the page's policy forbids inline styles.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const side = script.dataset.position === "start" ? "start" : "end";
  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.className = `launcher ${side}`;
  launcher.setAttribute("aria-haspopup", "dialog");
  launcher.setAttribute("aria-expanded", "false");
  const glyph = drawing(
    "M4 12.2C4 7.9 7.7 4.7 12.2 4.7s8.2 3.2 8.2 7.5-3.7 7.5-8.2 7.5H5.6A1.6 1.6 0 0 1 4 18.1ZM8.8 10.6h6.8M8.8 14h4.2",
  );
  const cross = drawing("m6.5 9.5 5.5 5.5 5.5-5.5");
  cross.setAttribute("hidden", "");
  const name = document.createElement("span");
  name.className = "hidden-words";
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.hidden = true;
  badge.setAttribute("aria-hidden", "true");
  launcher.append(glyph, cross, name, badge);
  const panel = document.createElement("div");
  panel.className = `panel ${side}`;
  panel.hidden = true;
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", words);
  root.append(launcher, panel);

  function drawing(path) {
    const namespace = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(namespace, "svg");
    const line = document.createElementNS(namespace, "path");
    const look = { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "aria-hidden": "true" };
    const stroke = { "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round", d: path };
    Object.entries(look).forEach(([attribute, value]) => svg.setAttribute(attribute, value));
    Object.entries(stroke).forEach(([attribute, value]) => line.setAttribute(attribute, value));
    svg.append(line);
    return svg;
  }

  function emit(event, value) {
    for (const callback of listeners.get(event) ?? []) {
      try {
        callback(value);
      } catch (error) {
        // One listener's trouble is the page's to see, and keeps nothing from the others.
        window.setTimeout(() => {
          throw error;
        });
      }
    }
  }

  function tell(type, fields) {
    // Before it is loaded the frame is nobody's; what it must know then is in the hello.
    if (state.loaded) {
      state.frame.contentWindow?.postMessage({ ...fields, label, type }, origin);
    }
  }

  /* The frame is loaded at the first opening, or at once for a visitor who has chatted before. */
  function loadFrame() {
    if (state.frame) {
      return;
    }
    const address = new URL(`/chat/${encodeURIComponent(key)}/`, origin);
    address.searchParams.set("embedded", "1");
    if (script.dataset.locale) {
      address.searchParams.set("locale", script.dataset.locale);
    }
    const frame = document.createElement("iframe");
    frame.title = words;
    frame.referrerPolicy = "origin";
    // For voice notes; the browser still asks the visitor.
    frame.allow = "microphone";
    frame.addEventListener("load", () => {
      const page = `${window.location.origin}${window.location.pathname}`;
      state.loaded = true;
      tell("hello", { open: state.open, page, identity: state.identity });
      window.setTimeout(() => state.ready || offerElsewhere(address), readySeconds * 1000);
    });
    state.frame = frame;
    frame.src = address.href;
    panel.append(frame);
  }

  /* A site that the account does not list may not frame the chat; its visitors get to it all the same. */
  function offerElsewhere(address) {
    console.warn(`The chat may not be shown on ${window.location.origin}. Add this site to the account's origins.`);
    address.searchParams.delete("embedded");
    const link = document.createElement("a");
    link.className = "elsewhere";
    link.href = address.href;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = `${words} ↗`;
    state.frame?.replaceWith(link);
  }

  function remember() {
    try {
      localStorage.setItem(knownVisitor, "1");
    } catch {
      // Without storage the badge waits for the first opening.
    }
  }

  function isKnown() {
    try {
      return localStorage.getItem(knownVisitor) === "1";
    } catch {
      return false;
    }
  }

  function show() {
    const full = phone.matches;
    panel.classList.toggle("is-full", full);
    panel.setAttribute("aria-modal", String(full));
    panel.hidden = !state.open;
    launcher.hidden = state.open && full;
    launcher.setAttribute("aria-expanded", String(state.open));
    glyph.toggleAttribute("hidden", state.open);
    cross.toggleAttribute("hidden", !state.open);
    badge.hidden = state.open || state.unread === 0;
    badge.textContent = state.unread > 99 ? "99+" : String(state.unread);
    name.textContent = state.unread > 0 && !state.open ? `${words} (${state.unread})` : words;
    document.documentElement.style.overflow = state.open && full ? "hidden" : state.overflow;
    fitKeyboard();
  }

  /* The keyboard of a phone covers a fixed panel; what is left to see is the visual viewport. */
  function fitKeyboard() {
    const viewport = window.visualViewport;
    const full = state.open && phone.matches && viewport;
    panel.style.blockSize = full ? `${viewport.height}px` : "";
    panel.style.insetBlockStart = full ? `${viewport.offsetTop}px` : "";
  }

  function open() {
    if (state.open) {
      return;
    }
    state.open = true;
    state.overflow = document.documentElement.style.overflow;
    state.returnTo = document.activeElement;
    show();
    loadFrame();
    state.frame.focus();
    tell("open", { open: true });
    emit("open");
  }

  function close() {
    if (!state.open) {
      return;
    }
    const hadFocus = root.activeElement !== null;
    state.open = false;
    show();
    tell("open", { open: false });
    if (hadFocus) {
      const before = state.returnTo;
      (before && before !== document.body && before !== host && before.isConnected ? before : launcher).focus();
    }
    emit("close");
  }

  function identify(token) {
    state.identity = typeof token === "string" ? token : "";
    tell("identity", { identity: state.identity });
  }

  function receive(event) {
    const ours = state.frame !== null && event.source === state.frame.contentWindow && event.origin === origin;
    if (!ours || event.data?.label !== label) {
      return;
    }
    if (event.data.type === "ready" && !state.ready) {
      state.ready = true;
      emit("ready");
    } else if (event.data.type === "unread" && Number.isInteger(event.data.count)) {
      if (event.data.count !== state.unread) {
        state.unread = event.data.count;
        show();
        emit("unread", state.unread);
      }
    } else if (event.data.type === "message") {
      emit("message", String(event.data.from));
    } else if (event.data.type === "visitor") {
      remember();
    } else if (event.data.type === "identity") {
      const ok = event.data.ok === true;
      const reason = String(event.data.reason ?? "");
      if (!ok) {
        console.warn(`The chat goes on with a guest: ${String(event.data.detail ?? reason)}`);
      }
      emit("identity", { ok, reason });
    } else if (event.data.type === "close") {
      close();
    }
  }

  function onKey(event) {
    if (event.key === "Escape" && state.open && event.target === host) {
      close();
    }
  }

  function shutdown() {
    document.documentElement.style.overflow = state.open ? state.overflow : document.documentElement.style.overflow;
    window.removeEventListener("message", receive);
    document.removeEventListener("keydown", onKey);
    phone.removeEventListener("change", show);
    window.visualViewport?.removeEventListener("resize", fitKeyboard);
    window.visualViewport?.removeEventListener("scroll", fitKeyboard);
    host.remove();
    listeners.clear();
    delete window.SupportChat;
  }

  launcher.addEventListener("click", () => (state.open ? close() : open()));
  window.addEventListener("message", receive);
  document.addEventListener("keydown", onKey);
  phone.addEventListener("change", show);
  window.visualViewport?.addEventListener("resize", fitKeyboard);
  window.visualViewport?.addEventListener("scroll", fitKeyboard);

  window.SupportChat = Object.freeze({
    open,
    close,
    toggle: () => (state.open ? close() : open()),
    identify,
    shutdown,
    on(event, callback) {
      const callbacks = listeners.get(event) ?? new Set();
      callbacks.add(callback);
      listeners.set(event, callbacks);
      return () => callbacks.delete(callback);
    },
  });

  function begin() {
    show();
    document.body.append(host);
    if (isKnown()) {
      loadFrame();
    }
  }

  if (document.body) {
    begin();
  } else {
    document.addEventListener("DOMContentLoaded", begin, { once: true });
  }
})();
