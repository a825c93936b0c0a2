// The dialogue of one module as a sequence chart. Rows are of one height, at most SHOWN of them are in the document,
// and what comes in a rush is drawn in one go: a flood costs no more than what can be seen of it.

import { $, make, setText } from "./dom.js";
import {
  clock, dump, hex, instanceOf, inWords, longerThanRow, markOf, onSide, runs, searched, since, wall, wallInFull, wayInWords,
  wayOf,
} from "./entries.js";
import { failure } from "./errors.js";

const SHOWN = 500;
const REST = 60; // ms between two drawings: fluid to the eye, and the processor has time for other things

const list = $("chart-list");
const scroller = $("chart-scroller");

/** A row. before: the time of the row above it; started: the moment at which the time is 0, if that is known. */
function row(entry, { before, started, asHex, texts }) {
  const way = wayOf(entry);
  const failed = failure(entry, texts);
  const element = make("div", { class: `entry ${way}${failed ? " failed" : ""}`, role: "option", id: `e${entry.seq}`, "aria-selected": "false" },
    make("span", { class: "wall", "aria-hidden": "true" }, started === undefined ? "" : wall(started + entry.time)),
    make("span", { class: "time" }, clock(entry.time)),
    make("span", { class: "delta" }, before === null ? "" : since(entry.time - before)),
    make("span", { class: "unseen" }, `${wayInWords(entry)}: `),
    make("span", { class: "arrow" }, ...label(entry, way, asHex)),
    failed?.words ? make("span", { class: "meaning" }, ` ${failed.words}`) : null);
  element.entry = entry;
  return element;
}

function label(entry, way, asHex) {
  const kind = way === "urc" ? "URC" : way === "fault" ? "▲ fault" : instanceOf(entry);
  const tag = [markOf(entry), kind].filter(Boolean).join(" ");
  const tagged = tag ? [make("span", { class: "tag" }, `${tag} `)] : [];
  if (inWords(entry)) return [...tagged, make("span", { class: "data words" }, entry.detail)];
  if (entry.event) {
    const what = way === "fault" ? "" : entry.event;
    return [make("span", { class: "pill" }, ...tagged, what && make("b", {}, what), ` ${entry.detail ?? ""}`)];
  }
  const text = make("span", { class: "data" });
  if (asHex) text.append(hex(entry.data));
  else for (const [piece, quiet] of runs(entry.data)) text.append(quiet ? make("i", {}, piece) : piece);
  const size = longerThanRow(entry.data) ? `${entry.data.length.toLocaleString("en")} B` : "";
  const took = entry.took >= 0.0005 ? `${(entry.took * 1000).toFixed(entry.took < 0.01 ? 1 : 0)} ms` : "";
  const note = [size, took].filter(Boolean).join(" · ");
  return [...tagged, text, note ? make("span", { class: "note" }, note) : null];
}

export class Timeline {
  #entries = []; // of the module, oldest first; its owner adds to it
  #pending = []; // came, not drawn yet; no more than would be shown
  #missed = 0; // came while paused
  #paused = false;
  #asHex = false;
  #drawn = 0;
  #asked = false;
  #chosen = null;
  #older;
  #texts = new Map(); // of the module's errors
  #beside = new Set(); // entries that are there for what is around them
  #sought = "";

