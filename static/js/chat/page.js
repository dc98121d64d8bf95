/*
 * Page: the parts of the chat's page by their names, and its words in the visitor's language.
 */

import { format } from "../chat-strings.js";

/** The part with this name, or null. */
export function part(name) {
  return document.getElementById(`chat-${name}`);
}

/** An icon of the page's own sheet, which only the page's template knows the address of. */
export function icon(name) {
  return part("icons").content.querySelector(`[data-icon="${name}"] > svg`).cloneNode(true);
}

/** Puts the words of a language where the page has places for them. */
export function translate({ language, strings }) {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = strings[element.dataset.text];
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    const words = format(strings[element.dataset.label], { business: document.body.dataset.business });
    element.setAttribute("aria-label", words);
  }
  part("field").placeholder = strings.placeholder;
  // An account has its own words of welcome, or these.
  const welcome = part("greeting").querySelector("p");
  welcome.textContent = welcome.textContent.trim() || strings.greeting;
}
