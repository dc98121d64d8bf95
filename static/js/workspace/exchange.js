/*
 * Exchange: what goes between the page and the server besides htmx's own requests.
 */

/** The header that proves a request comes from this page. */
export function csrfHeader() {
  return JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
}

/** Fetches a fragment. Returns its document, or null where the server refused; throws where it was not reached. */
export async function fetchFragment(url) {
  const response = await fetch(url, {
    headers: { "HX-Request": "true", "HX-Current-URL": location.href },
    credentials: "same-origin",
    signal: AbortSignal.timeout(20_000),
  });
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) {
    location.assign(elsewhere);
    return null;
  }
  if (!response.ok) {
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
