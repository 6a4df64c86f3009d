// A part of the page that waits for an answer: quiet while it waits, then the answer, or one sentence and a way on.

import { ServiceError, isAbort } from "./api.js";
import { byId, element } from "./dom.js";
import { percent } from "./words.js";

/** One section of the page, by its id; `waiting`: what it says while the service works. */
export class Panel {
  #open = null;

  constructor(id, waiting) {
    this.root = byId(id);
    this.body = this.root.querySelector(".body");
    this.waiting = waiting;
  }

  /** Show elements, or text. */
  show(...content) {
    this.root.removeAttribute("aria-busy");
    this.body.replaceChildren(...content);
  }

  /**
   * Wait for `ask({signal, onWait, onProgress})`, and show what `draw(answer)` makes of its answer.
   *
   * A question that was still open is given up, as this one is once `signal` is aborted. Returns the answer, or
   * null where there is none.
   */
  async fill(signal, ask, draw) {
    this.#open?.abort();
    const own = (this.#open = new AbortController());
    const isOver = () => signal.aborted || this.#open !== own;
    const work = this.#wait(() => own.abort());
    try {
      const answer = await ask({ ...work, signal: AbortSignal.any([signal, own.signal]) });
      if (isOver()) return null;
      this.show(...[draw(answer)].flat());
      return answer;
    } catch (error) {
      if (!isOver()) this.#fail(error, () => this.fill(signal, ask, draw));
      return null;
    }
  }

  #wait(cancel) {
    const said = element("p", { class: "waiting", role: "status" }, this.waiting);
    const bar = element("progress", { max: 1, value: 0, "aria-label": this.waiting, hidden: true });
    const stop = element("button", { type: "button", class: "quiet", hidden: true, onclick: cancel }, "Cancel");
    const skeleton = element("div", { class: "skeleton", "aria-hidden": "true" });
    this.root.setAttribute("aria-busy", "true");
    this.body.replaceChildren(said, bar, stop, skeleton);
    const onWait = (seconds) => {
      said.textContent = `The service is busy; asking again in ${Math.ceil(seconds)} s.`;
    };
    const onProgress = (share, status) => {
      bar.hidden = stop.hidden = false;
      bar.value = share;
      said.textContent = status === "queued" ? "Waiting for its turn." : `${this.waiting} ${percent(share)}`;
    };
    return { onWait, onProgress };
  }

  #fail(error, again) {
    const isCancelled = isAbort(error);
    const isForeseen = isCancelled || error instanceof ServiceError;
    const text = isCancelled ? "Cancelled." : isForeseen ? error.message : "This answer could not be shown.";
    const retry = element("button", { type: "button", class: "quiet", onclick: again }, isCancelled ? "Start again" : "Try again");
    this.show(element("p", { class: "problem", role: "alert" }, text), retry);
    if (!isForeseen) reportError(error);
  }
}
