// A corrected label, which the service keeps for the next training.

import { call, isAbort, ServiceError } from "./api.js";
import { byId, element } from "./dom.js";

const said = byId("correction-said");
const form = byId("correction-form");
let current = null;

/** Offer the labels that the model knows; with `several`, a video may be given more than one. */
export function offerLabels(labels, several) {
  byId("known-labels").replaceChildren(...labels.map((label) => element("option", { value: label })));
  byId("another-label").hidden = !several;
}

/** Begin anew, for another video. */
export function correct(source, signal) {
  current = { source, signal };
  form.reset();
  fields().slice(1).forEach((field) => field.remove());
  form.removeAttribute("aria-busy");
  said.textContent = "";
}

const fields = () => [...form.querySelectorAll("[name=label]")];

byId("another-label").addEventListener("click", () => {
  const field = fields()[0].cloneNode();
  Object.assign(field, { value: "", required: false });
  field.removeAttribute("id");
  field.setAttribute("aria-label", `Right label ${fields().length + 1}`);
  byId("correct-labels").append(field);
  field.focus();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!form.hasAttribute("aria-busy")) send(current);
});

async function send({ source, signal }) {
  const options = new URLSearchParams();
  for (const field of fields()) if (field.value.trim()) options.append("label", field.value.trim());
  if (!options.size) return tell("Please give the right label.", true);
  const note = byId("correct-note").value.trim();
  if (note) options.set("note", note);
  form.setAttribute("aria-busy", "true");
  tell("Sending the correction …");
  try {
    const onWait = (seconds) => tell(`The service is busy; sending again in ${Math.ceil(seconds)} s.`);
    const kept = await call(`feedback?${options}`, { video: source, signal, onWait });
    const name = `${kept.labels.join(", ")} (${kept.feedback_id})`;
    tell(`Kept as ${name}. Thank you: the next training can learn from it.`);
  } catch (error) {
    if (isAbort(error)) return;
    if (!(error instanceof ServiceError)) throw error;
    tell(`Not kept. ${error.message}`, true);
  } finally {
    if (!signal.aborted) form.removeAttribute("aria-busy");
  }
}

function tell(text, isProblem = false) {
  said.textContent = text;
  said.classList.toggle("problem", isProblem);
}
