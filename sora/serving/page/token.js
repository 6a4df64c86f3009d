// The token of a service that wants one: asked for once, kept until the tab is closed.

import { byId } from "./dom.js";

const KEY = "sora-token";
let asking = null;

/** Return the token that was given, or null. */
export const token = () => sessionStorage.getItem(KEY);

/** Ask for a token, however many requests want it at once; false where none is given. */
export function askForToken() {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

function ask() {
  const [dialog, field] = [byId("token"), byId("token-value")];
  if (token()) byId("token-why").textContent = "That token was not accepted. Please check it.";
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "given"), { once: true });
  });
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, byId("token-value").value.trim());
  byId("token").close("given");
});
byId("token-cancel").addEventListener("click", () => byId("token").close(""));
