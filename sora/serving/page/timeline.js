// The timeline: what is seen when, in rows that share one axis of time with the player.

import { element, roving, styled } from "./dom.js";
import { areAlike, lanes, merged } from "./lanes.js";
import { Ruler } from "./ruler.js";
import { clock, percent, span } from "./words.js";

const NUM_COLOURS = 10;
const PX_PER_SECOND = 5; // a long video is wider than the page, and scrolls in its own box
const MAX_WIDTH_PX = 6000;
const HINT = "Point at a part, or reach it with Tab and the arrow keys, to read what it is.";

/** Draws the answer of /tag; `player` has `seek(seconds)` and `toggle()`. */
export class Timeline {
  #player;
  #ruler = null;
  #colours = new Map();
  #keyMoments = [];
  #now = 0;

  constructor(player) {
    this.#player = player;
  }

  /** Return the timeline as elements. */
  draw({ duration_seconds, tags, shots, timeline, warning }) {
    this.duration = Math.max(duration_seconds, 0.001);
    this.#ruler = new Ruler(this.duration, this.#player);
    this.said = element("p", { class: "said", "aria-hidden": "true" }, HINT); // who listens hears the part itself
    this.head = element("div", { class: "playhead", "aria-hidden": "true" });
    this.keys = row("Key frames", element("div", { class: "track keys" }));
    const rows = rowsOf(tags, shots, merged(timeline)).map((one) => this.#row(...one));
    const axis = element("div", { class: "axis" }, this.#ruler.root, rows, this.keys, this.head);
    styled(axis, { "--least": `${Math.min(this.duration * PX_PER_SECOND, MAX_WIDTH_PX)}px` });
    this.box = element("div", { class: "timeline-box" }, axis);
    this.#drawKeys();
    this.moveTo(this.#now);
    return [this.box, this.said, warning && element("p", { class: "caution" }, warning)].filter(Boolean);
  }

  /** Forget the last video. */
  clear() {
    this.#ruler = null;
    this.#keyMoments = [];
    this.#now = 0;
    this.#colours.clear();
  }

  /** Mark the moments of key frames, in seconds; before or after the timeline is drawn. */
  setKeyMoments(moments) {
    this.#keyMoments = moments;
    if (this.#ruler) this.#drawKeys();
  }

  /** Move the playhead. */
  moveTo(seconds) {
    this.#now = seconds;
    if (!this.#ruler) return;
    this.#ruler.moveTo(seconds);
    styled(this.head, { "--at": Math.min(seconds / this.duration, 1) });
    const { scrollWidth, clientWidth, scrollLeft } = this.box;
    const x = (seconds / this.duration) * scrollWidth;
    const isSeen = x >= scrollLeft && x <= scrollLeft + clientWidth;
    if (scrollWidth > clientWidth && !isSeen) this.box.scrollLeft = x - clientWidth / 8;
  }

  #row(title, ranges, look) {
    const tracks = lanes(ranges).map((lane) => {
      const parts = lane.map((range) => this.#part(range, look === "shots" ? "" : this.#colour(range.name)));
      roving(parts);
      return element("div", { class: `track ${look}` }, parts);
    });
    return row(title, ...tracks);
  }

  #drawKeys() {
    const marks = this.#keyMoments.map((seconds, place) =>
      this.#part({ name: `Key frame ${place + 1}`, start_seconds: seconds, end_seconds: seconds }),
    );
    roving(marks);
    this.keys.lastChild.replaceChildren(...marks);
    this.keys.hidden = !marks.length;
  }

  #part({ name, start_seconds, end_seconds, confidence }, colour = "") {
    const time = end_seconds > start_seconds ? span(start_seconds, end_seconds) : clock(start_seconds);
    const text = [name, time, ...(confidence === undefined ? [] : [percent(confidence)])].join(", ");
    const look = { type: "button", class: `part ${colour}`, "aria-label": text, title: text };
    const part = element("button", look, element("span", {}, name));
    const tell = () => (this.said.textContent = text);
    part.addEventListener("click", () => this.#player.seek(start_seconds));
    part.addEventListener("focus", tell);
    part.addEventListener("pointerenter", tell);
    const end = Math.min(end_seconds / this.duration, 1);
    return styled(part, { "--start": start_seconds / this.duration, "--end": end });
  }

  #colour(name) {
    if (!this.#colours.has(name)) this.#colours.set(name, this.#colours.size % NUM_COLOURS);
    return `c${this.#colours.get(name)}`;
  }
}

function row(title, ...tracks) {
  const shown = element("p", { class: "row-title", "aria-hidden": "true" }, title);
  return element("div", { class: "row", role: "group", "aria-label": title }, shown, tracks);
}

// Title, ranges and look of each row that has something to show.
function rowsOf(tags, shots, moments) {
  const ofKind = (kind) => tags.filter((tag) => tag.kind === kind);
  const labels = ofKind("label");
  const rows = [
    ["Labels", labels, ""],
    ["Kinds of things", ofKind("group"), ""],
    ["Objects and scenes", ofKind("object"), ""],
    ["Moment by moment", areAlike(moments, labels) ? [] : moments, "thin"],
    ["Shots", shots.map((shot, place) => ({ ...shot, name: `Shot ${place + 1}` })), "shots"],
  ];
  return rows.filter(([, ranges]) => ranges.length);
}
