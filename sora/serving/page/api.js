// Requests to the service: with its token, patient where it is busy, and ended by an abort signal.

import { askForToken, token } from "./token.js";

const ROOT = new URL("../", location.href);
const MAX_WAITS = 4;
const LONGEST_WAIT_SECONDS = 30;
const UNREACHED = "The service cannot be reached.";
const BROKEN_OFF = "The service cannot be reached, or does not take a video of this size.";

/** What the service, or the way to it, has against a request: a sentence for people, and the status of HTTP. */
export class ServiceError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/**
 * Ask the service, and return its answer: parsed JSON, or a Blob where `wants` is "blob".
 *
 * `video`: a Source, sent as it is. `json`: an object to send instead. `onUpload(share)`: how much is sent, 0 to 1.
 * `onWait(seconds)`: the service is busy, and is asked again after that time, a few times.
 * Throws ServiceError, and an AbortError once `signal` is aborted.
 */
export async function call(path, { method = "POST", video, json, wants = "json", signal, onUpload, onWait } = {}) {
  const body = video ? video.body() : json ? JSON.stringify(json) : null;
  for (let waits = 0; ; ) {
    const sentWith = token();
    const answer = await send(path, { method, body, wants, signal, onUpload });
    if (answer.status === 401) {
      const isOther = token() !== sentWith; // given while this request was under way
      if (isOther || (await askForToken())) continue;
      throw new ServiceError("The service wants a token, and none was given.", 401);
    }
    if (answer.status === 503 && waits < MAX_WAITS) {
      waits += 1;
      const wanted = Number(answer.getResponseHeader("Retry-After")) || 2 ** waits;
      const seconds = Math.min(wanted, LONGEST_WAIT_SECONDS);
      onWait?.(seconds);
      await sleep(seconds, signal);
      continue;
    }
    return read(answer, wants);
  }
}

/** Wait; throws an AbortError once `signal` is aborted. */
export function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(aborted());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}

/** Whether an error only says that the request is no longer wanted. */
export const isAbort = (error) => error?.name === "AbortError";

const aborted = () => new DOMException("no longer wanted", "AbortError");

// XMLHttpRequest, for fetch cannot tell how much has been sent.
function send(path, { method, body, wants, signal, onUpload }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const request = new XMLHttpRequest();
    let isSent = !body;
    request.upload.addEventListener("load", () => (isSent = true));
    request.open(method, new URL(path, ROOT));
    request.responseType = wants === "blob" ? "blob" : "text";
    if (token()) request.setRequestHeader("Authorization", `Bearer ${token()}`);
    if (typeof body === "string") request.setRequestHeader("Content-Type", "application/json");
    if (onUpload) request.upload.addEventListener("progress", (sent) => onUpload(sent.loaded / sent.total));
    const stop = () => request.abort();
    signal?.addEventListener("abort", stop, { once: true });
    request.addEventListener("loadend", () => signal?.removeEventListener("abort", stop));
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("abort", () => reject(aborted()));
    request.addEventListener("error", () => reject(new ServiceError(isSent ? UNREACHED : BROKEN_OFF)));
    request.send(body);
  });
}

async function read(answer, wants) {
  const isGood = answer.status >= 200 && answer.status < 300;
  if (isGood && wants === "blob") return answer.response;
  const text = wants === "blob" ? await answer.response.text() : answer.response;
  const content = parsed(text);
  if (isGood && content) return content;
  const unsaid = `The service answered with status ${answer.status} and no reason.`;
  throw new ServiceError(sentence(content?.error) ?? unsaid, answer.status);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sentence(text) {
  if (typeof text !== "string" || !text) return null;
  const begun = text[0].toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
