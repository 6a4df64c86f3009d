// The page: takes a video, plays it, and asks the service about it, each panel for itself.

import { drawAnswer, sayAnswer } from "./answer.js";
import { call } from "./api.js";
import { correct, offerLabels } from "./correction.js";
import { announce, byId, element } from "./dom.js";
import { strip } from "./frames.js";
import { takeVideos } from "./intake.js";
import { runJob } from "./jobs.js";
import { showModel, watchHealth } from "./model.js";
import { drawModeration } from "./moderation.js";
import { Panel } from "./panel.js";
import { Player } from "./player.js";
import { drawSimilar } from "./similar.js";
import { drawSummary } from "./summary.js";
import { Timeline } from "./timeline.js";
import { percent, size } from "./words.js";

const LONG_SECONDS = 60; // a longer video is worked on as jobs
const NUM_SIMILAR = 6;

const panels = {
  answer: new Panel("answer", "Looking at the video …"),
  timeline: new Panel("timeline", "Going through it moment by moment …"),
  moderation: new Panel("moderation", "Judging it by the policy …"),
  summary: new Panel("summary", "Telling it in short …"),
  saliency: new Panel("saliency", "Covering parts of it to see which ones matter …"),
  similar: new Panel("similar", "Comparing it with the videos of the index …"),
};
const player = new Player();
const seek = (seconds) => player.seek(seconds);
const timeline = new Timeline({ seek, toggle: () => player.toggle() });
let current = new AbortController();

async function open(source) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  makeRoom(source, signal);
  const length = player.open(source, signal);
  await classify(source, signal);
  const duration = await length;
  if (signal.aborted) return;
  const isLong = duration === null || duration > LONG_SECONDS;
  findTags(source, signal, isLong);
  moderate(source, signal, isLong);
  summarise(source, signal, isLong);
  panels.similar.fill(signal, (work) => call(`search?top=${NUM_SIMILAR}`, { video: source, ...work }), drawSimilar);
}

function makeRoom(source, signal) {
  document.body.classList.add("has-video");
  byId("results").hidden = false;
  byId("upload").hidden = true;
  timeline.clear();
  correct(source, signal);
  for (const panel of Object.values(panels)) panel.show(element("p", { class: "soft" }, "After the first answer."));
  offerSaliency(source, signal);
  byId("player").scrollIntoView({ block: "nearest" });
  announce(`Opened ${source.name}.`);
}

async function classify(source, signal) {
  const upload = byId("upload");
  const onUpload = (share) => {
    if (signal.aborted) return;
    byId("upload-bar").value = share;
    byId("upload-text").textContent = `Sending ${source.bytes ? size(source.bytes) : "the address"}: ${percent(share)}`;
    upload.hidden = share === 1;
  };
  const ask = (work) => call("classify", { video: source, ...work, onUpload });
  const answer = await panels.answer.fill(signal, ask, drawAnswer);
  if (signal.aborted) return;
  upload.hidden = true;
  if (answer) announce(sayAnswer(answer));
}

// A short video is answered at once, a long one by a job that tells how far it is.
function ask(task, options, source, isLong) {
  if (!isLong) return (work) => call(`${task}${options ? `?${options}` : ""}`, { video: source, ...work });
  return (work) => runJob(`${task}${options ? `&${options}` : ""}`, source, work);
}

function findTags(source, signal, isLong) {
  return panels.timeline.fill(signal, ask("tag", "", source, isLong), (answer) => timeline.draw(answer));
}

function moderate(source, signal, isLong) {
  return panels.moderation.fill(signal, ask("moderate", "", source, isLong), (answer) => drawModeration(answer, seek));
}

function summarise(source, signal, isLong) {
  const choice = byId("language");
  const tell = () => {
    const language = choice.querySelector(":checked").value;
    return panels.summary.fill(signal, ask("summarize", `language=${language}`, source, isLong), (answer) => {
      timeline.setKeyMoments(answer.key_frames.map((frame) => frame.time_seconds));
      return drawSummary(answer, seek);
    });
  };
  choice.addEventListener("change", tell, { signal });
  return tell();
}

function offerSaliency(source, signal) {
  const draw = ({ frames, label }) => [
    element("p", { class: "soft" }, `What is marked made the model say “${label}”.`),
    strip(frames, "Frame with what mattered", seek),
  ];
  const find = () => panels.saliency.fill(signal, (work) => call("explain", { video: source, ...work }), draw);
  panels.saliency.show(
    element("p", { class: "soft" }, "Find the parts of the picture that made the model say so. It takes a little longer."),
    element("button", { type: "button", onclick: find }, "Show what it looked at"),
  );
}

player.onTime((seconds) => timeline.moveTo(seconds));
takeVideos(open);
watchHealth();
const model = await showModel();
if (model) offerLabels(model.labels, model.several_labels);
