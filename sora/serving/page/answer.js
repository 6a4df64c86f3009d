// What the video shows: the label that the model decided on, and how probable each is.

import { element, styled } from "./dom.js";
import { percent } from "./words.js";

const NUM_BARS = 5;
const UNSURE_BELOW = 0.5;
const NOTHING = "Nothing that it is sure of";

/** Return the answer of /classify as elements. */
export function drawAnswer({ label, labels, probabilities, warning }) {
  const decided = labels ?? [label];
  const isUnsure = !labels && probabilities[label] < UNSURE_BELOW;
  const named = decided.map((one) => element("span", {}, one));
  return [
    element("p", { class: "decided" }, named.length ? named : NOTHING),
    isUnsure && element("p", { class: "caution" }, "The model is not sure: no label reaches 50 %."),
    warning && element("p", { class: "caution" }, `The video breaks off: ${warning}`),
    ...bars(probabilities, decided),
  ].filter(Boolean);
}

/** Return the answer in a sentence, for those who listen. */
export function sayAnswer({ label, labels, probabilities }) {
  const decided = labels ?? [label];
  return `It shows: ${decided.map((one) => `${one}, ${percent(probabilities[one])}`).join("; ") || NOTHING}.`;
}

function bars(probabilities, decided) {
  const ranked = Object.entries(probabilities).sort(([, one], [, other]) => other - one);
  const rows = ranked.map(([label, probability]) => bar(label, probability, decided.includes(label)));
  const rest = rows.slice(NUM_BARS);
  const list = element("ul", { class: "bars" }, rows);
  if (!rest.length) return [list];
  const expand = element("button", { type: "button", class: "quiet" });
  const open = (isOpen) => {
    expand.setAttribute("aria-expanded", String(isOpen));
    expand.textContent = isOpen ? "Fewer labels" : `All ${rows.length} labels`;
    rest.forEach((row) => (row.hidden = !isOpen));
  };
  expand.addEventListener("click", () => open(rest[0].hidden));
  open(false);
  return [list, expand];
}

function bar(label, probability, isDecided) {
  return element(
    "li",
    { class: isDecided && "is-decided" },
    element("span", { class: "name" }, label),
    element("span", { class: "number" }, percent(probability)),
    styled(element("span", { class: "bar", "aria-hidden": "true" }, element("i")), { "--share": probability }),
  );
}
