/*
 * Pictures: fetched with the visitor's token, since an address alone opens nothing; shown in the conversation, and large
 * on a press.
 */

import { format } from "../chat-strings.js";

export class Pictures {
  #viewer;
  #large;
  #strings;
  #load;

  /** `viewer`: the dialog with an image in it. `load(url)`: a promise of the picture as a Blob. */
  constructor({ viewer, strings, load }) {
    this.#viewer = viewer;
    this.#large = viewer.querySelector("img");
    this.#strings = strings;
    this.#load = load;
    // A press anywhere closes: there is nothing else to press.
    viewer.addEventListener("click", () => viewer.close());
  }

  /** Whether a picture is shown large. */
  get isOpen() {
    return this.#viewer.open;
  }

  /**
   * The element of an attachment {url, name} of `author` (null where unknown). It begins to load at once; `file` is the
   * picture where it is on its way from here.
   */
  element({ url, name, file }, author) {
    const strings = this.#strings;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chat-picture";
    const image = document.createElement("img");
    image.alt = name || (author ? format(strings.pictureFrom, { name: author }) : strings.picture);
    const failed = document.createElement("span");
    failed.className = "chat-picture-failed";
    failed.textContent = strings.pictureFailed;
    button.append(image, failed);
    button.addEventListener("click", () => {
      if (button.dataset.state === "shown") {
        this.#enlarge(image);
      } else if (button.dataset.state === "failed") {
        this.#show(button, image, url, file);
      }
    });
    this.#show(button, image, url, file);
    return button;
  }

  async #show(button, image, url, file) {
    button.dataset.state = "loading";
    button.title = "";
    try {
      await loaded(image, URL.createObjectURL(file ?? (await this.#load(url))));
      button.dataset.state = "shown";
      button.title = this.#strings.enlarge;
    } catch {
      button.dataset.state = "failed";
    }
  }

  #enlarge(image) {
    this.#large.src = image.src;
    this.#large.alt = image.alt;
    this.#viewer.showModal();
  }
}

/* Not decode(): in a frame that is not shown yet, browsers put that off until it is, or for ever. */
function loaded(image, address) {
  return new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = reject;
    image.src = address;
  });
}
