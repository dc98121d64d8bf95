"use strict";
// The page of partners' order systems. What anybody wrote is only ever put in as text.
const books = document.getElementById("books");
const problem = document.getElementById("problem");
let shown = "";

function element(name, words, kind) {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
}

function inWords(status) {
  const words = status.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

function about(order) {
  const days = order.expected_in_days;
  const when = { 0: "expected today", 1: "expected tomorrow" }[days] || `expected in ${days} days`;
  return [order.email, order.carrier && `by ${order.carrier}`, days === null ? "" : when].filter(Boolean).join(" · ");
}

function line(partner, order, statuses) {
  const box = element("div", "", "order");
  const status = document.createElement("select");
  status.id = `status-${partner}-${order.number}`;
  status.setAttribute("aria-label", `Status of ${order.number}`);
  status.append(...statuses.map((each) => new Option(inWords(each), each, false, each === order.status)));
  status.addEventListener("change", () => book({ partner, number: order.number, status: status.value }));
  box.append(element("strong", order.number), element("p", about(order) || "Nothing else is known of it."), status);
  return box;
}

function question(asked) {
  const box = element("div", "", "asked");
  const refused = asked.status === 401;
  const words = refused ? "Refused: the signature is not right" : `${asked.order_number}: ${asked.found ? "found" : "not found"}`;
  box.append(element("span", words), element("time", new Date(asked.at * 1000).toLocaleTimeString()));
  return box;
}

function card(partner, statuses) {
  const orders = element("article", "", "card");
  orders.append(element("h2", partner.name), ...partner.orders.map((order) => line(partner.name, order, statuses)));
  const asked = element("article", "", "card");
  const questions = partner.asked.length ? partner.asked.map(question) : [element("p", "Nobody has asked yet.", "hint")];
  asked.append(element("h2", "What it was asked, newest first"), ...questions);
  return [orders, asked];
}

async function book(order) {
  const answer = await fetch("/_sim/partner-books", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
  problem.textContent = answer.ok ? "" : (await answer.json()).error;
  look();
}

async function look() {
  const found = await (await fetch("/_sim/partner-books")).json();
  // Everything that happens at the simulator rings; a list that is the same is left alone, with what is open in it.
  if (JSON.stringify(found) === shown) return;
  shown = JSON.stringify(found);
  const focused = document.activeElement ? document.activeElement.id : "";
  books.replaceChildren(...found.partners.flatMap((partner) => card(partner, found.statuses)));
  if (!found.partners.length) books.append(element("p", "No partner has orders in its books.", "hint"));
  if (focused) document.getElementById(focused)?.focus();
}

new EventSource("/_sim/stream").addEventListener("change", look);
look();
