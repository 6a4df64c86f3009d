// A strip of pictures out of a video: each is a button that leads to its moment.

import { element } from "./dom.js";
import { clock } from "./words.js";

/** Return frames [{time_seconds, image}] as a list; `what` names one of them, `seek(seconds)` leads there. */
export function strip(frames, what, seek) {
  return element("ol", { class: "strip" }, frames.map((frame) => element("li", {}, picture(frame, what, seek))));
}

function picture({ time_seconds, image }, what, seek) {
  const time = clock(time_seconds);
  return element(
    "button",
    { type: "button", class: "frame", onclick: () => seek(time_seconds), "aria-label": `${what} at ${time}: go there` },
    element("img", { src: image, alt: "", loading: "lazy" }),
    element("span", { class: "number" }, time),
  );
}
