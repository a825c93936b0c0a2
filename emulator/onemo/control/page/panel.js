// A part of the side that is unfolded by who wants it: only then it asks for what it shows.

import { $, attempt, redraw, setText } from "./dom.js";

export class Panel {
  name = "";
  #id;
  #details;

  /** id: of its section; changed(): something was done to the module, or it was unfolded. */
  constructor(id, changed) {
    this.#id = id;
    this.changed = changed;
    this.#details = $(id).querySelector("details");
    this.#details.addEventListener("toggle", () => this.open && changed());
  }

  /** Another module is chosen. */
  show(name) {
    this.name = name;
    this.offer(false); // until it is known whether the module has such a thing
    setText($(`${this.#id}-error`), "");
  }

  offer(there) { $(this.#id).hidden = !there; }

  get open() { return this.#details.open && !$(this.#id).hidden; }

  /** Read what it shows; null where another module was chosen meanwhile. */
  async read(...answers) {
    const name = this.name;
    const found = await Promise.all(answers);
    return name === this.name ? found : null;
  }

  /** Do something, and tell a screen reader, or why it cannot be. Resolves to whether it was done. */
  act(action, done) { return attempt(`${this.#id}-error`, action, done, this.changed); }

  /** Draw a list; who had the focus on something in it that is gone has it on the list. */
  list(id, all, row) {
    const list = $(id);
    const focused = list.contains(document.activeElement);
    redraw(list, all, (rows) => rows.map(row));
    if (focused && !list.contains(document.activeElement)) list.focus();
    list.hidden = all.length === 0;
    $(`${id}-none`).hidden = all.length > 0;
  }
}
