// What can be let happen to the module now. An event of which nothing would come is disabled, and says why.

import { get, of, post } from "./api.js";
import { $, attempt, make, redraw, setText } from "./dom.js";

const EVENTS = [
  ["SIM card", [["Take out", "sim-remove"], ["Put in", "sim-insert"]]],
  ["Coverage", [["Lose", "registration-lost"], ["Refuse", "registration-denied"], ["Regain", "registration-back"]]],
  ["Signal", [["Weak", "signal"], ["As before", "signal-back"]]],
  ["Supply", [["Off", "power-off"], ["On", "power-on"], ["Reboot", "reboot"]]],
  ["Sleep", [["Fall asleep", "sleep"], ["Wake by DTR", "dtr"]]],
];

/** What belongs together in a row, under its name. */
function group(what, ...children) {
  return make("div", { role: "group", "aria-label": what, tabindex: "-1" }, make("span", {}, what), ...children);
}

/** Disable a button, or not. It keeps the focus, and is told by a screen reader with the reason. */
export function disable(button, why) {
  if (why) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
  button.title = why;
}

export class Events {
  #contexts = group("PDP context", make("span", { class: "contexts" })); // it has a button for each that is active
  #why = new Map(); // of each event that makes no sense now
  #name = "";

  /** changed(): something was done to the module. */
  constructor(changed) {
    this.changed = changed;
    for (const [what, buttons] of EVENTS) {
      $("events").append(group(what, ...buttons.map(([label, event]) => this.#button(what, label, { event }))));
    }
    $("events").append(this.#contexts);
    $("urc-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.happen("urc", { event: "urc", text: $("urc-text").value }, "URC");
    });
  }

  show(name) {
    this.#name = name;
    this.#why.clear();
    for (const id of ["events-why", "events-error"]) setText($(id), "");
  }

  /** Why nothing would come of an event now; "": something may. */
  why(event) { return this.#why.get(event) ?? ""; }

  /** Learn which events make sense now. */
  async refresh() {
    const name = this.#name;
    const events = await get(of(name, "/events"));
    if (name !== this.#name) return;
    this.#why = new Map(events.map(({ event, why }) => [event, why]));
    this.#mark();
  }

  /** The PDP contexts of the module, for the network to take those down that are active. */
  offerContexts(contexts) {
    const focused = this.#contexts.contains(document.activeElement);
    redraw(this.#contexts.lastElementChild, contexts.filter((context) => context.active).map((context) => context.cid), (cids) =>
      cids.length ? cids.map((cid) => this.#button("PDP context", `Deactivate ${cid}`, { event: "pdp-deactivate", cid }))
        : [make("span", { class: "quiet" }, "none is active")]);
    if (focused && !this.#contexts.contains(document.activeElement)) this.#contexts.focus(); // the button that had it is gone
  }

  /** Let an event happen, unless nothing would come of it. why, error: ids of where that is told, and why it cannot be. */
  async happen(event, body, what, why = "events-why", error = "events-error") {
    setText($(why), "");
    if (this.why(event)) await this.refresh().catch(console.warn); // it may have come to make sense since the last look
    if (this.why(event)) setText($(why), `${what}: ${this.why(event)}.`);
    else await attempt(error, () => post(of(this.#name, "/events"), body), `${what}: done.`, this.changed);
  }

  #button(what, label, body) {
    return make("button", { type: "button", "aria-label": `${what}: ${label}`, "data-event": body.event,
      onclick: () => this.happen(body.event, body, `${what}: ${label}`) }, label);
  }

  #mark() {
    for (const button of document.querySelectorAll("#events [data-event], #urc-form [data-event]")) {
      disable(button, this.why(button.dataset.event));
    }
  }
}