  /** older(): gets earlier entries of the module into its array; resolves to whether there were any. */
  constructor(older) {
    this.#older = older;
    for (const [id, event] of [["chart-filter", "input"], ["chart-side", "change"], ["chart-context", "change"]])
      $(id).addEventListener(event, () => this.redraw());
    $("chart-filter").addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "Enter") list.focus();
    });
    $("chart-pause").addEventListener("click", () => this.pause(!this.#paused));
    $("chart-hex").addEventListener("click", () => this.toggleHex());
    $("chart-older").addEventListener("click", () => this.#showOlder());
    $("detail-close").addEventListener("click", () => { this.#choose(null); list.focus(); });
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => this.#choose(event.target.closest(".entry")));
    scroller.addEventListener("scroll", () => {
      if (!this.#paused && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight > 60) this.pause(true);
    }, { passive: true });
    new ResizeObserver(() => this.#follow()).observe(scroller);
  }

  /** Show other entries; what is looked at while paused stays. */
  show(entries) {
    this.#entries = entries;
    if (!this.#paused) this.redraw();
  }

  /** texts: of the module's errors, as errors.js has them. */
  know(texts) {
    if (texts === this.#texts) return;
    this.#texts = texts;
    if (list.querySelector(".failed")) this.redraw();
  }

  /** Filter by a text, or no longer if that is the filter. */
  sift(text) {
    $("chart-filter").value = $("chart-filter").value === text ? "" : text;
    this.redraw();
  }

  /** The number of the entry that is chosen, null for none. */
  get chosen() { return this.#chosen?.entry.seq ?? null; }

  /** Mark the rows in which a text is found. */
  mark(text) {
    this.#sought = text;
    for (const element of list.children) element.classList.toggle("hit", this.#isSought(element.entry));
  }

  /** The entries in which it is found, oldest first: of all that is there and not filtered out. */
  hits() { return this.#matching(this.#entries).filter((entry) => this.#isSought(entry)); }

  /** Choose an entry, and show what is around it. */
  reveal(entry) {
    if (!$(`e${entry.seq}`)) {
      this.pause(true);
      const shown = this.#matching(this.#entries);
      const at = shown.indexOf(entry);
      const from = Math.max(0, Math.min(at - SHOWN / 2, shown.length - SHOWN));
      list.replaceChildren();
      this.#append(shown.slice(from, from + SHOWN), null);
      $("chart-older").hidden = !this.#hasOlder();
    }
    this.#choose($(`e${entry.seq}`), "center");
  }

  #isSought(entry) { return this.#sought !== "" && searched(entry).includes(this.#sought); }

  /** An entry more, which is in the array already. */
  add(entry) {
    if (this.#paused) {
      this.#missed++;
      this.#ask();
      return;
    }
    this.#pending.push(entry);
    if (this.#pending.length > 2 * SHOWN) this.#pending.splice(0, SHOWN);
    this.#ask();
  }

  pause(paused) {
    this.#paused = paused;
    $("chart-pause").setAttribute("aria-pressed", paused);
    this.#missed = 0;
    this.#tellHeld();
    if (!paused) {
      this.#choose(null);
      this.redraw();
    }
  }

  toggle() { this.pause(!this.#paused); }

  toggleHex() {
    this.#asHex = !this.#asHex;
    $("chart-hex").setAttribute("aria-pressed", this.#asHex);
    this.redraw();
  }

  /** Everything anew: another module, filter or way to show it. */
  redraw() {
    this.#choose(null);
    list.replaceChildren();
    this.#pending = this.#matching(this.#entries).slice(-SHOWN);
    this.#draw();
    scroller.scrollTop = scroller.scrollHeight;
  }

  #follow() {
    if (!this.#paused) scroller.scrollTop = scroller.scrollHeight;
  }

  #matching(entries) {
    const text = $("chart-filter").value.toLowerCase();
    const side = $("chart-side").value;
    this.#beside.clear();
    if (!text && !side) return entries;
    const matches = (entry) => onSide(wayOf(entry), side) && (!text || searched(entry).includes(text));
    const around = this.#around;
    if (!around) return entries.filter(matches);
    const kept = new Set();
    entries.forEach((entry, at) => {
      if (matches(entry)) for (let near = at - around; near <= at + around; near++) kept.add(near);
    });
    return entries.filter((entry, at) => {
      if (kept.has(at) && !matches(entry)) this.#beside.add(entry);
      return kept.has(at);
    });
  }

  /** How many rows around each that is filtered are shown as well. */
  get #around() { return $("chart-filter").value || $("chart-side").value ? Number($("chart-context").value) : 0; }

  #ask() {
    if (this.#asked) return;
    this.#asked = true;
    const late = Math.max(0, this.#drawn + REST - performance.now());
    setTimeout(() => requestAnimationFrame(() => {
      this.#asked = false;
      if (this.#paused) this.#tellHeld();
      else if (this.#around) this.redraw(); // what comes may be around what was there
      else this.#draw(this.#matching(this.#pending));
    }), late);
  }

  #draw(entries = this.#pending) {
    this.#drawn = performance.now();
    this.#pending = [];
    const fresh = entries.slice(-SHOWN);
    const surplus = list.childElementCount + fresh.length - SHOWN;
    if (surplus >= list.childElementCount) list.replaceChildren();
    else for (let count = surplus; count > 0; count--) list.firstElementChild.remove();
    this.#append(fresh, null);
    $("chart-empty").hidden = list.childElementCount > 0;
    const port = $("who-port").textContent;
    setText($("chart-empty"), this.#entries.length ? "Nothing here is like the filter."
      : `Nothing has crossed the line yet.${port ? ` Open ${port} and send AT.` : ""}`);
    $("chart-older").hidden = !this.#hasOlder();
    if (fresh.length) this.#follow();
  }

  #append(entries, before) {
    let last = before === null ? (list.lastElementChild?.entry.time ?? null) : before;
    const rows = document.createDocumentFragment();
    for (const entry of entries) {
      const element = row(entry, { before: last, started: this.#entries.started, asHex: this.#asHex, texts: this.#texts });
      element.classList.toggle("hit", this.#isSought(entry));
      element.classList.toggle("beside", this.#beside.has(entry));
      rows.append(element);
      last = entry.time;
    }
    if (before === null) list.append(rows);
    else list.prepend(rows);
  }

  #hasOlder() { return (list.firstElementChild?.entry.seq ?? 0) > (this.#entries.first ?? 0); }

  async #showOlder() {
    this.pause(true);
    const entries = this.#entries;
    const top = list.firstElementChild?.entry.seq ?? Infinity;
    const earlier = () => this.#matching(entries.filter((entry) => entry.seq < top)).slice(-SHOWN);
    if (earlier().length < SHOWN) await this.#older();
    if (entries !== this.#entries) return;
    const found = earlier();
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    if (found.length) this.#append(found, found[0].time);
    scroller.scrollTop = scroller.scrollHeight - fromEnd;
    $("chart-older").hidden = !found.length || !this.#hasOlder();
    list.focus({ preventScroll: true });
  }

  #tellHeld() {
    const more = this.#missed ? `, ${this.#missed.toLocaleString("en")} more came` : "";
    setText($("chart-held"), this.#paused ? `Paused${more}` : "");
    setText($("chart-pause"), this.#paused ? "Follow" : "Pause");
  }

  // One entry.

  #key(event) {
    const at = this.#chosen ?? null;
    const page = Math.max(1, Math.floor(scroller.clientHeight / 26) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (event.key in steps) {
      const rows = list.children;
      const from = at ? [...rows].indexOf(at) : rows.length;
      this.#choose(rows[Math.min(Math.max(from + steps[event.key], 0), rows.length - 1)]);
    } else if (event.key === "Home") this.#choose(list.firstElementChild);
    else if (event.key === "End") this.#choose(list.lastElementChild);
    else if (event.key === "Escape") this.pause(false);
    else return;
    event.preventDefault();
  }

  #choose(element, block = "nearest") {
    this.#chosen?.setAttribute("aria-selected", "false");
    this.#chosen = element ?? null;
    $("detail").hidden = !element;
    if (!element) return list.removeAttribute("aria-activedescendant");
    if (!this.#paused) this.pause(true);
    element.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", element.id);
    this.#tellOf(element.entry);
    element.scrollIntoView({ block });
  }

  #tellOf(entry) {
    const data = entry.data ?? `${entry.event} ${entry.detail ?? ""}`;
    const size = entry.data === undefined ? "" : ` · ${entry.data.length.toLocaleString("en")} bytes`;
    const { started } = this.#entries;
    const when = started === undefined ? "" : ` · ${wallInFull(started + entry.time)}`;
    const words = failure(entry, this.#texts)?.words;
    setText($("detail-head"), `${wayInWords(entry)} at ${clock(entry.time)} s${when}${size}${words ? ` · ${words}` : ""}`);
    const text = runs(data, 4096).map(([piece, quiet]) => (quiet ? make("i", {}, piece.replaceAll("\\n", "\\n\n")) : piece));
    $("detail-text").replaceChildren(...text);
    $("detail-hex").hidden = entry.data === undefined;
    setText($("detail-hex"), entry.data === undefined ? "" : dump(entry.data));
  }
}
