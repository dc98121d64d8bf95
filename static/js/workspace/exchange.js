/*
 * Exchange: what goes between the page and the server besides htmx's own requests.
 */

/** The header that proves a request comes from this page. The cookie knows of a sign-in in another tab, the page may not. */
export function csrfHeader() {
  const name = `${document.getElementById("content").dataset.csrfCookie}=`;
  const cookie = document.cookie.split("; ").find((each) => each.startsWith(name));
  return cookie ? { "X-CSRFToken": cookie.slice(name.length) } : JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
}

/**
 * Fetches a fragment. Returns its document, or null where the server refused; throws where it was not reached.
 * What the page fetches `byItself` does not keep the person signed in.
 */
export async function fetchFragment(url, { byItself = false } = {}) {
  const response = await fetch(url, {
    headers: { "HX-Request": "true", "HX-Current-URL": location.href, ...(byItself && { "X-Automatic": "1" }) },
    credentials: "same-origin",
    signal: AbortSignal.timeout(20_000),
  });
  if (response.status === 401) {
    const told = JSON.parse(response.headers.get("HX-Trigger") ?? "{}")["workspace:signed-out"];
    document.body.dispatchEvent(new CustomEvent("workspace:signed-out", { detail: told ?? { url: "/accounts/login/" } }));
    return null;
  }
  if (!response.ok && response.status !== 404) {
    return null;
  }
  return new DOMParser().parseFromString(await response.text(), "text/html").body;
}

/** Posts fields. Resolves to whether the server took them. `keepalive` outlives the page. */
export async function post(url, fields, { keepalive = false } = {}) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: csrfHeader(),
      body: new URLSearchParams(fields),
      credentials: "same-origin",
      keepalive,
    });
    return response.ok;
  } catch {
    return false;
  }
}

/** Calls `work` at most once each `milliseconds`, the last call never lost. */
export function throttled(work, milliseconds) {
  let timer = 0;
  let last = -Infinity;
  return () => {
    if (timer) {
      return;
    }
    const wait = Math.max(0, last + milliseconds - performance.now());
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      work();
    }, wait);
  };
}
