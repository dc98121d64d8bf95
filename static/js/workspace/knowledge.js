/*
 * Knowledge: puts a passage that was looked up into the reply, where the cursor was.
 */

import { compose } from "./composer.js";

function insert(text) {
  const form = document.getElementById("composer-reply");
  if (!form) {
    return;
  }
  document.getElementById("content").dataset.active = "conversation";
  compose("reply");
  const field = form.elements.text;
  const { selectionStart: start, selectionEnd: end, value } = field;
  const before = value.slice(0, start);
  const gap = before && !before.endsWith("\n") ? "\n\n" : "";
  field.setRangeText(gap + text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

/** The listener of the results. */
export function startKnowledge() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert-passage]");
    if (button) {
      const text = button.closest(".knowledge-hit").querySelector(".knowledge-text").textContent;
      button.closest("dialog").close();
      insert(text);
    }
  });
}
