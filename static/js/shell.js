/*
 * Shell: what every staff page can do with plain markup.
 *
 *   data-dialog-open="id" / data-dialog-close    open a <dialog class="dialog">, close the one around the button
 *   data-show-pane="queue|conversation|context"  which pane is shown where there is room for one only
 *   data-theme-choice="light|dark|system"        theme buttons in the user menu
 *   details.menu                                 closes on Escape, on a click elsewhere and when the focus leaves
 *   toast(text, {kind, action, onAction, seconds})   a passing notice; returns a function that takes it away
 *   setConnection(state, text)                   the connection pill: live | polling | connecting | offline
 */

import { chooseTheme, storedTheme } from "./theme.js";

const toastIcons = { ok: "check", info: "info", warn: "alert", danger: "alert" };

/** Builds an <svg> that shows one icon of the sprite. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const use = document.createElementNS(namespace, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** Shows a passing notice. It stays while the pointer or the focus is on it. */
export function toast(text, { kind = "ok", action = "", onAction = null, seconds = 6 } = {}) {
  const element = document.createElement("div");
  element.className = "toast";
  element.dataset.kind = kind;
  const words = document.createElement("span");
  words.className = "toast-text";
  words.textContent = text;
  element.append(icon(toastIcons[kind] ?? "info"), words);
  const remove = () => element.remove();
  if (action && onAction) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toast-action";
    button.textContent = action;
    button.addEventListener("click", () => {
      remove();
      onAction();
    });
    element.append(button);
  }
  document.querySelector(".toasts")?.append(element);
  leaveLater(element, seconds);
  return remove;
}

function leaveLater(element, seconds) {
  let timer = 0;
  const hold = () => clearTimeout(timer);
  const start = () => {
    hold();
    timer = setTimeout(() => element.remove(), seconds * 1000);
  };
  for (const name of ["pointerenter", "focusin"]) {
    element.addEventListener(name, hold);
  }
  for (const name of ["pointerleave", "focusout"]) {
    element.addEventListener(name, start);
  }
  start();
}

/** Says in the top bar how live the page is. The words are for people, the state is for the colour. */
export function setConnection(state, text) {
  for (const pill of document.querySelectorAll(".connection")) {
    pill.dataset.state = state;
    pill.textContent = text;
    pill.hidden = false;
  }
}

function closeMenus(except = null) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) {
      menu.open = false;
    }
  }
}

function markTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === storedTheme()));
  }
}

function onClick(event) {
  const target = event.target instanceof Element ? event.target : null;
  closeMenus(target?.closest("details.menu"));
  const opener = target?.closest("[data-dialog-open]");
  if (opener) {
    document.getElementById(opener.dataset.dialogOpen)?.showModal();
  }
  target?.closest("[data-dialog-close]")?.closest("dialog")?.close();
  const pane = target?.closest("[data-show-pane]");
  if (pane) {
    const panes = pane.closest(".panes");
    panes.dataset.active = pane.dataset.showPane;
    panes.querySelector(`.pane-${pane.dataset.showPane}`)?.focus();
  }
  const theme = target?.closest("[data-theme-choice]");
  if (theme) {
    chooseTheme(theme.dataset.themeChoice);
    markTheme();
  }
}

function onKey(event) {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  }
}

document.addEventListener("click", onClick);
document.addEventListener("keydown", onKey, { capture: true });
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.menu")));
for (const element of document.querySelectorAll(".toasts > .toast")) {
  leaveLater(element, 8);
}
markTheme();
