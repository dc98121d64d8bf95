/*
 * Attachments: the files chosen for the next message, each with a way to take it out again. What the server would refuse
 * is refused here, before it is on its way.
 */

import { format } from "../chat-strings.js";
import { icon } from "./page.js";

export class Attachments {
  #list;
  #picker;
  #problem;
  #limits;
  #strings;
  #chosen = [];

  /**
   * `list`: where they are shown. `picker`: the file input, or null where no files are taken. `problem`: the line for what
   * cannot be sent. `on`: {change(), done()}
   */
  constructor({ list, button, picker, problem, strings, on }) {
    this.#list = list;
    this.#picker = picker;
    this.#problem = problem;
    this.#limits = limitsOf(picker);
    this.#strings = strings;
    this.on = on;
    button?.addEventListener("click", () => picker.click());
    picker?.addEventListener("change", () => {
      this.add(picker.files);
      picker.value = "";
      this.on.done();
    });
  }

  /** The files, in the order in which they were chosen. */
  get files() {
    return this.#chosen.map(({ file }) => file);
  }

  /** Chooses files, as far as they can be sent, and says what stands against the others. */
  add(files) {
    if (!this.#picker) {
      return;
    }
    this.complain("");
    for (const file of files) {
      const problem = this.#judge(file);
      if (problem) {
        this.complain(problem);
      } else {
        this.#choose(file);
      }
    }
    this.on.change();
  }

  /** Takes all of them out. */
  clear() {
    this.#chosen.splice(0).forEach((each) => this.#remove(each));
    this.complain("");
  }

  /** Says what stands against what was to be sent; no words take it away. */
  complain(words) {
    this.#problem.textContent = words;
    this.#problem.hidden = !words;
  }

  #judge(file) {
    const strings = this.#strings;
    const limits = this.#limits;
    const together = this.#chosen.reduce((sum, { file: other }) => sum + other.size, file.size);
    if (!limits.types.includes(file.type)) {
      return format(strings.fileUnknown, { name: file.name });
    }
    if (this.#chosen.length >= limits.most) {
      return format(strings.tooManyFiles, { count: limits.most });
    }
    if (file.size > limits.each) {
      return format(strings.fileTooLarge, { name: file.name, limit: megabytes(limits.each) });
    }
    return together > limits.together ? format(strings.filesTooLarge, { limit: megabytes(limits.together) }) : "";
  }

  #choose(file) {
    const element = document.createElement("li");
    element.className = "chat-chosen";
    const chosen = { file, element, address: "" };
    if (file.type.startsWith("image/")) {
      const image = document.createElement("img");
      image.alt = "";
      image.src = chosen.address = URL.createObjectURL(file);
      element.append(image);
    } else {
      element.append(icon("file"));
    }
    const name = document.createElement("span");
    name.className = "chat-chosen-name";
    name.textContent = file.name;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", format(this.#strings.removeFile, { name: file.name }));
    button.append(icon("close"));
    button.addEventListener("click", () => {
      this.#chosen = this.#chosen.filter((each) => each !== chosen);
      this.#remove(chosen);
      this.complain("");
      this.on.change();
      this.on.done();
    });
    element.append(name, button);
    this.#chosen.push(chosen);
    this.#list.append(element);
    this.#list.hidden = false;
  }

  #remove({ element, address }) {
    element.remove();
    if (address) {
      URL.revokeObjectURL(address);
    }
    this.#list.hidden = this.#list.childElementCount === 0;
  }
}

/* {types, most, each, together}, sizes in bytes, as the page's template has them. */
function limitsOf(picker) {
  const { most, each, together } = picker?.dataset ?? {};
  return {
    types: (picker?.accept ?? "").split(","),
    most: Number(most),
    each: Number(each),
    together: Number(together),
  };
}

function megabytes(size) {
  return `${Math.floor(size / 100_000) / 10} MB`;
}
