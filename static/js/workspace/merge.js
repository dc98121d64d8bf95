/*
 * Merge: brings what is on the page into line with what the server sent, touching only what differs, so that focus,
 * typed text, open panels and the scroll position stay.
 *
 *   id                 elements are matched by their id, others by their place and kind
 *   data-keep="key"    left alone as long as both sides carry the same key (the composer, a loaded trace)
 *   data-merge="grow"  a timeline: entries are added and renewed, never taken away; data-edge marks its "earlier" button
 *   data-conversation  another conversation replaces everything: nothing of one may show up in the next
 *   holdShown()        what a person had shown in full stays so, as long as the server sends the same in its place
 */

const ownState = new Map([
  ["DIALOG", ["open"]],
  ["DETAILS", ["open"]],
  ["FORM", ["hidden"]],
]);

const hiddenTexts = new WeakMap();

/** Remembers what stands in an element, just before it is shown in full to the person who asked for it. */
export function holdShown(element) {
  if (!hiddenTexts.has(element)) {
    hiddenTexts.set(element, element.textContent);
  }
}

/** Merges `fresh` into `old` in place. Returns the element that is on the page afterwards. */
export function merge(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) {
      old.nodeValue = fresh.nodeValue;
    }
    return old;
  }
  if (old.dataset.keep !== undefined || fresh.dataset.keep !== undefined) {
    if (old.dataset.keep === fresh.dataset.keep) {
      return old;
    }
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.isEqualNode(fresh) || hiddenTexts.get(old) === fresh.textContent) {
    return old;
  }
  hiddenTexts.delete(old);
  const isAnother = old.dataset.conversation !== fresh.dataset.conversation;
  copyAttributes(old, fresh);
  if (isAnother) {
    old.replaceChildren(...fresh.childNodes);
  } else if (old.dataset.merge === "grow") {
    growChildren(old, fresh);
  } else {
    mergeChildren(old, fresh);
  }
  return old;
}

function copyAttributes(old, fresh) {
  const own = ownState.get(old.nodeName) ?? [];
  for (const { name, value } of fresh.attributes) {
    if (!own.includes(name) && old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  for (const { name } of [...old.attributes]) {
    if (!own.includes(name) && !fresh.hasAttribute(name)) {
      old.removeAttribute(name);
    }
  }
}

function mergeChildren(old, fresh) {
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const match = matchFor(child, old, place);
    if (!match) {
      old.insertBefore(child, place);
      continue;
    }
    if (match === place) {
      place = place.nextSibling;
    } else {
      old.insertBefore(match, place);
    }
    merge(match, child);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function matchFor(child, parent, place) {
  if (child.id) {
    return [...parent.children].find((element) => element.id === child.id) ?? null;
  }
  for (let node = place; node; node = node.nextSibling) {
    if (node.nodeName === child.nodeName && !node.id) {
      return node;
    }
    if (node.id) {
      return null;
    }
  }
  return null;
}

function growChildren(old, fresh) {
  const known = new Map([...old.children].map((element) => [element.id, element]));
  const entries = [...fresh.children].filter((element) => element.hasAttribute("data-seq"));
  if (entries.length && !entries.some((element) => known.has(element.id))) {
    old.replaceChildren(...fresh.childNodes);
    return;
  }
  let after = null;
  for (const child of [...fresh.children]) {
    if (child.hasAttribute("data-edge")) {
      continue;
    }
    const match = known.get(child.id);
    if (match) {
      after = merge(match, child);
    } else if (after) {
      after.after(child);
      after = child;
    } else {
      const first = [...old.children].find((element) => !element.hasAttribute("data-edge"));
      old.insertBefore(child, first ?? null);
      after = child;
    }
  }
  if (entries.length) {
    old.querySelector("#nothing-said")?.remove();
  }
}

/** Merges each element of a fragment into the one on the page with its id. Returns whether there was one. */
export function mergeById(fragment) {
  let found = false;
  for (const fresh of [...fragment.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    if (old) {
      merge(old, fresh);
      found = true;
    }
  }
  return found;
}
