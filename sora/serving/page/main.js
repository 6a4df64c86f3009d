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
import { offerRemaking } from "./remaking.js";
import { drawSimilar } from "./similar.js";
import { drawSummary } from "./summary.js";
import { Timeline } from "./timeline.js";
import { percent, size } from "./words.js";

const LONG_SECONDS = 60; // a longer video is worked on as jobs,
const LARGE_BYTES = 10e6; // as is a larger one whose length the browser cannot tell
const NUM_SIMILAR = 6;

const panels = {
  answer: new Panel("answer", "Looking at the video …"),
  timeline: new Panel("timeline", "Going through it moment by moment …"),
  summary: new Panel("summary", "Telling it in short …"),
  saliency: new Panel("saliency", "Covering parts of it to see which ones matter …"),
  similar: new Panel("similar", "Comparing it with the videos of the index …"),
  moderation: new Panel("moderation", "Judging it by the policy …"),
};
const player = new Player();
const show = (seconds) => player.show(seconds);
const timeline = new Timeline(player);
let current = new AbortController();
let model = null;

async function open(source) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  makeRoom(source);
  correct(source, signal);
  const length = player.open(source, signal);
  let isAsked = false;
  const askTheRest = async () => {
    if (isAsked) return;
    isAsked = true;
    byId("results").classList.remove("is-refused");
    if (!model) learnModel(); // a token may be there by now
    const long = isLong(await length, source);
    if (!signal.aborted) fillTheRest({ source, signal, long });
  };
  const answer = await classify(source, signal, askTheRest);
  const isRefused = answer?.status >= 400 && answer.status < 500; // the other answers would be the same
  byId("results").classList.toggle("is-refused", isRefused);
  if (answer && !isRefused) askTheRest();
}

function makeRoom(source) {
  document.body.classList.add("has-video");
  byId("results").hidden = false;
  byId("results").classList.remove("is-refused");
  byId("upload").hidden = true;
  timeline.clear();
  for (const panel of Object.values(panels)) panel.hold();
  byId("player").scrollIntoView({ block: "nearest" });
  announce(`Opened ${source.name}.`);
}

function classify(source, signal, then) {
  const what = source.bytes ? size(source.bytes) : "the address";
  const onUpload = (share) => {
    if (signal.aborted) return;
    byId("upload-bar").value = share;
    byId("upload-text").textContent = `Sending ${what}: ${percent(share)}`;
    byId("upload").hidden = share === 1;
  };
  const ask = (work) => call("classify", { video: source, ...work, onUpload });
  return panels.answer.fill(signal, ask, (answer) => {
    announce(sayAnswer(answer));
    then();
    return drawAnswer(answer);
  });
}

function fillTheRest(how) {
  fill("timeline", how, "tag", {}, (answer) => timeline.draw(answer));
  fill("moderation", how, "moderate", {}, (answer) => drawModeration(answer, show));
  fill("similar", { ...how, long: false }, "search", { top: NUM_SIMILAR }, drawSimilar);
  tell(how);
  byId("language").addEventListener("change", () => tell(how), { signal: how.signal });
  offerSaliency(how);
  offerRemaking(how.source, how.signal);
}

// A short video is answered at once, a long one by a job that tells how far it is.
async function fill(name, { source, signal, long }, task, options, draw) {
  const query = new URLSearchParams(options);
  const ask = long
    ? (work) => runJob(task, query, source, work)
    : (work) => call(query.size ? `${task}?${query}` : task, { video: source, ...work });
  const answer = await panels[name].fill(signal, ask, draw);
  if (answer && !(answer instanceof Error)) announce(`${panels[name].title}: done.`);
}

function tell(how) {
  const { value: language } = byId("language").querySelector(":checked");
  return fill("summary", how, "summarize", { language }, (answer) => {
    timeline.setKeyMoments(answer.key_frames.map((frame) => frame.time_seconds));
    return drawSummary(answer, show);
  });
}

function offerSaliency(how) {
  const draw = ({ frames, label }) => [
    element("p", { class: "soft" }, `What is marked made the model say “${label}”.`),
    strip(frames, "Frame with what mattered", show),
  ];
  const find = () => fill("saliency", { ...how, long: false }, "explain", {}, draw);
  panels.saliency.show(
    element("p", { class: "soft" }, "Find the parts of the picture that made the model say so; it takes a moment."),
    element("button", { type: "button", onclick: find }, "Show what it looked at"),
  );
}

function isLong(seconds, source) {
  if (seconds !== null) return seconds > LONG_SECONDS;
  return source.bytes === null || source.bytes > LARGE_BYTES;
}

async function learnModel() {
  model ??= await showModel();
  if (model) offerLabels(model.labels, model.several_labels);
}

player.onTime((seconds) => timeline.moveTo(seconds));
takeVideos(open);
watchHealth();
learnModel();
