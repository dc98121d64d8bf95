"use strict";
// The page on which one plays a commenter. What people wrote is only ever put in as text.
const form = document.getElementById("write");
const posts = document.getElementById("posts");
const where = document.getElementById("where");
const again = document.getElementById("new-thread");
const problem = document.getElementById("problem");
let target = {};
let organization = "";

function element(name, words, kind) {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
}

function aim(next, words) {
  target = next;
  where.textContent = words;
  again.hidden = !next.parent && !next.post;
  form.elements.text.focus();
}

function shown(comment) {
  const box = element("div", "", "comment");
  if (comment.actor === organization) box.classList.add("is-page");
  const reply = element("button", "Reply", "quiet");
  reply.type = "button";
  reply.addEventListener("click", () => aim({ parent: comment.urn }, `A reply to ${comment.name}`));
  box.append(element("strong", comment.name), element("p", comment.text), reply, ...comment.replies.map(shown));
  return box;
}

async function look() {
  const answer = await (await fetch("/_sim/linkedin")).json();
  organization = answer.pages.length ? answer.pages[0].organization : "";
  document.getElementById("page-name").textContent = answer.pages.length ? answer.pages[0].name : "No Page is configured";
  document.getElementById("webhook").textContent = answer.apps.map((app) => `Webhook of ${app.client_id}: ${app.state}`).join(" · ");
  posts.replaceChildren(...answer.posts.map((post) => {
    const card = element("article", "", "card");
    const comment = element("button", "Comment here", "quiet");
    comment.type = "button";
    comment.addEventListener("click", () => aim({ post: post.activity }, `A comment on “${post.text}”`));
    card.append(element("h2", post.text), comment, ...post.comments.map(shown));
    return card;
  }));
}

again.addEventListener("click", () => aim({}, "A new comment on the newest post"));
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const how = event.submitter ? event.submitter.value : "comment";
  const order = { user: form.elements.user.value, text: form.elements.text.value, ...target };
  const answer = await fetch(`/_sim/linkedin/${how}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
  problem.textContent = answer.ok ? "" : (await answer.json()).error;
  if (answer.ok) form.elements.text.value = "";
});
new EventSource("/_sim/stream").addEventListener("change", look);
look();
