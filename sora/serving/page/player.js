// The video itself: played from the file at once, or from a copy that the service makes where a browser cannot.

import { ServiceError, call, isAbort } from "./api.js";
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

  /** Play a source until `signal` is aborted. Return its length in seconds; null where the browser cannot tell. */
  async open(source, signal) {
    byId("player-title").textContent = source.name;
    this.#note.textContent = "";
    this.#video.hidden = false;
    this.#forget();
    const plays = source.file && (await this.#play(source.file, signal));
    if (signal.aborted) return null;
    const openCopy = () => this.#openCopy(source, signal);
    if (plays) this.#video.addEventListener("error", openCopy, { once: true, signal }); // damage further on
    else openCopy();
    return plays && Number.isFinite(this.#video.duration) ? this.#video.duration : null;
  }

  /** Go to a moment. */
  seek(seconds) {
    this.#video.currentTime = seconds;
  }

  /** Go to a moment, and bring the picture into view. */
  show(seconds) {
    this.seek(seconds);
    this.#video.scrollIntoView({ block: "nearest" });
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
      this.#note.textContent = `The service is busy; asking for a copy again in ${Math.ceil(seconds)} s.`;
    };
    try {
      const copy = await call("preview", { video: source, wants: "blob", signal, onWait });
      const plays = await this.#play(copy, signal);
      if (signal.aborted) return;
      if (plays) this.#note.textContent = "You see a smaller copy (H.264); the answers are about the original.";
      else this.#showNone("This browser cannot play the video, nor a copy of it.");
    } catch (error) {
      if (isAbort(error)) return;
      if (!(error instanceof ServiceError)) throw error;
      this.#showNone(`No copy that plays could be made. ${error.message}`);
    }
  }

  #showNone(why) {
    this.#forget();
    this.#video.hidden = true;
    this.#note.textContent = why;
  }

  #play(blob, signal) {
    this.#forget();
    this.#shown = URL.createObjectURL(blob);
    this.#video.src = this.#shown;
    return new Promise((resolve) => {
      const known = new AbortController();
      const answer = (plays) => {
        known.abort();
        if (plays && !CALM.matches) this.#start();
        resolve(plays);
      };
      signal.addEventListener("abort", () => answer(false), { signal: known.signal });
      this.#video.addEventListener("error", () => answer(false), { signal: known.signal });
      // Some browsers play the sound of what they cannot show.
      const hasPicture = () => this.#video.videoWidth > 0;
      this.#video.addEventListener("loadedmetadata", () => answer(hasPicture()), { signal: known.signal });
    });
  }

  // A browser that wants a click before it plays is right.
  #start() {
    this.#video.play().catch((error) => {
      if (!["NotAllowedError", "AbortError", "NotSupportedError"].includes(error.name)) throw error;
    });
  }

  #forget() {
    this.#video.removeAttribute("src");
    this.#video.load();
    if (this.#shown) URL.revokeObjectURL(this.#shown);
    this.#shown = null;
  }
}
