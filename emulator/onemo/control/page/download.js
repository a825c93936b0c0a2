// The dialogue as a file: the port writes it, for it has more of it than the page.

import { file, of } from "./api.js";
import { $, make, redraw, save, say, setText } from "./dom.js";

const SUFFIXES = { transcript: ".txt", jsonl: ".jsonl", pcapng: ".pcapng" };

/** Have the browser keep the dialogue of a module; resolves to the name of the file. line: of a transcript, the AT line. */
export async function fetchDialogue(name, format, line = 0) {
  const found = await file(of(name, `/trace/file?format=${format}${line ? `&console=${line}` : ""}`));
  const kept = `${name}${line ? `-${line}` : ""}${SUFFIXES[format]}`;
  save(found, kept);
  return kept;
}

export class Download {
  #name;

  /** name(): of the module that is chosen; entries(): of its dialogue, which tell its AT lines. */
  constructor(name, entries) {
    this.#name = name;
    const menu = $("download");
    for (const button of menu.querySelectorAll("button")) button.addEventListener("click", () => this.#get(button.value));
    menu.addEventListener("toggle", () => menu.open && this.#offer(entries()));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      this.#close();
    });
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }

  /** Offer a transcript of each AT line beside the first: that of the AT entry is one. */
  #offer(entries) {
    const lines = [...new Set(entries.map((entry) => entry.console || 0))].filter(Boolean).sort();
    redraw($("download-lines"), lines, (all) => all.map((line) =>
      make("button", { type: "button", onclick: () => this.#get("transcript", line) }, `Transcript of console ${line}`)));
  }

  #close() {
    $("download").open = false;
    $("download").querySelector("summary").focus();
  }

  async #get(format, line = 0) {
    const name = this.#name();
    setText($("download-error"), "");
    try {
      say(`${await fetchDialogue(name, format, line)} is downloaded.`);
      this.#close();
    } catch (error) {
      setText($("download-error"), error.message);
    }
  }
}
