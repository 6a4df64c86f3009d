// The timeline: what is seen when, in rows that share one axis of time with the player.

import { element, roving, styled } from "./dom.js";
import { areAlike, lanes, merged, ticks } from "./lanes.js";
import { clock, percent, span } from "./words.js";

const NUM_COLOURS = 10;
const NUM_TICKS = 8;
const PX_PER_SECOND = 5; // a long video is wider than the page, and scrolls in its own box
const MAX_WIDTH_PX = 6000;
const STEP_SECONDS = 1;
const HINT = "Point at a part of the timeline, or reach it with the arrow keys, to read what it is.";

/** Draws the answer of /tag; `seek(seconds)` and `toggle()` act on the player. */
export class Timeline {
  #colours = new Map();
  #moments = [];
  #now = 0;

  constructor({ seek, toggle }) {
    this.seek = seek;
    this.toggle = toggle;
  }

  /** Return the timeline as elements; the moments of key frames are kept from one drawing to the next. */
  draw({ duration_seconds, tags, shots, timeline }) {
    this.duration = Math.max(duration_seconds, 0.001);
    this.said = element("p", { class: "said", "aria-hidden": "true" }, HINT); // who listens hears the part itself
    this.head = element("div", { class: "playhead", "aria-hidden": "true" });
    this.keys = element("div", { class: "track keys" });
    const rows = rowsOf(tags, shots, merged(timeline));
    const inner = element("div", { class: "axis" }, this.#ruler(), ...rows.flatMap((row) => this.#row(...row)), this.#keyRow(), this.head);
    styled(inner, { "--least": `${Math.min(this.duration * PX_PER_SECOND, MAX_WIDTH_PX)}px` });
    this.box = element("div", { class: "timeline-box" }, inner);
    this.setKeyMoments(this.#moments);
    this.moveTo(this.#now);
    return [this.box, this.said];
  }

  /** Forget the last video. */
  clear() {
    this.#moments = [];
    this.#now = 0;
    this.#colours.clear();
    this.slider = null;
  }

  /** Mark the moments of key frames: seconds. */
  setKeyMoments(moments) {
    this.#moments = moments;
    if (!this.slider || !moments.length) return;
    const marks = moments.map((seconds, place) => this.#part({ name: `Key frame ${place + 1}`, start_seconds: seconds, end_seconds: seconds }));
    this.keys.replaceChildren(...marks);
    roving(marks);
    this.keys.parentElement.hidden = false;
  }

  /** Move the playhead. */
  moveTo(seconds) {
    this.#now = seconds;
    if (!this.slider) return;
    styled(this.head, { "--at": Math.min(seconds / this.duration, 1) });
    this.slider.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.slider.setAttribute("aria-valuetext", `${clock(seconds)} of ${clock(this.duration)}`);
    this.#keepInView(seconds);
  }

  #ruler() {
    this.slider = element(
      "div",
      { class: "track ruler", role: "slider", tabindex: "0", "aria-label": "Moment of the video", "aria-valuemin": 0, "aria-valuemax": this.duration.toFixed(1) },
      ticks(this.duration, NUM_TICKS).map((seconds) => styled(element("span", {}, clock(seconds)), { "--start": seconds / this.duration })),
    );
    this.slider.addEventListener("keydown", (event) => this.#key(event));
    this.slider.addEventListener("pointerdown", (event) => this.#drag(event));
    return this.slider;
  }

  #key(event) {
    const page = Math.max(this.duration / 10, STEP_SECONDS);
    const targets = {
      ArrowRight: this.#now + STEP_SECONDS, ArrowUp: this.#now + STEP_SECONDS, PageUp: this.#now + page, End: this.duration,
      ArrowLeft: this.#now - STEP_SECONDS, ArrowDown: this.#now - STEP_SECONDS, PageDown: this.#now - page, Home: 0,
    };
    if (event.key === " ") this.toggle();
    else if (event.key in targets) this.seek(Math.min(Math.max(targets[event.key], 0), this.duration));
    else return;
    event.preventDefault();
  }

  #drag(event) {
    const follow = ({ clientX }) => {
      const { left, width } = this.slider.getBoundingClientRect();
      this.seek(Math.min(Math.max((clientX - left) / width, 0), 1) * this.duration);
    };
    this.slider.setPointerCapture(event.pointerId);
    this.slider.addEventListener("pointermove", follow);
    this.slider.addEventListener("lostpointercapture", () => this.slider.removeEventListener("pointermove", follow), { once: true });
    follow(event);
  }

  #row(title, ranges, look = "") {
    const tracks = lanes(ranges).map((lane) => {
      const parts = lane.map((range) => this.#part(range, look === "shots" ? "" : this.#colour(range.name)));
      roving(parts);
      return element("div", { class: `track ${look}` }, parts);
    });
    return element("div", { class: "row", role: "group", "aria-label": title }, element("p", { class: "row-title", "aria-hidden": "true" }, title), tracks);
  }

  #keyRow() {
    const row = element("div", { class: "row", role: "group", "aria-label": "Key frames", hidden: true });
    row.append(element("p", { class: "row-title", "aria-hidden": "true" }, "Key frames"), this.keys);
    return row;
  }

  #part({ name, start_seconds, end_seconds, confidence }, colour = "") {
    const time = end_seconds > start_seconds ? span(start_seconds, end_seconds) : clock(start_seconds);
    const text = [name, time, confidence === undefined ? null : percent(confidence)].filter(Boolean).join(", ");
    const part = element("button", { type: "button", class: `part ${colour}`, "aria-label": text, title: text }, element("span", {}, name));
    const tell = () => (this.said.textContent = text);
    part.addEventListener("click", () => this.seek(start_seconds));
    part.addEventListener("focus", tell);
    part.addEventListener("pointerenter", tell);
    return styled(part, { "--start": start_seconds / this.duration, "--end": Math.min(end_seconds / this.duration, 1) });
  }

  #colour(name) {
    if (!this.#colours.has(name)) this.#colours.set(name, this.#colours.size % NUM_COLOURS);
    return `c${this.#colours.get(name)}`;
  }

  #keepInView(seconds) {
    const { scrollWidth, clientWidth, scrollLeft } = this.box;
    const x = (seconds / this.duration) * scrollWidth;
    if (scrollWidth > clientWidth && (x < scrollLeft || x > scrollLeft + clientWidth)) this.box.scrollLeft = x - clientWidth / 8;
  }
}

// Title, ranges and look of each row that has something to show.
function rowsOf(tags, shots, moments) {
  const ofKind = (kind) => tags.filter((tag) => tag.kind === kind);
  const rows = [
    ["Labels", ofKind("label")],
    ["Kinds of things", ofKind("group")],
    ["Objects and scenes", ofKind("object")],
    ["Moment by moment", areAlike(moments, ofKind("label")) ? [] : moments, "thin"],
    ["Shots", shots.map((shot, place) => ({ ...shot, name: `Shot ${place + 1}` })), "shots"],
  ];
  return rows.filter(([, ranges]) => ranges.length);
}
