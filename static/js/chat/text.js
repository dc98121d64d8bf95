/*
 * Text: a message's words as DOM nodes. Links become anchors, everything else stays text; nothing is parsed as HTML.
 */

const address = /\bhttps?:\/\/[^\s<>"'`\u200b]+/giu;
const brackets = { ")": "(", "]": "[", "}": "{" };

/** Nodes for a text: text nodes and safe anchors. `hint`: what screen readers hear after a link. */
export function linked(text, hint) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const words = withoutTrailing(match[0]);
    const url = safeUrl(words);
    if (url) {
      nodes.push(document.createTextNode(text.slice(end, match.index)), anchor(url, words, hint));
      end = match.index + words.length;
    }
  }
  nodes.push(document.createTextNode(text.slice(end)));
  return nodes;
}

/** An anchor to another page, in a tab that knows nothing of this one. */
function anchor(url, words, hint) {
  const link = document.createElement("a");
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow ugc";
  link.textContent = words;
  link.title = hint;
  return link;
}

/** The absolute form of an http or https address, or null. */
function safeUrl(words) {
  try {
    const url = new URL(words);
    return (url.protocol === "http:" || url.protocol === "https:") && !url.username ? url.href : null;
  } catch {
    return null;
  }
}

/* A full stop or a bracket after an address belongs to the sentence around it. */
function withoutTrailing(words) {
  let kept = words;
  for (;;) {
    const last = kept.at(-1);
    const opener = brackets[last];
    const unbalanced = opener && kept.split(last).length > kept.split(opener).length;
    if (unbalanced || /[.,;:!?…*_'"»”’]/u.test(last ?? "")) {
      kept = kept.slice(0, -1);
    } else {
      return kept;
    }
  }
}
