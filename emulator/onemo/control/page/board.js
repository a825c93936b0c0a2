// The board around the module: its pins, which can be driven, and what its firmware has made of lights and pulses.

import { of, post } from "./api.js";
import { $, attempt, badge, make, redraw, setText } from "./dom.js";

const fact = (name, text) => make("div", {}, make("dt", {}, name), make("dd", {}, text));
const PULLS = ["", "pulled up", "pulled down"];

export class Board {
  #name = "";

  /** changed(): something was done to the module. */
  constructor(changed) {
    this.changed = changed;
  }

  show(name) {
    this.#name = name;
    $("board").hidden = true; // until its state is known
    setText($("board-error"), "");
  }

  /** state: the whole state of the module. */
  draw({ pins, adc, pwm, lights, chip, cells, place }) {
    $("board").hidden = !lights;
    if (!lights) return;
    redraw($("board-facts"), [adc, pwm, lights, chip, cells, place], () => this.#facts({ adc, pwm, lights, chip, cells, place }));
    $("board-pins-table").hidden = !pins?.length;
    const focused = document.activeElement?.closest?.("#board-pins [data-pin]")?.dataset;
    redraw($("board-pins"), pins ?? [], (all) => all.map((pin) => this.#pin(pin)));
    if (focused && !$("board-pins").contains(document.activeElement)) {
      $("board-pins").querySelector(`[data-pin="${focused.pin}"][data-to="${focused.to}"]`)?.focus(); // it was built anew
    }
  }

  #facts({ adc, pwm, lights, chip, cells, place }) {
    const serving = (cells ?? []).find((cell) => cell.serving);
    return [
      fact("Lights", `network ${lights.network}, state ${lights.state}`),
      ...(adc ?? []).map(({ channel, mv }) => fact(`ADC ${channel}`, `${mv} mV`)),
      ...(pwm ?? []).map(({ channel, on, waves }) =>
        fact(`PWM ${channel}`, `${on ? "on" : "off"}, ${waves.map(([period, duty]) => `${period} µs ${duty} %`).join(", ")}`)),
      chip ? fact("Chip", `${chip.temp} °C, ${chip.vbat} mV`) : null,
      fact("Cell", serving ? `band ${serving.band}, EARFCN ${serving.earfcn}, PCI ${serving.pci}` : "none"),
      place ? fact("Place", `${place.latitude}, ${place.longitude}`) : null,
    ].filter(Boolean);
  }

  #pin({ id, direction, pull, level, world }) {
    const button = (label, to, body) => make("button", { type: "button", "aria-label": `Pin ${id}: ${label}`,
      "aria-pressed": String(to === String(world ?? "")), "data-pin": id, "data-to": to || "none",
      onclick: () => this.#happen(body, `Pin ${id}: ${label}`) }, label);
    return make("tr", {},
      make("th", { scope: "row" }, String(id)),
      make("td", {}, [direction, PULLS[pull]].filter(Boolean).join(", ")),
      make("td", {}, badge(level ? "good" : "off", level ? "high" : "low")),
      make("td", { class: "actions" },
        button("low", "0", { event: "pin", id, level: 0 }),
        button("high", "1", { event: "pin", id, level: 1 }),
        button("let go", "", { event: "pin-release", id })));
  }

  #happen(body, what) {
    return attempt("board-error", () => post(of(this.#name, "/events"), body), `${what}: done.`, this.changed);
  }
}
