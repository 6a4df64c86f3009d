// The video itself: played from the file at once, or from a copy that the service makes where a browser cannot.

import { ServiceError, call } from "./api.js";
import { byId } from "./dom.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

/** The player of the page. */
export class Player {
  #video = byId("video");
  #note = byId("player-note");
  #shown = null;

  /** Call `listen(seconds)` whenever another moment is shown. */
  onTime(listen) {
    let frame = 0;
    const tell = () => {
      listen(this.#video.currentTime);
      frame = this.#video.paused ? 0 : requestAnimationFrame(tell);
    };
    for (const event of ["play", "seeked", "timeupdate", "loadedmetadata"]) {
      this.#video.addEventListener(event, () => {
        cancelAnimationFrame(frame);
        tell();
      });
    }
  }

  /** Play a source, and return its length in seconds, or null where nothing can tell. */
  async open(source, signal) {
    this.close();
    byId("player-title").textContent = source.name;
    if (source.file && (await this.#play(source.file, signal))) return this.#length();
    if (signal.aborted) return null;
    return this.#openCopy(source, signal);
  }

  /** Stop, and show nothing. */
  close() {
    this.#video.removeAttribute("src");
    this.#video.load();
    if (this.#shown) URL.revokeObjectURL(this.#shown);
    this.#shown = null;
    this.#note.textContent = "";
  }

  /** Go to a moment. */
  seek(seconds) {
    this.#video.currentTime = seconds;
  }

  /** Play, or hold. */
  toggle() {
    if (this.#video.paused) this.#start();
    else this.#video.pause();
  }

  async #openCopy(source, signal) {
    const why = source.file ? "This browser cannot play this format." : "The service fetches the video.";
    this.#note.textContent = `${why} Making a copy that plays …`;
    const onWait = (seconds) => {
      this.#note.textContent = `The service is busy; asking for a copy that plays again in ${Math.ceil(seconds)} s.`;
    };
    try {
      const copy = await call("preview", { video: source, wants: "blob", signal, onWait });
      const plays = await this.#play(copy, signal);
      if (signal.aborted) return null;
      this.#note.textContent = plays
        ? "You see a smaller copy (H.264); the answers are about the original."
        : "This browser cannot play the video, nor a copy of it.";
      return plays ? this.#length() : null;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.#note.textContent = `No copy that plays could be made. ${error.message}`;
      return null;
    }
  }

  #play(blob, signal) {
    this.#shown = URL.createObjectURL(blob);
    this.#video.src = this.#shown;
    return new Promise((resolve) => {
      const ended = new AbortController();
      const listen = (event, answer, target = this.#video) =>
        target.addEventListener(event, () => (ended.abort(), resolve(answer())), { signal: ended.signal });
      listen("abort", () => false, signal);
      listen("error", () => false);
      listen("loadeddata", () => {
        const hasPicture = this.#video.videoWidth > 0; // some browsers play the sound of what they cannot show
        if (hasPicture && !CALM.matches) this.#start();
        return hasPicture;
      });
    });
  }

  // A browser that wants a click before it plays is right.
  #start() {
    this.#video.play().catch((error) => {
      if (!["NotAllowedError", "AbortError"].includes(error.name)) throw error;
    });
  }

  #length() {
    return Number.isFinite(this.#video.duration) ? this.#video.duration : null;
  }
}
