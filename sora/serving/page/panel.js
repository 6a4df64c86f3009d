// A part of the page that waits for an answer: then the answer, or one sentence and a way on.

import { ServiceError, isAbort } from "./api.js";
import { announce, byId, element } from "./dom.js";
import { percent } from "./words.js";

/** One section of the page, by its id; `waiting`: what it says while the service works. */
export class Panel {
  #open = null;

  constructor(id, waiting) {
    this.root = byId(id);
    this.root.tabIndex = -1;
    this.body = this.root.querySelector(".body");
    this.title = this.root.querySelector("h2").textContent;
    this.waiting = waiting;
  }

  /** Show elements, or text. Focus in what was shown before goes to the panel, not astray. */
  show(...content) {
    const hadFocus = this.body.contains(document.activeElement);
    this.root.removeAttribute("aria-busy");
    this.body.replaceChildren(...content);
    if (hadFocus) this.root.focus({ preventScroll: true });
  }

  /** Show that the answer will come, before it is asked for. */
  hold() {
    this.#wait("After the first answer.");
  }

  /**
   * Wait for `ask({signal, onWait, onProgress})`, and show what `draw(answer)` makes of its answer.
   *
   * A question that was still open is given up, as this one is once `signal` is aborted. Returns the answer, or
   * the error that is shown in its place; null where it was given up.
   */
  async fill(signal, ask, draw) {
    this.#open?.abort();
    const own = (this.#open = new AbortController());
    const isOver = () => signal.aborted || this.#open !== own;
    const work = this.#wait(this.waiting, () => own.abort());
    try {
      const answer = await ask({ ...work, signal: AbortSignal.any([signal, own.signal]) });
      if (isOver()) return null;
      this.show(...[draw(answer)].flat());
      return answer;
    } catch (error) {
      if (isOver()) return null;
      this.#fail(error, () => this.fill(signal, ask, draw));
      return error;
    }
  }

  #wait(text, cancel) {
    const said = element("p", { class: "waiting" }, text);
    const bar = element("progress", { max: 1, value: 0, "aria-label": this.title, hidden: true });
    const stop = element("button", { type: "button", class: "quiet", hidden: true, onclick: cancel }, "Cancel");
    const skeleton = element("div", { class: "skeleton", "aria-hidden": "true" });
    this.show(said, bar, stop, skeleton);
    this.root.setAttribute("aria-busy", "true");
    const onWait = (seconds) => {
      said.textContent = `The service is busy; asking again in ${Math.ceil(seconds)} s.`;
      announce(`${this.title}: ${said.textContent}`);
    };
    const onProgress = (share, status) => {
      bar.hidden = stop.hidden = false;
      skeleton.hidden = true;
      bar.value = share;
      said.textContent = status === "queued" ? "Waiting for its turn." : `${text} ${percent(share)}`;
    };
    return { onWait, onProgress };
  }

  #fail(error, again) {
    const isCancelled = isAbort(error);
    const isForeseen = isCancelled || error instanceof ServiceError;
    const text = isCancelled ? "Cancelled." : isForeseen ? error.message : "This answer could not be shown.";
    const way = isCancelled ? "Start again" : "Try again";
    const retry = element("button", { type: "button", class: "quiet", onclick: again }, way);
    this.show(element("p", { class: "problem", role: "alert" }, text), retry);
    if (!isForeseen) reportError(error);
  }
}
