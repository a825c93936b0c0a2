// The modules of the lab, at the left: each one's name, model and state in words, a filter, and the keys to walk it.

import { $, badge, make, redraw, setText } from "./dom.js";

const MOODS = { ready: "good", starting: "busy", ended: "off", failed: "bad" };
const POWERS = { ready: "good", booting: "busy", off: "off", sleeping: "off", saving: "off" };
const REGISTRATIONS = { home: "good", roaming: "good", searching: "busy", denied: "bad" };

export const words = (name) => String(name ?? "").toLowerCase().replaceAll("_", " ");
export const moodOfPower = (name) => POWERS[words(name)] ?? "off";
export const moodOfRegistration = (name) => REGISTRATIONS[words(name)] ?? "off";

export function wordsOfRegistration(name) {
  return words(name) === "home" ? "registered" : words(name) || "ready"; // home: AT+CEREG's word, for those who know it
}

/** What is the matter with a module, in the order of what matters. */
export function stateOf(module) {
  const condition = words(module.condition);
  if (condition !== "ready") return [[MOODS[condition] ?? "off", condition]];
  const power = words(module.power);
  if (power && power !== "ready") return [[moodOfPower(power), power]];
  return [[moodOfRegistration(module.registration), wordsOfRegistration(module.registration)]];
}

export class Lab {
  #rows = new Map();
  #chosen = "";

  /** choose(name): called when the user does. */
  constructor(choose) {
    this.choose = choose;
    $("lab-filter").addEventListener("input", () => this.#filter());
    $("lab-filter").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#seen()[0]?.click();
      if (event.key === "ArrowDown") this.#seen()[0]?.focus();
    });
    $("lab-list").addEventListener("keydown", (event) => this.#key(event));
  }

  /** Take up all modules as the API lists them. */
  draw(modules) {
    for (const [name, element] of this.#rows) {
      if (modules.has(name)) continue;
      element.remove();
      this.#rows.delete(name);
    }
    for (const module of modules.values()) this.update(module, false);
    const ready = [...modules.values()].filter((module) => words(module.condition) === "ready").length;
    const count = modules.size === 1 ? "1 module" : `${modules.size} modules`;
    setText($("lab-count"), ready === modules.size ? count : `${count}, ${ready} ready`);
    this.#filter();
  }

  /** One module has changed. */
  update(module, filter = true) {
    let element = this.#rows.get(module.name);
    if (!element) {
      const link = make("a", { href: `#${encodeURIComponent(module.name)}`, tabindex: "-1" });
      element = make("li", {}, link);
      this.#rows.set(module.name, element);
      $("lab-list").append(element);
    }
    const { name, model, condition, power, registration, connections, faults } = module;
    redraw(element.firstElementChild, [name, model, condition, power, registration, connections, faults], () => [
      make("span", { class: "name" }, name),
      make("span", { class: "model quiet" }, model === name ? "" : model),
      make("span", { class: "state" }, ...stateOf(module).map(([mood, text]) => badge(mood, text))),
      make("span", { class: "counts quiet" }, [
        connections ? `${connections} open` : "", faults ? `${faults} ${faults === 1 ? "fault" : "faults"}` : "",
      ].filter(Boolean).join(" · ")),
    ]);
    if (filter) this.#filter();
  }

  mark(name) {
    this.#chosen = name;
    for (const [other, element] of this.#rows) {
      const link = element.firstElementChild;
      if (other === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      link.tabIndex = other === name ? 0 : -1;
    }
    this.#rows.get(name)?.scrollIntoView({ block: "nearest" });
  }

  /** The next (1) or the previous (-1) module. */
  step(by) {
    const links = this.#seen();
    const at = links.findIndex((link) => link.getAttribute("aria-current"));
    links[at + by]?.click();
  }

  #seen() {
    return [...this.#rows.values()].filter((element) => !element.hidden).map((element) => element.firstElementChild);
  }

  #filter() {
    const wanted = $("lab-filter").value.toLowerCase();
    for (const element of this.#rows.values()) {
      const hidden = !element.textContent.toLowerCase().includes(wanted);
      if (element.hidden !== hidden) element.hidden = hidden;
    }
  }

  #key(event) {
    const links = this.#seen();
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0) $("lab-filter").focus();
    else links[to]?.focus();
  }
}
