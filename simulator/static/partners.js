"use strict";
// The page on which one plays a partner's customer. What people wrote is only ever put in as text.
const form = document.getElementById("write");
const cards = document.getElementById("posts");
const problem = document.getElementById("problem");

function element(name, words, kind) {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
}

function line(at, who, words, isOurs) {
  const box = element("div", "", isOurs ? "comment is-ours" : "comment");
  box.append(element("strong", `${new Date(at * 1000).toLocaleTimeString()} ${who}`), element("p", words));
  return box;
}

function lineTaken(row) {
  const isReply = row.name === "message.reply";
  const message = row.detail.message || {};
  const conversation = row.detail.conversation ? `conversation ${row.detail.conversation.id.slice(0, 8)}` : "";
  const words = isReply ? row.detail.text : [conversation, message.text || ""].filter(Boolean).join(": ");
  const who = isReply ? `Answered (${row.detail.sender})` : row.name;
  return { at: row.at, box: line(row.at, `${who} · signature right`, words || row.message_id, true) };
}

function lineSaid(row) {
  return { at: row.at, box: line(row.at, `${row.data.customer.name} · webhook ${row.state}`, row.data.text, false) };
}

function card(partner) {
  const made = element("article", "", "card");
  if (partner.has_orders) {
    const orders = element("a", "See its orders, and what it was asked");
    orders.href = "/orders";
    made.append(element("h2", `${partner.name}: tells where orders are`), orders);
    return made;
  }
  const taken = partner.taken.length === 50 ? "50 and more" : partner.taken.length;
  made.append(element("h2", `${partner.name}: ${taken} taken, ${partner.refused} refused for a wrong signature`));
  const lines = [...partner.taken.map(lineTaken), ...partner.said.map(lineSaid)];
  if (!lines.length) made.append(element("p", "Nothing yet.", "hint"));
  made.append(...lines.sort((one, other) => other.at - one.at).map((each) => each.box));
  return made;
}

async function look() {
  const { partners } = await (await fetch("/_sim/partners")).json();
  const names = partners.filter((each) => each.has_customers).map((each) => each.name);
  const select = form.elements.partner;
  if (select.options.length !== names.length) select.replaceChildren(...names.map((name) => new Option(name, name)));
  form.hidden = !names.length;
  cards.replaceChildren(...partners.map(card));
  if (!partners.length) cards.append(element("p", "No partner is configured."));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const who = form.elements.user.value;
  const order = { partner: form.elements.partner.value, user: who, name: who, text: form.elements.text.value };
  const answer = await fetch("/_sim/partner-says", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
  problem.textContent = answer.ok ? "" : (await answer.json()).error;
  if (answer.ok) form.elements.text.value = "";
});
new EventSource("/_sim/stream").addEventListener("change", look);
look();
