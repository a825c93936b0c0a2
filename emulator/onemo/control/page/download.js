// The dialogue as a file: the port writes it, for it has more of it than the page.

import { file, of } from "./api.js";
import { $, save, say, setText } from "./dom.js";

const SUFFIXES = { transcript: ".txt", jsonl: ".jsonl", pcapng: ".pcapng" };

export class Download {
  #name;

  /** name(): of the module that is chosen. */
  constructor(name) {
    this.#name = name;
    const menu = $("download");
    for (const button of menu.querySelectorAll("button")) button.addEventListener("click", () => this.#get(button.value));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      this.#close();
    });
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }

  #close() {
    $("download").open = false;
    $("download").querySelector("summary").focus();
  }

  async #get(format) {
    const name = this.#name();
    setText($("download-error"), "");
    try {
      const found = await file(of(name, `/trace/file?format=${format}`));
      save(found, `${name}${SUFFIXES[format]}`);
      say(`${name}${SUFFIXES[format]} is downloaded.`);
      this.#close();
    } catch (error) {
      setText($("download-error"), error.message);
    }
  }
}
