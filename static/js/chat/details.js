/*
 * Details: what is asked before the first message. Judged here for a quick word in the visitor's language, and again by
 * the server, whose word counts.
 */

const address = /^[^\s@]+@[^\s@]+\.[^\s@.]+$/u;
const longestName = 200;
const longestAddress = 254;

export class Details {
  #form;
  #button;
  #problem;
  #strings;

  /** `form`: the form, or null where nothing is asked. `on`: {submit(values)}: a promise; it rejects with RequestFailed. */
  constructor({ form, strings, on }) {
    this.#form = form;
    this.#strings = strings;
    this.on = on;
    if (form) {
      this.#button = form.querySelector("button[type=submit]");
      this.#problem = form.querySelector("[role=alert]");
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#submit();
      });
      form.addEventListener("input", (event) => this.#show(event.target, ""));
    }
  }

  /** Whether anything is asked. */
  get isAsked() {
    return this.#form !== null;
  }

  focus() {
    this.#fields[0].focus({ preventScroll: true });
  }

  get #fields() {
    return Array.from(this.#form.querySelectorAll("input"));
  }

  async #submit() {
    const fields = this.#fields;
    fields.forEach((field) => this.#show(field, this.#judge(field)));
    this.#problem.hidden = true;
    if (!this.#focusWrong() && this.#button.getAttribute("aria-disabled") !== "true") {
      this.#button.setAttribute("aria-disabled", "true");
      try {
        await this.on.submit(Object.fromEntries(fields.map((field) => [field.name, field.value.trim()])));
      } catch (error) {
        this.#showRefusal(error);
      } finally {
        this.#button.removeAttribute("aria-disabled");
      }
    }
  }

  #judge(field) {
    const value = field.value.trim();
    if (!value) {
      return field.required ? "missing" : "";
    }
    const fits = field.name === "email" ? value.length <= longestAddress && address.test(value) : value.length <= longestName;
    return fits ? "" : "invalid";
  }

  #showRefusal(error) {
    const wrong = this.#fields.filter((field) => error.fields?.[field.name]);
    wrong.forEach((field) => this.#show(field, error.fields[field.name]));
    this.#focusWrong();
    this.#problem.hidden = wrong.length > 0;
    this.#problem.textContent = error.detail || this.#strings.unavailable;
  }

  #show(field, problem) {
    const line = document.getElementById(`${field.id}-error`);
    const words = { missing: `${field.name}Missing`, invalid: `${field.name}Invalid` };
    field.setAttribute("aria-invalid", String(problem !== ""));
    line.hidden = problem === "";
    line.textContent = problem ? this.#strings[words[problem]] : "";
  }

  #focusWrong() {
    const first = this.#fields.find((field) => field.getAttribute("aria-invalid") === "true");
    first?.focus();
    return first;
  }
}
