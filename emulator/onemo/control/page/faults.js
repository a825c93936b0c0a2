// What can be done to the module: events that happen now, and faults that wait for their occasion.

import { get, of, post, remove } from "./api.js";
import { $, make, redraw, say, setText } from "./dom.js";
import { clock } from "./entries.js";

const EVENTS = [
  ["SIM card", [["Take out", { event: "sim-remove" }], ["Put in", { event: "sim-insert" }]]],
  ["Coverage", [["Lose", { event: "registration-lost" }], ["Regain", { event: "registration-back" }]]],
  ["Signal", [["Weak", { event: "signal" }], ["As before", { event: "signal-back" }]]],
  ["Supply", [["Off", { event: "power-off" }], ["On", { event: "power-on" }], ["Reboot", { event: "reboot" }]]],
];
const PRESETS = "preset";
const LAYERS = { [PRESETS]: "Presets", line: "The line", command: "Commands", urc: "URCs", network: "The network", names: "Names", http: "HTTP", mqtt: "MQTT", ftp: "FTP", text: "Short messages", event: "Events" };

/** A value as a word of the text: in quotes where a blank or a quote would end it. */
function quoted(value) {
  return /^[\w@%+:,./*-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`;
}

function range({ low, high }) {
  if (high != null) return `${low}–${high}`;
  return low ? `from ${low}` : "";
}

/** What belongs together in a row, under its name. */
function group(what, ...children) {
  return make("div", { role: "group", "aria-label": what, tabindex: "-1" }, make("span", {}, what), ...children);
}

/** How often a fault has fired, and when first. */
function history({ matches, fired, first_fired: first, spent }) {
  const often = fired === 1 ? "fired once" : fired ? `fired ${fired} times` : matches ? "has not fired" : "waits";
  const seen = matches > fired ? `${matches} matches` : "";
  const when = fired ? `${fired > 1 ? "first " : ""}after ${clock(first ?? 0)} s` : "";
  return [often, seen, when, spent ? "spent" : ""].filter(Boolean).join(", ");
}

export class Faults {
  #contexts = group("PDP context", make("span", { class: "contexts" })); // it has a button for each that is active
  #kinds = new Map();
  #everywhere = new Set(); // names of keys that every kind has
  #rows = new Map();
  #name = "";

  /** changed(): something was done to the module. */
  constructor(changed) {
    this.changed = changed;
    for (const [what, buttons] of EVENTS) $("events").append(group(what, ...this.#buttons(what, buttons)));
    $("events").append(this.#contexts);
    $("urc-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#happen({ event: "urc", text: $("urc-text").value }, "URC");
    });
    $("fault-kind").addEventListener("change", () => this.#chooseKind());
    $("fault-form").addEventListener("submit", (event) => { event.preventDefault(); this.#arm(); });
    $("fault-now").addEventListener("click", () => this.#happen({ event: $("fault-text").value }, $("fault-kind").value));
    $("faults-clear").addEventListener("click", () => this.#try(() => remove(of(this.#name, "/faults")), "All are disarmed"));
  }

  #buttons(what, buttons) {
    return buttons.map(([label, body]) =>
      make("button", { type: "button", "aria-label": `${what}: ${label}`, "data-event": body.event,
        onclick: () => this.#happen(body, `${what}: ${label}`) }, label));
  }

  /** The PDP contexts of the module, for the network to take those down that are active. */
  offerContexts(contexts) {
    const focused = this.#contexts.contains(document.activeElement);
    redraw(this.#contexts.lastElementChild, contexts.filter((context) => context.active).map((context) => context.cid), (cids) =>
      cids.length ? this.#buttons("PDP context", cids.map((cid) => [`Deactivate ${cid}`, { event: "pdp-deactivate", cid }]))
        : [make("span", { class: "quiet" }, "none is active")]);
    if (focused && !this.#contexts.contains(document.activeElement)) this.#contexts.focus(); // the button that had it is gone
  }

  /** The kinds and presets that there are, as the API lists them. A preset has no keys of its own. */
  offer(kinds, presets) {
    const layers = new Map();
    this.#everywhere = new Set(kinds[0]?.keys.map(({ name }) => name)
      .filter((name) => kinds.every(({ keys }) => keys.some((key) => key.name === name))));
    const made = presets.map((preset) => ({ ...preset, layer: PRESETS, event: false, keys: [] }));
    for (const kind of [...kinds, ...made]) {
      this.#kinds.set(kind.name, kind);
      if (!layers.has(kind.layer)) layers.set(kind.layer, make("optgroup", { label: LAYERS[kind.layer] ?? kind.layer }));
      layers.get(kind.layer).append(make("option", { value: kind.name }, kind.name));
    }
    $("fault-kind").replaceChildren(...layers.values());
    this.#chooseKind();
  }

  show(name) {
    this.#name = name;
    setText($("fault-error"), "");
    this.#draw([]);
  }

  async refresh() {
    const name = this.#name;
    const faults = await get(of(name, "/faults"));
    if (name === this.#name) this.#draw(faults);
  }

  // The form: its fields write the text, and the text is what is sent.

  #chooseKind() {
    const kind = this.#kinds.get($("fault-kind").value);
    if (!kind) return;
    setText($("fault-about"), kind.about);
    const fields = (wanted) => kind.keys.filter(wanted).map((key) => this.#field(key));
    const everywhere = (key) => this.#everywhere.has(key.name);
    $("fault-keys").replaceChildren(...fields((key) => !everywhere(key)),
      ...(kind.faults ?? []).map((fault) => make("code", {}, fault)));
    $("fault-more").replaceChildren(...fields((key) => everywhere(key) && key.name !== "module")); // that is chosen already
    $("fault-when").hidden = kind.layer === PRESETS;
    $("fault-now").hidden = !kind.event;
    this.#compose();
  }

  #field(key) {
    const id = `key-${key.name}`;
    const shown = key.default ?? "";
    const type = String(key.type).toLowerCase();
    const common = { id, name: key.name, required: Boolean(key.required), "aria-describedby": `${id}-about` };
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
    const fields = $("fault-form").querySelectorAll(".key input, .key select");
    const given = [...fields].filter((field) => field.value).map((field) => `${field.name}=${quoted(field.value)}`);
    $("fault-text").value = [$("fault-kind").value, ...given].join(" ");
    setText($("fault-error"), "");
  }

  async #arm() {
    const armed = await this.#try(() => post(of(this.#name, "/faults"), { fault: $("fault-text").value }), "The fault is armed");
    if (armed) $("faults-title").scrollIntoView({ block: "nearest" }); // where it can be seen to fire
  }

  #happen(body, what) {
    return this.#try(() => post(of(this.#name, "/events"), body), `${what}: done`);
  }

  /** Do something and say that it is done, or what the port says against it; resolves to whether it was done. */
  async #try(act, done) {
    let fine = false;
    setText($("fault-error"), "");
    try {
      await act();
      fine = true;
      say(`${done}.`);
    } catch (error) {
      setText($("fault-error"), error.message);
      $("fault-error").scrollIntoView({ block: "nearest" });
    }
    this.changed();
    return fine;
  }

  // Those that are armed. Rows stay, so that the focus does.

  #draw(faults) {
    const ids = new Set(faults.map((fault) => fault.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const fault of faults) this.#drawOne(fault);
    $("faults-none").hidden = faults.length > 0;
    $("faults-clear").hidden = faults.length < 2;
  }

  #drawOne(fault) {
    let row = this.#rows.get(fault.id);
    if (!row) {
      const button = make("button", { type: "button", "aria-label": `Disarm ${fault.fault}`,
        onclick: () => this.#try(() => remove(of(this.#name, `/faults/${fault.id}`)), "Disarmed") }, "Disarm");
      const told = make("span", { class: "quiet" });
      row = { told, element: make("li", {}, make("code", {}, fault.fault), told, button) };
      this.#rows.set(fault.id, row);
      $("faults").append(row.element);
    }
    setText(row.told, history(fault));
    row.element.classList.toggle("fired", fault.fired > 0);
    row.element.classList.toggle("spent", Boolean(fault.spent));
  }
}
