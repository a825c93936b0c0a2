// The short messages of the module: those that came, those that it sent, and a form that sends it one.

import { of, post } from "./api.js";
import { $, attempt, make, redraw, setText } from "./dom.js";

const SHOWN = 20; // of each, the newest

export class Texts {
  #name = "";

  /** changed(): something was done to the module. */
  constructor(changed) {
    this.changed = changed;
    $("texts-form").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
  }

  show(name) {
    this.#name = name;
    $("texts").hidden = true; // until it is known whether the model has them
    setText($("texts-error"), "");
  }

  /** sms: as the state has it, null where the model has none; entries: the journal. */
  draw(sms, entries) {
    $("texts").hidden = !sms;
    if (!sms) return;
    const stores = Object.entries(sms.stores).map(([name, { used, total }]) => `${name} ${used} of ${total}`);
    setText($("texts-own"), [sms.number, ...stores, `${sms.waiting} waiting`].join(" · "));
    const came = entries.filter((entry) => entry.event === "sms received").slice(-SHOWN).map(({ detail }) => detail.replace(/^from /, ""));
    redraw($("texts-in"), came, (all) => all.toReversed().map((text) => make("li", {}, text)));
    redraw($("texts-out"), sms.sent.slice(-SHOWN), (all) => all.toReversed().map(sent));
    $("texts-in-none").hidden = came.length > 0;
    $("texts-out-none").hidden = sms.sent.length > 0;
  }

  async #send() {
    const text = { from: $("texts-from").value, text: $("texts-text").value };
    const sent = await attempt("texts-error", () => post(of(this.#name, "/sms"), text), "The text is on its way.", this.changed);
    if (sent) $("texts-text").value = "";
  }
}

function sent({ to, text, parts, of: all, report }) {
  const told = [parts < all ? `${parts} of ${all} parts` : all > 1 ? `${all} parts` : "",
    report === null ? "" : report === 0 ? "delivered" : `report ${report}`].filter(Boolean).join(", ");
  return make("li", {}, `${to}: ${text}`, told ? make("span", { class: "quiet" }, ` ${told}`) : null);
}
