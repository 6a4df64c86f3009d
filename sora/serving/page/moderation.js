// What the policy of this service says of a video, and why.

import { element } from "./dom.js";

const VERDICTS = {
  allow: ["✓", "Allowed", "No rule of the policy stands against it."],
  review: ["?", "To be looked at", "A person has to decide."],
  block: ["✕", "Blocked", "A rule of the policy forbids it."],
};

/** Return the answer of /moderate as elements; `show(seconds)` leads to where a rule holds. */
export function drawModeration({ action, reasons, review_id, decision, warning }, show) {
  const [sign, title, meaning] = VERDICTS[action] ?? ["?", action, ""];
  const signed = element("span", { class: "sign", "aria-hidden": "true" }, sign);
  return [
    element("p", { class: `verdict ${action}` }, signed, title),
    element("p", { class: "soft" }, decision ? `A person has decided: ${decision}.` : meaning),
    element("ul", { class: "reasons" }, reasons.map((reason) => element("li", {}, why(reason, show)))),
    review_id && element("p", { class: "soft" }, "In the review queue as ", element("code", {}, review_id)),
    warning && element("p", { class: "caution" }, warning),
  ].filter(Boolean);
}

function why({ text, start_seconds }, show) {
  return element("button", { type: "button", class: "link", onclick: () => show(start_seconds) }, text);
}
