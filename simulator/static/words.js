// The page's words: faults in plain language, log rows as sentences, messages in one line.

export const FAULTS = [
  ["When the product sends", [
    ["TikTok answers “server error” (503)", { where: "send", kind: "http_503" }],
    ["“Slow down”: HTTP 429, wait 5 s", { where: "send", kind: "http_429", seconds: 5 }],
    ["“Too many requests” (code 40100)", { where: "send", kind: "code_40100" }],
    ["“System error” (code 51065)", { where: "send", kind: "code_51065" }],
    ["Delivered, but no answer ever comes", { where: "send", kind: "timeout_after_accept", seconds: 30 }],
    ["Delivered, then the line is cut", { where: "send", kind: "reset_after_accept" }],
    ["Delivered, but the answer is a web page", { where: "send", kind: "html_200" }],
    ["Every call takes 9 seconds", { where: "api", kind: "slow", seconds: 9 }],
    ["The access token is refused (40105)", { where: "api", kind: "code_40105" }],
  ]],
  ["When somebody writes", [
    ["The message arrives twice", { where: "webhook", kind: "duplicate" }],
    ["The next message overtakes it", { where: "webhook", kind: "reorder", seconds: 3 }],
    ["It arrives 30 seconds late", { where: "webhook", kind: "late", seconds: 30 }],
    ["The echo of a reply is lost", { where: "webhook", kind: "drop_echo" }],
    ["A forged message comes along", { where: "webhook", kind: "forge" }],
  ]],
];

const KINDS = {
  image: "Picture", video: "Video", sticker: "Sticker", emoji: "Emoji",
  share_post: "Shared post", template: "Card", reaction: "Reaction",
};

export function preview(message) {
  if (!message) return "No message yet";
  if (message.type === "text") return message.content.body;
  if (message.type === "template") return message.content.title;
  if (message.type === "reaction") return `Reacted ${message.content[0]?.emoji ?? ""}`;
  return KINDS[message.type] ?? `Unknown type “${message.type}”`;
}

export function clock(milliseconds, seconds = false) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(milliseconds).toLocaleTimeString([], seconds ? { ...options, second: "2-digit" } : options);
}

export function day(milliseconds) {
  const date = new Date(milliseconds);
  if (date.toDateString() === new Date().toDateString()) return `Today, ${clock(milliseconds)}`;
  return date.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
}

function quoted(content) {
  const body = content?.body ?? content?.title ?? "";
  return body.length > 60 ? `“${body.slice(0, 58)}…”` : body ? `“${body}”` : "";
}

// [class, what, the rest]
export function sentence(row) {
  const { detail } = row;
  switch (row.kind) {
    case "customer":
      if (row.name === "say") return ["said", "Customer", `${detail.type === "text" ? "" : detail.type + " "}${quoted(detail.content)}`];
      return ["said", "Customer", row.name === "read" ? "read the thread" : row.name === "referral" ? `came by ${detail.source === "ad" ? "an advertisement" : "a short link"}` : row.name];
    case "business":
      return ["said", detail.source === "OTHERS" ? "Automatic" : "Colleague", quoted(detail.content) || detail.type];
    case "accepted":
      return ["accepted", "Reply delivered", quoted(detail.content) || detail.type];
    case "webhook": {
      const good = row.status === 200;
      const forged = detail.variant === "forged";
      const result = good ? `200 in ${detail.ms} ms` : `${row.status || detail.error || "no answer"}${detail.again_in ? `, again in ${Math.round(detail.again_in)} s` : ""}`;
      return [good === forged ? "failed" : "webhook", forged ? "Forgery" : "Webhook", `${row.name} → ${result}${detail.variant !== "honest" && !forged ? ` (${detail.variant})` : ""}`];
    }
    case "fault":
      return ["fault", "Fault", `${row.name.replaceAll("_", " ")}${detail.where ? ` at ${detail.where}` : ""}`];
    case "call":
      return [row.code === 0 ? "call" : "failed", "Call", `${row.name.replaceAll("_", " ")} → ${row.code === 0 ? "ok" : row.code > 0 ? `code ${row.code}` : row.status || "cut"}`];
    default:
      return ["control", "Control", row.name];
  }
}
