// Videos like this one.

import { element, styled } from "./dom.js";
import { percent } from "./words.js";

/** Return the answer of /search as elements. */
export function drawSimilar({ results }) {
  if (!results.length) return element("p", { class: "soft" }, "The index of this service holds no video like it.");
  return element("ol", { class: "bars" }, results.map(row));
}

function row({ video, similarity = 0, labels, tags }) {
  const share = Math.min(Math.max(similarity, 0), 1);
  const words = element("strong", {}, [...labels, ...tags].join(", ") || "no label");
  return element(
    "li",
    {},
    element("span", { class: "name" }, words, element("span", { class: "path" }, video)),
    element("span", { class: "number" }, percent(share)),
    styled(element("span", { class: "bar", "aria-hidden": "true" }, element("i")), { "--share": share }),
  );
}
