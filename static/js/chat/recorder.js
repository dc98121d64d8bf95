/*
 * Recorder: a voice note, said instead of written. The bar stands where the field is while it is recorded, and until what
 * was recorded is sent or deleted; nothing leaves before that. The microphone is let go the moment recording ends.
 */

import { format } from "../chat-strings.js";
import { part } from "./page.js";

const kinds = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const extensions = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };
// Enough for speech in each of these kinds.
const bitsPerSecond = 32_000;
const lookEvery = 250;

export class Recorder {
  #button = part("record");
  #bar = part("recording");
  #field;
  #strings;
  #kind;
  #seconds;
  #asking = null;
  #run = null;

  /** `field`: what the bar stands in for. `on`: {send(file), problem(words)}; no words take the problem away. */
  constructor({ field, strings, on }) {
    this.#field = field;
    this.#strings = strings;
    this.on = on;
    this.#kind = this.#button && canRecord() ? kinds.find((kind) => MediaRecorder.isTypeSupported(kind)) : undefined;
    if (!this.#kind) {
      return;
    }
    this.#seconds = Number(this.#button.dataset.seconds);
    this.#button.hidden = false;
    this.#button.addEventListener("click", () => this.#begin());
    part("recording-send").addEventListener("click", () => this.#send());
    part("recording-cancel").addEventListener("click", () => this.cancel());
    this.#bar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        // Not the whole chat.
        event.stopPropagation();
        this.cancel();
      }
    });
  }

  /** Records no longer; what was recorded waits to be sent or deleted. */
  halt() {
    this.#asking = null;
    if (this.#run?.recorder.state === "recording") {
      this.#run.recorder.stop();
    }
  }

  /** Deletes what was recorded. */
  cancel() {
    this.halt();
    if (this.#run) {
      this.#close();
    }
  }

  async #begin() {
    if (this.#run || this.#asking) {
      return;
    }
    const asking = (this.#asking = {});
    this.on.problem("");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (this.#asking === asking) {
        this.#record(stream);
      } else {
        // Whoever asked has gone away meanwhile.
        letGo(stream);
      }
    } catch (error) {
      const isRefused = error.name === "NotAllowedError" || error.name === "SecurityError";
      this.on.problem(isRefused ? this.#strings.microphoneRefused : this.#strings.microphoneMissing);
    } finally {
      if (this.#asking === asking) {
        this.#asking = null;
      }
    }
  }

  #record(stream) {
    const recorder = new MediaRecorder(stream, { mimeType: this.#kind, audioBitsPerSecond: bitsPerSecond });
    const run = { recorder, pieces: [], begun: performance.now(), timer: 0, isWanted: false };
    recorder.addEventListener("dataavailable", ({ data }) => data.size > 0 && run.pieces.push(data));
    // It also stops by itself where a microphone is pulled out.
    recorder.addEventListener("stop", () => {
      letGo(stream);
      this.#ended(run);
    });
    recorder.start();
    this.#run = run;
    run.timer = setInterval(() => this.#look(run), lookEvery);
    this.#field.hidden = true;
    this.#bar.hidden = false;
    this.#bar.dataset.state = "recording";
    part("recording-state").textContent = this.#strings.recording;
    this.#look(run);
    part("recording-send").focus();
  }

  #look(run) {
    const seconds = Math.min(this.#seconds, Math.floor((performance.now() - run.begun) / 1_000));
    part("recording-time").textContent = `${clock(seconds)} / ${clock(this.#seconds)}`;
    if (seconds >= this.#seconds) {
      this.halt();
    }
  }

  #ended(run) {
    clearInterval(run.timer);
    if (this.#run !== run) {
      return;
    }
    if (run.isWanted) {
      this.#deliver(run);
      return;
    }
    const isFull = performance.now() - run.begun >= this.#seconds * 1_000;
    this.#bar.dataset.state = "ended";
    part("recording-state").textContent = isFull
      ? format(this.#strings.recordingFull, { count: this.#seconds / 60 })
      : this.#strings.recordingEnded;
  }

  #send() {
    const run = this.#run;
    if (run?.recorder.state === "recording") {
      run.isWanted = true;
      run.recorder.stop();
    } else if (run) {
      this.#deliver(run);
    }
  }

  #deliver(run) {
    const type = this.#kind.split(";")[0];
    const file = new File(run.pieces, `${this.#strings.voiceNote}.${extensions[type]}`, { type });
    this.#close();
    if (file.size > 0) {
      this.on.send(file);
    } else {
      this.on.problem(this.#strings.nothingRecorded);
    }
  }

  #close() {
    const hadFocus = this.#bar.contains(document.activeElement);
    clearInterval(this.#run.timer);
    this.#run = null;
    this.#bar.hidden = true;
    this.#field.hidden = false;
    part("recording-state").textContent = "";
    if (hadFocus) {
      this.#button.focus();
    }
  }
}

/* Whether this browser records, and the page that frames this one lets it. */
function canRecord() {
  const isAllowed = document.featurePolicy?.allowsFeature("microphone") ?? true;
  return isAllowed && Boolean(window.MediaRecorder && navigator.mediaDevices?.getUserMedia);
}

function letGo(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
