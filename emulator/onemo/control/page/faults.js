// The faults of the module: those that are armed, and a line of text to arm one, which presets and a form write.

import { get, of, post, remove } from "./api.js";
import { $, attempt, make, setText } from "./dom.js";
import { clock } from "./entries.js";
import { disable } from "./events.js";

const LAYERS = { line: "The line", command: "Commands", urc: "URCs", network: "The network", names: "Names", http: "HTTP", mqtt: "MQTT", ftp: "FTP", lwm2m: "LwM2M", text: "Short messages", card: "The card", event: "Events" };

/** A value as a word of the text: in quotes where a blank or a quote would end it. */
function quoted(value) {
  return /^[\w@%+:,./*-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
}

const KEY = /(?:^|\s)(\w+)=((?:'[^']*'|"[^"]*"|[^\s'"])*)/g;

/** The keys in a text, and their values without quotes. */
function given(text) {
  return new Map([...text.matchAll(KEY)].map(([, key, value]) => [key, value.replace(/'([^']*)'|"([^"]*)"/g, "$1$2")]));
}

function range({ low, high }) {
  if (high != null) return `${low}–${high}`;
  return low ? `from ${low}` : "";
}

/** How often a fault has fired, and when first. */
function history({ matches, fired, first_fired: first, spent }) {
  const often = fired === 1 ? "fired once" : fired ? `fired ${fired} times` : matches ? "has not fired" : "waits";
  const seen = matches > fired ? `${matches} matches` : "";
  const when = fired ? `${fired > 1 ? "first " : ""}after ${clock(first ?? 0)} s` : "";
  return [often, seen, when, spent ? "spent" : ""].filter(Boolean).join(", ");
}

export class Faults {
  #events;
  #kinds = new Map(); // presets among them
  #everywhere = new Set(); // names of keys that every kind has
  #rows = new Map();
  #shown; // the kind whose fields the form has
  #name = "";

  /** events: what can happen now; changed(): something was done to the module. */
  constructor(events, changed) {
    this.#events = events;
    this.changed = changed;
    $("fault-text").addEventListener("input", () => this.#read());
    $("fault-kind").addEventListener("change", () => this.#write($("fault-kind").value));
    $("fault-form").addEventListener("submit", (event) => { event.preventDefault(); this.#arm(); });
    $("fault-now").addEventListener("click", () => this.#now());
    $("faults-clear").addEventListener("click", () => this.#do(() => remove(of(this.#name, "/faults")), "All are disarmed."));
  }

  /** The kinds and presets that there are, as the API lists them. */
  offer(kinds, presets) {
    const layers = new Map();
    this.#everywhere = new Set(kinds[0]?.keys.map(({ name }) => name)
      .filter((name) => kinds.every(({ keys }) => keys.some((key) => key.name === name))));
    for (const kind of kinds) {
      this.#kinds.set(kind.name, kind);
      if (!layers.has(kind.layer)) layers.set(kind.layer, make("optgroup", { label: LAYERS[kind.layer] ?? kind.layer }));
      layers.get(kind.layer).append(make("option", { value: kind.name }, kind.name));
    }
    for (const preset of presets) this.#kinds.set(preset.name, { ...preset, keys: [] });
    $("fault-kind").replaceChildren(make("option", { value: "" }, "choose one"), ...layers.values());
    $("fault-presets").replaceChildren(...presets.map(({ name, about }) =>
      make("button", { type: "button", value: name, title: about, "aria-pressed": "false", onclick: () => this.#write(name) }, name)));
    $("fault-names").replaceChildren(...[...this.#kinds.keys()].map((name) => make("option", { value: name })));
    this.#read();
  }

  show(name) {
    this.#name = name;
    setText($("fault-error"), "");
    this.#draw([]);
  }

  async refresh() {
    const name = this.#name;
    const faults = await get(of(name, "/faults"));
    if (name !== this.#name) return;
    this.#draw(faults);
    this.#offerNow();
  }

  // The text is what is sent. Presets and the fields write it, and the fields show what is typed there.

  /** Begin a text anew. */
  #write(text) {
    $("fault-text").value = text;
    this.#read();
  }

  #read() {
    const text = $("fault-text").value.trim();
    const kind = this.#kinds.get(text.split(/\s/, 1)[0]);
    setText($("fault-error"), "");
    if (kind !== this.#shown) this.#chooseKind(kind);
    const values = given(text);
    for (const field of this.#fields()) field.value = values.get(field.name) ?? "";
    for (const button of $("fault-presets").children) button.setAttribute("aria-pressed", String(button.value === kind?.name));
  }

  #fields() { return [...$("fault-form").querySelectorAll(".key input, .key select")]; }

  #chooseKind(kind) {
    this.#shown = kind;
    $("fault-kind").value = kind && !kind.faults ? kind.name : "";
    setText($("fault-about"), kind?.about ?? "");
    $("fault-made").replaceChildren(...(kind?.faults ?? []).map((fault) => make("li", {}, make("code", {}, fault))));
    const fields = (wanted) => (kind?.keys ?? []).filter(wanted).map((key) => this.#field(key));
    const everywhere = (key) => this.#everywhere.has(key.name);
    $("fault-keys").replaceChildren(...fields((key) => !everywhere(key)));
    $("fault-more").replaceChildren(...fields((key) => everywhere(key) && key.name !== "module")); // that is chosen already
    $("fault-when").hidden = !$("fault-more").children.length;
    this.#offerNow();
  }

  #offerNow() {
    $("fault-now").hidden = !this.#shown?.event;
    disable($("fault-now"), this.#events.why(this.#shown?.name));
  }

  #field(key) {
    const id = `key-${key.name}`;
    const shown = key.default ?? "";
    const type = String(key.type).toLowerCase();
    const common = { id, name: key.name, "aria-required": key.required ? "true" : null, "aria-describedby": `${id}-about` };
    const input = type === "choice"
      ? make("select", common, make("option", { value: "" }, shown === "" ? "any" : `${shown} (default)`),
          ...(key.choices ?? []).filter((choice) => choice !== shown).map((choice) => make("option", { value: choice }, choice)))
      : make("input", { ...common, placeholder: String(shown), autocomplete: "off", spellcheck: "false",
          inputmode: type === "integer" ? "numeric" : null, class: "mono" });
    for (const event of ["input", "change"]) input.addEventListener(event, () => this.#compose()); // a choice may be one only
    return make("div", { class: "key" }, make("label", { for: id }, key.name.replaceAll("_", " ")), input,
      make("small", { id: `${id}-about`, class: "quiet" }, [key.about, range(key)].filter(Boolean).join(" ")));
  }

  #compose() {
    const fields = this.#fields();
    const others = [...given($("fault-text").value)].filter(([name]) => !fields.some((field) => field.name === name));
    const filled = fields.filter((field) => field.value).map((field) => [field.name, field.value]);
    $("fault-text").value = [this.#shown.name, ...[...filled, ...others].map(([name, value]) => `${name}=${quoted(value)}`)].join(" ");
    setText($("fault-error"), "");
  }

  async #arm() {
    const armed = await this.#do(() => post(of(this.#name, "/faults"), { fault: $("fault-text").value }), "The fault is armed.");
    if (armed) $("faults-title").scrollIntoView({ block: "nearest" }); // where it can be seen to fire
  }

  #now() {
    const { name } = this.#shown;
    this.#events.happen(name, { event: $("fault-text").value }, name, "fault-error", "fault-error");
  }

  #do(act, done) { return attempt("fault-error", act, done, this.changed); }

  // Those that are armed. Rows stay, so that the focus does.

  #draw(faults) {
    const ids = new Set(faults.map((fault) => fault.id));
    const has = () => $("faults").contains(document.activeElement);
    const focused = has() || document.activeElement === $("faults-clear");
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const fault of faults) this.#drawOne(fault);
    $("faults-none").hidden = faults.length > 0;
    $("faults-clear").hidden = faults.length < 2;
    if (focused && !has() && ($("faults-clear").hidden || document.activeElement !== $("faults-clear"))) ($("faults").querySelector("button") ?? $("fault-text")).focus();
  }

  #drawOne(fault) {
    let row = this.#rows.get(fault.id);
    if (!row) {
      const button = make("button", { type: "button",
        onclick: () => this.#do(() => remove(of(this.#name, `/faults/${fault.id}`)), "It is gone.") });
      const told = make("span", { class: "quiet" });
      row = { told, button, element: make("li", {}, make("code", {}, fault.fault), told, button) };
      this.#rows.set(fault.id, row);
      $("faults").append(row.element);
    }
    const what = fault.spent ? "Remove" : "Disarm";
    setText(row.button, what);
    row.button.setAttribute("aria-label", `${what} ${fault.fault}`);
    setText(row.told, history(fault));
    row.element.classList.toggle("fired", fault.fired > 0 && !fault.spent);
    row.element.classList.toggle("spent", Boolean(fault.spent));
  }
}
