/*
 * Presence: which colleagues look at or write in which conversation, and whether the customer writes. Whoever is silent
 * for 25 seconds is gone.
 */

const expiry = 25_000;
const people = new Map();
const writers = new Map();

/** Takes a presence message of the socket. */
export function hear({ conversation, person, name, state }) {
  if (state) {
    people.set(person, { conversation, name, state, until: performance.now() + expiry });
  } else if (people.get(person)?.conversation === conversation) {
    people.delete(person);
  }
  showPresence();
}

/** Takes the socket's word on whether a customer writes. */
export function hearCustomer({ conversation, typing }) {
  if (typing) {
    writers.set(conversation, performance.now() + expiry);
  } else {
    writers.delete(conversation);
  }
  showPresence();
}

/** Writes who is where into every place that shows it. */
export function showPresence() {
  const now = performance.now();
  for (const [person, seen] of people) {
    if (seen.until < now) {
      people.delete(person);
    }
  }
  for (const place of document.querySelectorAll("[data-customer-typing]")) {
    place.hidden = !((writers.get(place.dataset.customerTyping) ?? 0) > now);
  }
  for (const place of document.querySelectorAll("[data-presence]")) {
    const here = [...people.values()].filter((seen) => seen.conversation === place.dataset.presence);
    const typing = here.filter((seen) => seen.state === "typing");
    place.hidden = here.length === 0;
    place.dataset.state = typing.length ? "typing" : "viewing";
    const text = words(typing.length ? typing : here, typing.length ? "typing" : "viewing");
    if (place.textContent !== text) {
      place.textContent = text;
    }
  }
}

function words(seen, what) {
  const names = seen.map((each) => each.name);
  if (names.length === 0) {
    return "";
  }
  return names.length === 1 ? `${names[0]} is ${what}` : `${names.slice(0, 2).join(", ")}${names.length > 2 ? " …" : ""} are ${what}`;
}

setInterval(showPresence, 5_000);
