// The page: asks the simulator what is new whenever it rings, and gives it orders.

import { element, lines } from "./thread.js";
import { FAULTS, clock, preview, sentence } from "./words.js";

const NAMES = ["Jane Kowalski", "Omar Haddad", "Sofia Rossi", "Daniel Kim", "Anna Schmidt", "Lucas Moreau", "Maya Patel", "Noah Evans"];
const CHIPS = [
  ["Where is my order?"],
  ["I want to speak to a real person"],
  ["How much is the blue backpack?"],
  ["Wie lange dauert der Versand?"],
  ["hi", "quick question", "do you ship to Canada?"],
  ["This is broken and I am really angry!"],
];
const STICKERS = ["smile", "heart", "star", "sad"];
const LOG_ROWS = 80;
const REST = 250;

const by = (id) => document.getElementById(id);
const state = { apps: [], conversations: [], chosen: null, messages: [], drawn: "", rules: [], logged: 0 };

async function look(path) {
  const response = await fetch(`/_sim/${path}`);
  if (!response.ok) throw new Error(`The simulator answered ${response.status}.`);
  return response.json();
}

async function order(path, body, method = "POST") {
  const response = await fetch(`/_sim/${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) {
    toast(answer.error);
    throw new Error(answer.error);
  }
  return answer;
}

function toast(text) {
  by("toast").textContent = text;
  by("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { by("toast").hidden = true; }, 4000);
}

const accounts = () => state.apps.flatMap((app) => app.accounts.map((account) => ({ ...account, callback_url: app.callback_url })));
const chosen = () => state.conversations.find((each) => each.conversation_id === state.chosen) ?? null;

// Looking

let looking = false;
let again = false;

async function refresh() {
  if (looking) { again = true; return; }
  looking = true;
  try {
    const [apps, conversations, log, vitals, faults] = await Promise.all([
      look("apps"), look("conversations?limit=100"), look(`log?last=${LOG_ROWS}`), look("state?acked=0"), look("faults"),
    ]);
    Object.assign(state, { apps: apps.apps, conversations: conversations.conversations, rules: faults.rules });
    if (!chosen()) state.chosen = wanted() ?? state.conversations[0]?.conversation_id ?? null;
    arrived();
    state.messages = state.chosen ? (await look(`conversations/${encodeURIComponent(state.chosen)}/messages?last=200`)).messages : [];
    drawVitals(vitals);
    drawPeople();
    drawThread();
    drawFaults(vitals);
    drawLog(log.rows, vitals);
    markRead();
  } catch (error) {
    by("door").textContent = "The simulator does not answer";
    by("door").className = "pill bad";
    console.warn(error);
  } finally {
    setTimeout(() => { looking = false; if (again) { again = false; refresh(); } }, REST);
  }
}

function wanted() {
  const user = decodeURIComponent(location.hash.slice(1));
  return state.conversations.find((each) => each.user === user)?.conversation_id;
}

function listen() {
  const stream = new EventSource("/_sim/stream");
  stream.addEventListener("change", refresh);
  stream.addEventListener("open", refresh);
  stream.addEventListener("error", () => { by("door").textContent = "The simulator is away"; by("door").className = "pill bad"; });
}

// Drawing

function drawVitals(vitals) {
  const door = by("door");
  const listening = accounts().some((account) => account.callback_url);
  const last = [...(vitals.recent ?? [])].pop();
  if (accounts().length === 0) { door.textContent = "No business connected"; door.className = "pill warn"; }
  else if (!listening) { door.textContent = "No webhook address registered"; door.className = "pill warn"; }
  else if (last !== undefined && last !== 200) { door.textContent = last ? `Product answers ${last}` : "Product does not answer"; door.className = "pill bad"; }
  else { door.textContent = last === undefined ? "Product is registered" : "Product listens"; door.className = "pill good"; }
  const waiting = vitals.webhooks.pending;
  by("pending").hidden = waiting === 0;
  by("pending").textContent = vitals.paused ? `${waiting} webhooks held` : `${waiting} ${waiting === 1 ? "webhook" : "webhooks"} waiting`;
  by("pending").className = "pill warn";
  by("scripted").checked = vitals.scripted.enabled;
}

function drawPeople() {
  by("no-people").hidden = state.conversations.length > 0;
  by("people").replaceChildren(...state.conversations.map((each) => element(
    "li", {},
    element(
      "button",
      { class: "person", type: "button", "aria-current": String(each.conversation_id === state.chosen), onclick: () => choose(each) },
      element("img", { src: new URL(each.avatar).pathname, alt: "", width: 42, height: 42 }),
      element("span", {}, element("strong", {}, each.display_name), element("small", {}, preview(each.last))),
      element(
        "span", { class: "meta" },
        each.last ? clock(each.update_time) : "",
        badge(each),
      ),
    ),
  )));
}

function badge(conversation) {
  if (conversation.scripted) return element("span", { class: "tag" }, "scripted");
  if (!conversation.unread || conversation.conversation_id === state.chosen) return null;
  return element("span", { class: "count" }, String(conversation.unread));
}

function drawThread() {
  const conversation = chosen();
  const account = accounts().find((each) => each.business_id === (conversation?.business_id ?? accounts()[0]?.business_id));
  by("shop-name").textContent = account?.display_name ?? "No business yet";
  by("shop-note").textContent = conversation ? `on ${conversation.display_name}’s phone` : account ? `@${account.username}` : "";
  by("shop-avatar").hidden = !account;
  if (account) by("shop-avatar").src = new URL(account.avatar).pathname;
  by("as-customer").textContent = conversation ? `As ${conversation.display_name}` : "As the customer";
  by("window").textContent = conversation?.window.until ? windowText(conversation.window) : "";
  const drawn = JSON.stringify([state.chosen, state.messages.map((each) => each.message_id), conversation?.business_read, (conversation?.typing_until ?? 0) > Date.now()]);
  if (drawn === state.drawn) return;
  const thread = by("thread");
  const atEnd = state.drawn === "" || !state.drawn.startsWith(JSON.stringify([state.chosen]).slice(0, -1)) || thread.scrollHeight - thread.scrollTop - thread.clientHeight < 120;
  state.drawn = drawn;
  state.atEnd = atEnd;
  if (!conversation || (state.messages.length === 0 && conversation.typing_until < Date.now())) {
    thread.replaceChildren(element("div", { class: "empty" }, element("strong", {}, conversation ? `You are ${conversation.display_name}` : "Nobody is here"), conversation ? "Write something, or tap one of the lines below." : "Make a customer to begin."));
  } else {
    thread.replaceChildren(...lines(state.messages, conversation, press));
  }
  if (atEnd) thread.scrollTop = thread.scrollHeight;
  const left = (conversation?.typing_until ?? 0) - Date.now();
  if (left > 0) setTimeout(drawThread, left + 30);
}

function windowText(frame) {
  const hours = Math.max(0, Math.ceil((frame.until - Date.now()) / 3_600_000));
  return `${frame.left} ${frame.left === 1 ? "reply" : "replies"} left\nfor ${hours} h`;
}

const sameRule = (rule, wish) => rule.where === wish.where && rule.kind === wish.kind;
const isActive = (rule) => rule.count === null || rule.applied < rule.count;

function drawFaults(vitals) {
  const active = state.rules.filter(isActive);
  const key = JSON.stringify([active.map((rule) => [rule.where, rule.kind, rule.applied]), vitals.paused]);
  if (by("faults").dataset.key === key) return;
  by("faults").dataset.key = key;
  const focused = document.activeElement?.dataset?.fault;
  const hold = toggle("Hold all webhooks back", vitals.paused, (on) => order(on ? "pause" : "resume"), 0, "hold");
  by("faults").replaceChildren(...FAULTS.flatMap(([title, wishes], index) => [
    element("h3", {}, title),
    ...wishes.map(([words, wish]) => {
      const rule = active.find((each) => sameRule(each, wish));
      return toggle(words, Boolean(rule), (on) => setFault(wish, on), rule?.applied ?? 0, `${wish.where} ${wish.kind}`);
    }),
    ...(index === FAULTS.length - 1 ? [hold] : []),
  ]));
  if (focused) by("faults").querySelector(`[data-fault="${CSS.escape(focused)}"]`)?.focus();
}

function toggle(words, on, change, struck, name) {
  const input = element("input", { type: "checkbox", "data-fault": name, onchange: (event) => change(event.target.checked) });
  input.checked = on;
  const label = element("span", {}, words, struck ? element("span", { class: "struck" }, `${struck}×`) : null);
  return element("label", { class: "switch" }, input, element("span", { class: "track" }), label);
}

async function setFault(wish, on) {
  for (const rule of state.rules.filter((each) => sameRule(each, wish))) await order(`faults/${rule.id}`, undefined, "DELETE");
  const often = { once: { count: 1 }, sometimes: { probability: 0.2 }, always: {} }[by("how-often").value];
  if (on) await order("faults", { rules: [{ ...wish, ...often }] });
}

function drawLog(rows, vitals) {
  by("log-count").textContent = `${vitals.sends.accepted} replies · ${vitals.webhooks.acked} acked`;
  const newest = rows.at(-1)?.id ?? 0;
  if (newest === state.logged) return;
  state.logged = newest;
  by("log").replaceChildren(...rows.reverse().map((row) => {
    const [kind, what, rest] = sentence(row);
    return element("li", { class: kind }, element("time", {}, clock(row.at * 1000, true)), element("span", {}, element("b", {}, what), ` ${rest}`));
  }));
}

// Acting

function show(view) {
  document.body.dataset.view = view;
  for (const tab of document.querySelectorAll(".tabs button")) tab.setAttribute("aria-current", String(tab.dataset.show === view));
}

function open(conversation_id, user) {
  state.chosen = conversation_id;
  history.replaceState(null, "", `#${encodeURIComponent(user)}`);
  closePopovers();
  document.querySelector("[name=as][value=customer]").click();
  show("chat");
  refresh();
}

function choose(conversation) {
  open(conversation.conversation_id, conversation.user);
}

/** A customer on their way into the list, at first those the page comes up with: what is said meanwhile is theirs. */
let arrived;
let making = new Promise((resolve) => { arrived = resolve; });

async function say(what) {
  await Promise.allSettled([making]);
  if (!state.chosen) { await openDialog(); return; }
  const colleague = document.body.classList.contains("colleague");
  await order(colleague ? "colleague" : "say", { conversation_id: state.chosen, ...what });
  by("thread").scrollTop = by("thread").scrollHeight;
}

const press = (message, button) => say({ text: button.title, button_id: button.id ?? "", button_of: message.message_id });

function markRead() {
  const conversation = chosen();
  const shown = document.visibilityState === "visible" && by("thread").offsetParent !== null;
  if (conversation?.unread && !conversation.scripted && shown) order("read", { conversation_id: conversation.conversation_id });
}

async function openDialog() {
  closePopovers();
  if (accounts().length === 0) state.apps = (await look("apps")).apps;
  const used = new Set(state.conversations.map((each) => each.display_name));
  by("customer-name").value = NAMES.find((name) => !used.has(name)) ?? `Customer ${state.conversations.length + 1}`;
  by("customer-shop").replaceChildren(...accounts().map((each) => element("option", { value: each.business_id }, each.display_name)));
  by("shop-field").hidden = accounts().length < 2;
  if (accounts().length === 0) { toast("No business account is connected yet."); return; }
  by("customer-dialog").showModal();
  by("customer-name").select();
}

async function makeCustomer() {
  const name = by("customer-name").value.trim();
  if (!name) return;
  const base = name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, ".").replace(/^\.|\.$/g, "") || "customer";
  const taken = new Set(state.conversations.map((each) => each.user));
  let user = base;
  for (let number = 2; taken.has(user); number += 1) user = `${base}${number}`;
  const made = await order("customers", { user, display_name: name, business_id: by("customer-shop").value });
  open(made.conversation_id, user);
  by("text").focus();
}

