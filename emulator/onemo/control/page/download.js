// The dialogue as a file: the port writes it, for it has more of it than the page.

import { file, of } from "./api.js";
import { $, save, say, setText } from "./dom.js";

const SUFFIXES = { transcript: ".txt", jsonl: ".jsonl", pcapng: ".pcapng" };

/** Have the browser keep the dialogue of a module; resolves to the name of the file. */
export async function fetchDialogue(name, format) {
  const found = await file(of(name, `/trace/file?format=${format}`));
  save(found, `${name}${SUFFIXES[format]}`);
  return `${name}${SUFFIXES[format]}`;
}

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
      say(`${await fetchDialogue(name, format)} is downloaded.`);
      this.#close();
    } catch (error) {
      setText($("download-error"), error.message);
    }
  }
}
