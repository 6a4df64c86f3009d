// What the policy of this service says of a video, and why.

import { element } from "./dom.js";

const VERDICTS = {
  allow: ["✓", "Allowed", "No rule of the policy stands against it."],
  review: ["?", "To be looked at", "A person has to decide."],
  block: ["✕", "Blocked", "A rule of the policy forbids it."],
};

/** Return the answer of /moderate as elements; `seek(seconds)` leads to where a rule holds. */
export function drawModeration({ action, reasons, review_id, decision, warning }, seek) {
  const [sign, title, meaning] = VERDICTS[action] ?? ["?", action, ""];
  return [
    element("p", { class: `verdict ${action}` }, element("span", { class: "sign", "aria-hidden": "true" }, sign), title),
    element("p", { class: "soft" }, decision ? `A person has decided: ${decision}.` : meaning),
    reasons.length ? element("ul", { class: "reasons" }, reasons.map((reason) => element("li", {}, why(reason, seek)))) : null,
    review_id ? element("p", { class: "soft" }, "In the review queue as ", element("code", {}, review_id)) : null,
    warning ? element("p", { class: "caution" }, warning) : null,
  ].filter(Boolean);
}

function why({ text, start_seconds }, seek) {
  return element("button", { type: "button", class: "link", onclick: () => seek(start_seconds) }, text);
}
