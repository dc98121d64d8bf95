/*
 * Recordings: voice notes in the conversation. Fetched with the visitor's token when somebody wants to hear one, and played
 * here; one at a time.
 */

const beyondAnyEnd = 1e9;

export class Recordings {
  #icon;
  #strings;
  #load;
  #playing = null;

  /** `icon(name)`: an icon. `load(url)`: a promise of the file as a Blob. */
  constructor({ icon, strings, load }) {
    this.#icon = icon;
    this.#strings = strings;
    this.#load = load;
  }

  /** The element of an attachment {url}; `file` is the recording where it is on its way from here. */
  element(attachment) {
    const place = document.createElement("div");
    place.className = "chat-voice";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chat-document";
    button.setAttribute("aria-label", this.#strings.playVoiceNote);
    const words = document.createElement("span");
    words.textContent = this.#strings.voiceNote;
    button.append(this.#icon("play"), words);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await this.#play(place, attachment.file ?? (await this.#load(attachment.url)));
      } catch {
        button.disabled = false;
        words.textContent = this.#strings.recordingFailed;
        button.setAttribute("aria-label", this.#strings.recordingFailed);
      }
    });
    place.append(button);
    return place;
  }

  async #play(place, content) {
    const audio = document.createElement("audio");
    audio.controls = true;
    audio.setAttribute("aria-label", this.#strings.voiceNote);
    audio.addEventListener("play", () => {
      if (this.#playing !== audio) {
        this.#playing?.pause();
      }
      this.#playing = audio;
    });
    await loaded(audio, URL.createObjectURL(content));
    place.replaceChildren(audio);
    audio.focus();
    // Where a browser lets nothing sound by itself, the player is there to be pressed.
    await audio.play().catch(() => {});
  }
}

/* Browsers that record do not write down how long it was; one finds out by looking for the end. */
function loaded(audio, address) {
  return new Promise((resolve, reject) => {
    audio.onerror = reject;
    audio.onseeked = () => {
      if (audio.currentTime > 0) {
        audio.currentTime = 0;
      } else {
        audio.onseeked = null;
        resolve();
      }
    };
    audio.onloadedmetadata = () => {
      if (Number.isFinite(audio.duration)) {
        audio.onseeked = null;
        resolve();
      } else {
        audio.currentTime = beyondAnyEnd;
      }
    };
    audio.src = address;
  });
}
