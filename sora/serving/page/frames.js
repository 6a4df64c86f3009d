// A strip of pictures out of a video: each is a button that leads to its moment.

import { element } from "./dom.js";
import { clock } from "./words.js";

/** Return frames [{time_seconds, image}] as a list; `what` names one of them, `show(seconds)` leads there. */
export function strip(frames, what, show) {
  return element("ol", { class: "strip" }, frames.map((frame) => element("li", {}, picture(frame, what, show))));
}

function picture({ time_seconds, image }, what, show) {
  const time = clock(time_seconds);
  const label = `${what} at ${time}: go there`;
  return element(
    "button",
    { type: "button", class: "frame", "aria-label": label, onclick: () => show(time_seconds) },
    element("img", { src: image, alt: "", loading: "lazy" }),
    element("span", { class: "number" }, time),
  );
}
