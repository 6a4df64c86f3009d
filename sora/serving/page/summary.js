// The video in short: a text in English or Chinese, key frames, a storyboard.

import { element } from "./dom.js";
import { strip } from "./frames.js";
import { clock } from "./words.js";

/** Return the answer of /summarize as elements; `seek(seconds)` leads to the moment of a key frame. */
export function drawSummary({ text, language, key_frames, storyboard }, seek) {
  return [
    element("p", { class: "story", lang: language === "zh" ? "zh" : "en" }, text),
    strip(key_frames, "Key frame", seek),
    storyboard ? board(storyboard, key_frames) : null,
  ].filter(Boolean);
}

function board(image, frames) {
  const alt = `Storyboard: key frames at ${frames.map((frame) => clock(frame.time_seconds)).join(", ")}`;
  return element("details", {}, element("summary", {}, "Storyboard"), element("img", { class: "storyboard", src: image, alt, loading: "lazy" }));
}
