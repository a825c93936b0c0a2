// What is done to many modules at once: those that are selected in the list.

import { get, of, post, remove } from "./api.js";
import { $, setText } from "./dom.js";
import { fetchDialogue } from "./download.js";

const AT_ONCE = 4; // requests; the browser has few connections to a port
const TOLD = 5; // problems

const count = (names) => (names.length === 1 ? "1 module" : `${names.length} modules`);

/** Let an event happen to a module. Throws why nothing would come of it. */
async function happen(name, text) {
  const [kind] = text.trim().split(/\s/, 1);
  const { why } = (await get(of(name, "/events"))).find(({ event }) => event === kind) ?? {};
  if (why) throw new Error(why);
  await post(of(name, "/events"), { event: text });
}

export class Many {
  #lab;
  #names = [];
  #busy = false;

  /** lab: the list in which they are selected; changed(): something was done to modules. */
  constructor(lab, changed) {
    this.#lab = lab;
    this.changed = changed;
    $("many-clear").addEventListener("click", () => lab.pick([]));
    const event = (text) => (name) => happen(name, text);
    this.#on("many-reboot", () => this.#each("Reboot", event("reboot")));
    this.#on("many-disarm", () => this.#each("Disarm all", (name) => remove(of(name, "/faults"))));
    this.#on("many-now", () => $("many-form").reportValidity() && this.#each($("many-text").value, event($("many-text").value)));
    this.#on("many-fetch", () => this.#each("Download", (name) => fetchDialogue(name, $("many-format").value), 1));
    $("many-form").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const fault = $("many-text").value;
      this.#each(`Arm ${fault}`, (name) => post(of(name, "/faults"), { fault }));
    });
  }

  #on(id, act) { $(id).addEventListener("click", act); }

  /** Others are selected. */
  show(names) {
    if (!names.length && $("many").contains(document.activeElement)) this.#lab.focus(); // what has it goes
    this.#names = names;
    $("many").hidden = !names.length;
    setText($("many-title"), `${count(names)} selected`);
  }

  /** Do something to each, and tell how many it was done to, and why not to the others. */
  async #each(what, act, atOnce = AT_ONCE) {
    if (this.#busy) return;
    this.#busy = true;
    const names = this.#names, left = [...names], problems = new Map();
    for (const id of ["many-told", "many-error"]) setText($(id), "");
    const work = async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        try {
          await act(name);
        } catch ({ message }) {
          problems.set(message, [...(problems.get(message) ?? []), name]);
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    this.#busy = false;
    const failed = [...problems.values()].flat();
    setText($("many-told"), `${what}: done on ${failed.length ? `${names.length - failed.length} of ${count(names)}` : count(names)}.`);
    const lines = [...problems].map(([message, of]) => `${of.length > 2 ? count(of) : of.join(", ")}: ${message}`);
    setText($("many-error"), [...lines.slice(0, TOLD), ...(lines.length > TOLD ? ["…"] : [])].join("\n"));
    this.changed();
  }
}
