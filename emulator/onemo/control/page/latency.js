// How long the module took for its command lines: a table by command.

import { get, of } from "./api.js";
import { $, make, redraw } from "./dom.js";
import { Panel } from "./panel.js";

export class Latency extends Panel {
  #there = false;

  constructor(changed) { super("latency", changed); }

  /** Whether this port counts commands, by its OpenAPI document. */
  known({ paths }) { this.#there = "/v1/modules/{name}/latency" in paths; }

  async draw() {
    this.offer(this.#there);
    if (!this.open) return;
    const found = await this.read(get(of(this.name, "/latency")));
    if (!found) return;
    const [rows] = found;
    redraw($("latency-rows"), rows, (all) => all.map(row));
    $("latency-table").hidden = rows.length === 0;
    $("latency-none").hidden = rows.length > 0;
  }
}

const number = (text) => make("td", { class: "number" }, text);

/** Seconds as milliseconds, with three digits or all that stand before the point. */
function milliseconds(seconds) {
  const value = seconds * 1000;
  return value.toLocaleString("en", value < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 });
}

function row({ command, lines, errors, p50, p99, max }) {
  return make("tr", {}, make("th", { scope: "row", class: "mono" }, command), number(lines.toLocaleString("en")),
    number(errors ? errors.toLocaleString("en") : "–"), ...[p50, p99, max].map((each) => number(milliseconds(each))));
}
