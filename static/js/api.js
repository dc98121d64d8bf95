/* The API's page in the theme chosen elsewhere: Swagger UI knows only a class for dark. */

import { storedTheme } from "./theme.js";

const system = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const stored = storedTheme();
  document.documentElement.classList.toggle("dark-mode", stored === "dark" || (stored === "system" && system.matches));
}

follow();
system.addEventListener("change", follow);
window.addEventListener("storage", follow);
