/*
 * Documents: fetched with the visitor's token, and then saved by the browser. Nothing is opened in place: what a PDF may
 * do in this page is nothing.
 */

import { format } from "../chat-strings.js";

const releaseAfter = 60_000;

export class Documents {
  #icon;
  #strings;
  #load;

  /** `icon(name)`: an icon. `load(url)`: a promise of the file as a Blob. */
  constructor({ icon, strings, load }) {
    this.#icon = icon;
    this.#strings = strings;
    this.#load = load;
  }

  /** The element of an attachment {url, name}; `file` is the document where it is on its way from here. */
  element(attachment) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chat-document";
    button.setAttribute("aria-label", format(this.#strings.saveFile, { name: attachment.name || this.#strings.attachment }));
    const name = document.createElement("span");
    name.textContent = attachment.name || this.#strings.attachment;
    button.append(this.#icon("file"), name);
    button.addEventListener("click", () => this.#save(attachment, button, name));
    return button;
  }

  async #save(attachment, button, words) {
    try {
      const content = attachment.url ? await this.#load(attachment.url) : attachment.file;
      const address = URL.createObjectURL(content);
      const link = document.createElement("a");
      link.href = address;
      link.download = attachment.name || "document.pdf";
      link.click();
      words.textContent = attachment.name || this.#strings.attachment;
      setTimeout(() => URL.revokeObjectURL(address), releaseAfter);
    } catch {
      words.textContent = this.#strings.fileFailed;
      button.setAttribute("aria-label", this.#strings.fileFailed);
    }
  }
}
