// A new video of the one that was opened: larger, or painted in a style.

import { ServiceError, call } from "./api.js";
import { announce, byId, element } from "./dom.js";
import { runJob } from "./jobs.js";
import { Panel } from "./panel.js";
import { size } from "./words.js";

const SCALE = 2;
const panel = new Panel("remaking", "Making the video; it takes a while …");
const choice = byId("remaking-choice");
let current = null; // the video, and the signal that ends what is about it
let shown = null; // address of the video that was made last
let offered = null;

/** Offer to make videos of a source, until `signal` is aborted; nothing where the service can make none. */
export async function offerRemaking(source, signal) {
  current = { source, signal };
  signal.addEventListener("abort", hide, { once: true });
  offered ??= await capabilities();
  if (signal.aborted || !offered) return;
  const { scales, styles } = offered;
  byId("enlarge").hidden = !scales.includes(SCALE);
  byId("painting").hidden = !styles.length;
  byId("style").replaceChildren(...styles.map((style) => element("option", { value: style }, style)));
  panel.root.hidden = !scales.includes(SCALE) && !styles.length;
}

async function capabilities() {
  try {
    return await call("capabilities", { method: "GET" });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return null;
  }
}

function hide() {
  panel.root.hidden = true;
  panel.show();
  forget();
}

function forget() {
  if (shown) URL.revokeObjectURL(shown);
  shown = null;
}

async function make(task, options, what) {
  const { source, signal } = current;
  forget();
  choice.disabled = true;
  panel.root.focus({ preventScroll: true }); // not lost with the button
  const ask = (work) => runJob(task, new URLSearchParams(options), source, work, withVideo);
  const answer = await panel.fill(signal, ask, (made) => draw(made, `${stem(source.name)}-${what}`));
  choice.disabled = false;
  if (answer && !(answer instanceof Error)) announce(`${panel.title}: the video is ready.`);
}

// The answer of a job that has made a video, with the video itself as a Blob.
async function withVideo(path, { signal, onWait }) {
  const answer = await call(`${path}/result`, { method: "GET", signal, onWait });
  const [file] = answer.files;
  const place = `${path}/files/${encodeURIComponent(file)}`;
  const video = await call(place, { method: "GET", wants: "blob", signal, onWait });
  return { ...answer, file, video };
}

function draw({ file, video, width, height, warning }, name) {
  shown = URL.createObjectURL(video);
  const download = `${name}.${file.split(".").pop()}`;
  return [
    element("video", { controls: true, playsinline: true, src: shown, "aria-label": download }),
    element(
      "p",
      { class: "saving" },
      element("a", { class: "button", href: shown, download }, "Download"),
      element("span", { class: "soft" }, `${width} × ${height} px, ${size(video.size)}`),
    ),
    warning && element("p", { class: "caution" }, `Note: ${warning}.`),
  ].filter(Boolean);
}

const stem = (name) => name.replace(/\.[^.]*$/, "") || "video";

byId("enlarge").addEventListener("click", () => make("enhance", { scale: SCALE }, `${SCALE}x`));
byId("painting").addEventListener("submit", (event) => {
  event.preventDefault();
  const style = byId("style").value;
  make("stylize", { style }, style);
});
