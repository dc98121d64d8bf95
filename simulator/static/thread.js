// One conversation as the customer's telephone shows it.

import { clock, day, preview } from "./words.js";

const GAP = 20 * 60 * 1000;

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function inside(message, find, press) {
  const { content, type } = message;
  if (type === "image") {
    return element("div", { class: "bubble picture" }, element("img", { src: `/_sim/media/${content.media_id}`, alt: "Picture" }));
  }
  if (type === "sticker" || type === "emoji") {
    return element("div", { class: "bubble bare" }, element("img", { src: new URL(content.url).pathname, alt: "Sticker" }));
  }
  if (type === "template") {
    const buttons = content.buttons.map((button) => element("button", { type: "button", onclick: () => press(message, button) }, button.title));
    return element("div", { class: "bubble card" }, content.title, ...buttons);
  }
  if (type === "text") {
    const about = message.referenced_message_id ? find(message.referenced_message_id) : null;
    const quote = about ? element("span", { class: "quote" }, preview(about)) : null;
    return element("div", { class: "bubble" }, quote, content.body);
  }
  return element("div", { class: "bubble odd" }, preview(message));
}

function caption(message, next, seen) {
  if (message.direction === "out" && message.source !== "API") {
    const who = message.auto_message_type ? "Automatic message" : "Colleague in TikTok";
    return element("span", { class: "caption byhand" }, `${who} · ${clock(message.at_ms)}`);
  }
  const last = !next || next.direction !== message.direction || next.at_ms - message.at_ms > GAP;
  if (!last) return null;
  const text = clock(message.at_ms) + (seen ? " · Seen" : "");
  return element("span", { class: "caption" }, text);
}

// Builds the thread's nodes, oldest first.
export function lines(messages, conversation, press) {
  const byId = new Map(messages.map((message) => [message.message_id, message]));
  const nodes = [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    if (!before || message.at_ms - before.at_ms > GAP) nodes.push(element("p", { class: "day" }, day(message.at_ms)));
    const mine = message.direction === "in";
    const first = !before || before.direction !== message.direction;
    const seen = mine && message.at_ms <= conversation.business_read;
    nodes.push(element(
      "div",
      { class: `line${mine ? " mine" : ""}${first ? " first" : ""}` },
      inside(message, (id) => byId.get(id), press),
      caption(message, messages[index + 1], seen),
    ));
  });
  if (conversation.typing_until > Date.now()) {
    nodes.push(element("div", { class: "line first" }, element("div", { class: "bubble dots", "aria-label": "Typing" }, element("i"), element("i"), element("i"))));
  }
  return nodes;
}
