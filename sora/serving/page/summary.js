// The video in short: a text in English or Chinese, key frames, a storyboard.

import { element } from "./dom.js";
import { strip } from "./frames.js";
import { clock } from "./words.js";

/** Return the answer of /summarize as elements; `show(seconds)` leads to the moment of a key frame. */
export function drawSummary({ text, language, key_frames, storyboard }, show) {
  return [
    element("p", { class: "story", lang: language }, text),
    strip(key_frames, "Key frame", show),
    storyboard && board(storyboard, key_frames),
  ].filter(Boolean);
}

function board(image, frames) {
  const alt = `Storyboard: key frames at ${frames.map((frame) => clock(frame.time_seconds)).join(", ")}`;
  const picture = element("img", { class: "storyboard", src: image, alt, loading: "lazy" });
  return element("details", {}, element("summary", {}, "Storyboard"), picture);
}
