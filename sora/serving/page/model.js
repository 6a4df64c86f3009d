// Which model answers, where it comes from, and whether the service is there.

import { ServiceError, call } from "./api.js";
import { byId, element } from "./dom.js";
import { counted } from "./words.js";

const HEALTH_EVERY_SECONDS = 30;

/** Show the state of the service now, and again and again while the page is seen. */
export function watchHealth() {
  const look = async () => {
    if (document.hidden) return;
    const isThere = await answers();
    byId("state").dataset.state = isThere ? "ready" : "away";
    const text = isThere ? "Ready" : "The service does not answer";
    if (byId("state-text").textContent !== text) byId("state-text").textContent = text; // said only when it changes
  };
  look();
  setInterval(look, HEALTH_EVERY_SECONDS * 1000);
  document.addEventListener("visibilitychange", look);
}

/** Show the model in the footer; return the answer of /lineage, or null. */
export async function showModel() {
  try {
    const model = await call("lineage", { method: "GET" });
    const version = element("code", {}, model.model_version);
    const more = ` (${model.variant}), ${counted(model.labels.length, "label")}`;
    byId("model").replaceChildren("Model ", version, more);
    byId("lineage-facts").replaceChildren(...facts(model.lineage).flatMap(drawFact));
    byId("lineage").hidden = false;
    return model;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    byId("model").textContent = `The service does not say which model it has. ${error.message}`;
    return null;
  }
}

async function answers() {
  try {
    return (await call("health", { method: "GET" })).status === "ok";
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return false;
  }
}

const drawFact = ([name, value]) => [element("dt", {}, name), element("dd", {}, element("code", {}, value))];

// Nested values under the names of all that they lie in.
function facts(value, name = "") {
  if (value === null || typeof value !== "object") return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => facts(inner, name ? `${name} / ${key}` : key));
}
