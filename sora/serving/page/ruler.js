// The ruler of the timeline, which is a slider: the moment that is shown, moved by pointer and keys.

import { element, styled } from "./dom.js";
import { ticks } from "./lanes.js";
import { clock } from "./words.js";

const NUM_TICKS = 8;
const STEP_SECONDS = 1;
const SHORT_SECONDS = 8; // less, and whole seconds would stand there twice

/** A ruler over `duration` seconds; `player` has `seek(seconds)` and `toggle()`. */
export class Ruler {
  #now = 0;

  constructor(duration, player) {
    this.duration = duration;
    this.seek = (seconds) => player.seek(Math.min(Math.max(seconds, 0), duration));
    this.toggle = () => player.toggle();
    const told = duration < SHORT_SECONDS ? (tick) => `${tick.toFixed(1)} s` : clock;
    const mark = (tick) => styled(element("span", {}, told(tick)), { "--start": tick / duration });
    const marks = ticks(duration, NUM_TICKS).map(mark);
    const range = { "aria-valuemin": 0, "aria-valuemax": duration.toFixed(1) };
    const look = { class: "track ruler", role: "slider", tabindex: 0, "aria-label": "Moment of the video" };
    this.root = element("div", { ...look, ...range }, marks);
    this.root.addEventListener("keydown", (event) => this.#key(event));
    this.root.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  /** Say which moment is shown. */
  moveTo(seconds) {
    this.#now = seconds;
    this.root.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.root.setAttribute("aria-valuetext", `${clock(seconds)} of ${clock(this.duration)}`);
  }

  #key(event) {
    const page = Math.max(this.duration / 10, STEP_SECONDS);
    const [before, after] = [this.#now - STEP_SECONDS, this.#now + STEP_SECONDS];
    const arrows = { ArrowRight: after, ArrowUp: after, ArrowLeft: before, ArrowDown: before };
    const pages = { PageUp: this.#now + page, PageDown: this.#now - page };
    const places = { ...arrows, ...pages, Home: 0, End: this.duration };
    if (event.key === " ") this.toggle();
    else if (event.key in places) this.seek(places[event.key]);
    else return;
    event.preventDefault();
  }

  #drag(event) {
    const follow = ({ clientX }) => {
      const { left, width } = this.root.getBoundingClientRect();
      this.seek(((clientX - left) / width) * this.duration);
    };
    const stop = () => this.root.removeEventListener("pointermove", follow);
    this.root.setPointerCapture(event.pointerId);
    this.root.addEventListener("pointermove", follow);
    this.root.addEventListener("lostpointercapture", stop, { once: true });
    follow(event);
  }
}
