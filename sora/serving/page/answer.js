// What the video shows: the label that the model decided on, and how probable each is.

import { element, styled } from "./dom.js";
import { percent } from "./words.js";

const NUM_BARS = 5;
const UNSURE_BELOW = 0.5;

/** Return the answer of /classify as elements. */
export function drawAnswer({ label, labels, probabilities, warning }) {
  const ranked = Object.entries(probabilities).sort(([, one], [, other]) => other - one);
  const decided = labels ?? [label];
  return [
    element("p", { class: "decided" }, ...(decided.length ? decided.map((one) => element("span", {}, one)) : ["Nothing that it is sure of"])),
    !labels && probabilities[label] < UNSURE_BELOW
      ? element("p", { class: "caution" }, "The model is not sure: no label has half of the probability.")
      : null,
    warning ? element("p", { class: "caution" }, `The video breaks off: ${warning}`) : null,
    ...bars(ranked, new Set(decided)),
  ].filter(Boolean);
}

/** Return the answer in a sentence, for those who listen. */
export function sayAnswer({ label, labels, probabilities }) {
  const decided = labels ?? [label];
  return `It shows ${decided.map((one) => `${one}, ${percent(probabilities[one])}`).join("; ") || "nothing that it is sure of"}.`;
}

function bars(ranked, decided) {
  const rows = ranked.map(([label, probability], place) => bar(label, probability, decided.has(label), place >= NUM_BARS));
  const list = element("ul", { class: "bars" }, rows);
  if (ranked.length <= NUM_BARS) return [list];
  const expand = element("button", { type: "button", class: "quiet", "aria-expanded": "false" }, `All ${ranked.length} labels`);
  expand.addEventListener("click", () => {
    const isOpen = expand.getAttribute("aria-expanded") === "true";
    expand.setAttribute("aria-expanded", String(!isOpen));
    expand.textContent = isOpen ? `All ${ranked.length} labels` : "Fewer labels";
    rows.slice(NUM_BARS).forEach((row) => (row.hidden = isOpen));
  });
  return [list, expand];
}

function bar(label, probability, isDecided, hidden) {
  return element(
    "li",
    { hidden, class: isDecided ? "is-decided" : null },
    element("span", { class: "name" }, label),
    element("span", { class: "number" }, percent(probability)),
    styled(element("span", { class: "bar", "aria-hidden": "true" }, element("i")), { "--share": probability }),
  );
}
