// Search in the dialogue: all that is found is marked, and one after the other is shown amid what is around it.

import { $, setText } from "./dom.js";

export class Search {
  #timeline;

  constructor(timeline) {
    this.#timeline = timeline;
    $("find-text").addEventListener("input", () => this.#seek());
    $("find-text").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.step(event.shiftKey ? -1 : 1);
      else if (event.key !== "Escape") return;
      else $("chart-list").focus();
      event.preventDefault(); // Escape would empty it
    });
    $("find-next").addEventListener("click", () => this.step(1));
    $("find-previous").addEventListener("click", () => this.step(-1));
  }

  /** Mark what is found, and tell how much that is. */
  #seek() {
    this.#timeline.mark($("find-text").value.toLowerCase());
    this.#tell(-1, this.#timeline.hits().length);
  }

  /** Go to the next one, or with -1 to the one before; from the last to the first. Nothing chosen: the newest. */
  step(by) {
    if (!$("find-text").value) return $("find-text").focus();
    const hits = this.#timeline.hits();
    this.#tell(-1, hits.length);
    if (!hits.length) return;
    const from = this.#timeline.chosen;
    let at = hits.length - 1;
    if (from !== null) {
      const next = hits.findIndex((entry) => entry.seq > from);
      const same = hits.some((entry) => entry.seq === from) ? 1 : 0;
      const after = next < 0 ? hits.length : next;
      at = by > 0 ? after % hits.length : (after - same - 1 + hits.length) % hits.length;
    }
    this.#timeline.reveal(hits[at]);
    this.#tell(at, hits.length);
  }

  #tell(at, count) {
    const found = count ? `${at < 0 ? "" : `${at + 1} of `}${count.toLocaleString("en")}${at < 0 ? " found" : ""}` : "None";
    setText($("find-count"), $("find-text").value ? found : "");
  }
}
