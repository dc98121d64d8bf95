/*
 * Theme: light, dark, or as the system says (nothing stored). Linked with blocking="render", so a stored choice is on
 * the page before the first paint.
 */

const storageKey = "theme";

/** The stored choice: "light", "dark" or "system". */
export function storedTheme() {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}

/** Applies a theme ("light", "dark", "system") to this page. */
export function applyTheme(theme) {
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
}

/** Applies a theme and keeps it for the next page. */
export function chooseTheme(theme) {
  try {
    if (theme === "light" || theme === "dark") {
      localStorage.setItem(storageKey, theme);
    } else {
      localStorage.removeItem(storageKey);
    }
  } catch {
    // Storage may be blocked; the choice then lasts as long as the page.
  }
  applyTheme(theme);
}

applyTheme(storedTheme());
window.addEventListener("storage", (event) => {
  if (event.key === storageKey || event.key === null) {
    applyTheme(storedTheme());
  }
});
