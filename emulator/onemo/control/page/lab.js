// The modules of the lab, at the left, by model: counts by state, each one's name and state in words, a filter, the keys
// to walk it, and those that are selected.

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
  #rows = new Map(); // by name: the module, and its elements
  #groups = new Map(); // by model
  #picked = new Set(); // names
  #last = ""; // the one that was picked last
  #counting = 0;

  /** choose(name): called when the user does; picked(names): others are selected. */
  constructor(choose, picked) {
    this.choose = choose;
    this.picked = picked;
    $("lab-filter").addEventListener("input", () => this.#filter());
    $("lab-filter").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#seen()[0]?.click();
      if (event.key === "ArrowDown") this.#seen()[0]?.focus();
    });
    $("lab-list").addEventListener("keydown", (event) => this.#key(event));
    $("lab-all").addEventListener("change", () => this.pick($("lab-all").checked ? [...this.#picked, ...this.#seenNames()] : []));
  }

  /** Take up all modules as the API lists them. */
  draw(modules) {
    const focused = $("lab-list").contains(document.activeElement);
    for (const [name, { element }] of this.#rows) {
      if (modules.has(name)) continue;
      element.remove();
      this.#rows.delete(name);
    }
    for (const module of modules.values()) this.update(module, false);
    for (const [model, { element, list }] of this.#groups) {
      if (list.children.length) continue;
      element.remove();
      this.#groups.delete(model);
    }
    const ready = [...modules.values()].filter((module) => words(module.condition) === "ready").length;
    const count = modules.size === 1 ? "1 module" : `${modules.size} modules`;
    setText($("lab-count"), ready === modules.size ? count : `${count}, ${ready} ready`);
    document.body.classList.toggle("alone", modules.size === 1);
    this.#filter();
    this.pick([...this.#picked].filter((name) => modules.has(name)));
    if (focused && !$("lab-list").contains(document.activeElement)) $("lab-filter").focus(); // the module that had it is gone
  }

  /** One module has changed. */
  update(module, filter = true) {
    const row = this.#rows.get(module.name) ?? this.#add(module);
    row.module = module;
    const { name, condition, power, registration, connections, faults } = module;
    redraw(row.link, [name, condition, power, registration, connections, faults], () => [
      make("span", { class: "name" }, name),
      make("span", { class: "state" }, ...stateOf(module).map(([mood, text]) => badge(mood, text))),
      make("span", { class: "counts quiet" }, [
        connections ? `${connections} open` : "", faults ? `${faults} ${faults === 1 ? "fault" : "faults"}` : "",
      ].filter(Boolean).join(" · ")),
    ]);
    if (filter) this.#filter();
    this.#counting ||= requestAnimationFrame(() => this.#count());
  }

  mark(name) {
    for (const [other, { link }] of this.#rows) {
      if (other === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      link.tabIndex = other === name ? 0 : -1;
    }
    const row = this.#rows.get(name);
    if (!row) return;
    row.element.closest("details").open = true;
    row.element.scrollIntoView({ block: "nearest" });
  }

  /** The next (1) or the previous (-1) module. */
  step(by) {
    const links = this.#seen();
    const at = links.findIndex((link) => link.getAttribute("aria-current"));
    links[at + by]?.click();
  }

  /** Select these, and no others. */
  pick(names) {
    this.#picked = new Set(names);
    for (const [name, { box }] of this.#rows) box.checked = this.#picked.has(name);
    this.#markAll();
    this.picked([...this.#picked]);
  }

  /** Have the focus on the module that is chosen. */
  focus() { $("lab-list").querySelector("a[aria-current]")?.focus(); }

  #add(module) {
    const { name } = module;
    const link = make("a", { href: `#${encodeURIComponent(name)}`, tabindex: "-1" });
    const box = make("input", { type: "checkbox", tabindex: "-1", "aria-label": `Select ${name}`,
      onclick: (event) => this.#toggle(name, box.checked, event.shiftKey) });
    const row = { module, link, box, element: make("li", {}, box, link) };
    this.#rows.set(name, row);
    this.#group(module.model).list.append(row.element);
    return row;
  }

  #group(model) {
    let group = this.#groups.get(model);
    if (!group) {
      const counts = make("span", { class: "tally quiet" }), list = make("ul", { "aria-label": model });
      const head = make("summary", {}, make("span", { class: "name" }, model), counts);
      group = { counts, list, element: make("details", { open: true, ontoggle: () => this.#markAll() }, head, list) };
      this.#groups.set(model, group);
      $("lab-list").append(group.element);
    }
    return group;
  }

  /** Select a module, or no longer; upTo: with all from the one that was selected last. */
  #toggle(name, wanted, upTo) {
    const names = this.#seenNames();
    const [from, to] = [names.indexOf(this.#last), names.indexOf(name)].sort((one, other) => one - other);
    const meant = upTo && from >= 0 ? names.slice(from, to + 1) : [name];
    this.#last = name;
    this.pick(wanted ? [...this.#picked, ...meant] : [...this.#picked].filter((other) => !meant.includes(other)));
  }

  /** The links that are shown, in their order; what is folded is not. */
  #seen() {
    return [...$("lab-list").querySelectorAll("details[open] > ul > li:not([hidden]) > a")];
  }

  #seenNames() {
    const links = new Set(this.#seen());
    return [...this.#groups.keys()].flatMap((model) => [...this.#rows.values()].filter(({ module }) => module.model === model))
      .filter(({ link }) => links.has(link)).map(({ module }) => module.name);
  }

  #markAll() {
    const seen = this.#seenNames();
    $("lab-all").checked = seen.length > 0 && seen.every((name) => this.#picked.has(name));
    $("lab-all").indeterminate = this.#picked.size > 0 && !$("lab-all").checked;
  }

  /** Tell of each model how many are in which state. */
  #count() {
    this.#counting = 0;
    const tallies = new Map([...this.#groups.keys()].map((model) => [model, new Map()]));
    for (const { module } of this.#rows.values()) {
      const tally = tallies.get(module.model), [[mood, text]] = stateOf(module);
      tally.set(text, [mood, (tally.get(text)?.[1] ?? 0) + 1]);
    }
    for (const [model, tally] of tallies) {
      redraw(this.#groups.get(model).counts, [...tally].sort(), (all) => all.map(([text, [mood, number]]) => badge(mood, `${number} ${text}`)));
    }
  }

  #filter() {
    const wanted = $("lab-filter").value.toLowerCase();
    for (const { module, element } of this.#rows.values()) {
      const hidden = !`${module.model} ${element.textContent}`.toLowerCase().includes(wanted);
      if (element.hidden !== hidden) element.hidden = hidden;
    }
    for (const { element, list } of this.#groups.values()) {
      const hidden = ![...list.children].some((row) => !row.hidden);
      if (element.hidden !== hidden) element.hidden = hidden;
    }
    this.#markAll();
  }

  #key(event) {
    const links = this.#seen();
    const at = links.indexOf(document.activeElement);
    if (event.key === " " && at >= 0) {
      event.preventDefault();
      document.activeElement.previousElementSibling.click();
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0) $("lab-filter").focus();
    else links[to]?.focus();
  }
}