function popover(button, panel) {
  button.addEventListener("click", () => {
    const opens = panel.hidden;
    closePopovers();
    panel.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
  });
}

function closePopovers() {
  for (const panel of document.querySelectorAll(".popover")) panel.hidden = true;
  for (const button of document.querySelectorAll("[aria-expanded]")) button.setAttribute("aria-expanded", "false");
}

async function sendFile(event) {
  const [file] = event.target.files;
  event.target.value = "";
  closePopovers();
  if (!file) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += 0x8000) text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  await say({ image: { base64: btoa(text) } });
}

function furnish() {
  const sends = (words, what) => element("button", { type: "button", onclick: () => { closePopovers(); say(what); } }, words);
  by("chips").replaceChildren(...CHIPS.map((texts) => element(
    "button", { type: "button", onclick: async () => { for (const text of texts) await say({ text }); } },
    texts.length > 1 ? "Three quick messages" : texts[0],
  )));
  by("stickers").replaceChildren(...STICKERS.map((name) => element(
    "button", { type: "button", "aria-label": `Sticker: ${name}`, onclick: () => { closePopovers(); say({ sticker: name }); } },
    element("img", { src: `/media/sticker/${name}.png`, alt: "" }),
  )));
  by("attach").replaceChildren(
    sends("A sample picture", { image: true }),
    element("label", {}, "A picture from this device…", element("input", { type: "file", accept: "image/png,image/jpeg", onchange: sendFile })),
    sends("A video", { video: true }),
    sends("A shared post", { share_post: {} }),
    sends("Something nobody knows yet", { type: "hologram", content: { url: "about:blank" } }),
  );
  popover(by("sticker-button"), by("stickers"));
  popover(by("attach-button"), by("attach"));
  by("thread").addEventListener("click", closePopovers);
  // A picture that arrives late must not push the last message out of sight.
  by("thread").addEventListener("load", () => { if (state.atEnd) by("thread").scrollTop = by("thread").scrollHeight; }, true);
  by("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = by("text").value;
    if (!text.trim()) return;
    by("text").value = "";
    await say({ text });
  });
  for (const radio of document.querySelectorAll("[name=as]")) {
    radio.addEventListener("change", () => {
      const colleague = radio.value === "colleague";
      document.body.classList.toggle("colleague", colleague);
      by("text").placeholder = colleague ? "Write as a colleague" : "Message";
      by("text").focus();
    });
  }
  by("new-customer").addEventListener("click", openDialog);
  by("customer-dialog").addEventListener("close", () => { if (by("customer-dialog").returnValue === "ok") making = makeCustomer(); });
  by("scripted").addEventListener("change", (event) => order("scripted", { enabled: event.target.checked }));
  for (const tab of document.querySelectorAll(".tabs button")) tab.addEventListener("click", () => { show(tab.dataset.show); refresh(); });
  document.addEventListener("visibilitychange", refresh);
}

furnish();
show(innerWidth <= 820 && !location.hash ? "people" : "chat");
listen();
