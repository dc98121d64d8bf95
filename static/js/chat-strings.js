/*
 * Strings of the web chat in the languages the product speaks to customers: en, de, es, it, nl.
 * {name}, {business}, {count}, {limit} and {seconds} are filled in by format().
 */

import { de } from "./chat/strings/de.js";
import { en } from "./chat/strings/en.js";
import { es } from "./chat/strings/es.js";
import { it } from "./chat/strings/it.js";
import { nl } from "./chat/strings/nl.js";

const languages = { en, de, es, it, nl };

/** The first language of the wishes (BCP 47 tags) that is spoken here; English otherwise. */
export function chooseLanguage(wishes) {
  for (const wish of wishes) {
    const language = String(wish ?? "").toLowerCase().split(/[-_]/)[0];
    if (Object.hasOwn(languages, language)) {
      return language;
    }
  }
  return "en";
}

/** The strings of one language. */
export function stringsOf(language) {
  return languages[language] ?? en;
}

/** Puts values into a string's {places}. */
export function format(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}
