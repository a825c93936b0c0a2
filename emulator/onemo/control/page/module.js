// The chosen module: what state it is in, its connections and their counters.

import { $, badge, make, pairs, redraw, setText, told } from "./dom.js";
import { moodOfPower, moodOfRegistration, stateOf, words, wordsOfRegistration } from "./lab.js";

/** Draw the head from what the list knows: it is there before the whole state is. */
export function drawHead(module) {
  setText($("who-name"), module.name);
  setText($("who-model"), module.model === module.name ? "" : module.model);
  setText($("who-port"), module.port ?? "");
  redraw($("who-condition"), [module.condition, module.error], () => [
    badge(stateOf({ condition: module.condition, registration: "home" })[0][0], words(module.condition)),
    module.error ? ` ${module.error}` : "",
  ]);
}

/** Draw the whole state. sift(text): filters the dialogue. */
export function drawState(state, sift) {
  drawHead(state);
  redraw($("facts"), [state.power, state.sim, state.radio, state.contexts], () => facts(state));
  const used = (state.connections ?? []).filter((one) => one.state !== "INITIAL" || one.sent || one.received);
  const focused = $("connections").contains(document.activeElement) ? document.activeElement.value : null;
  redraw($("connections"), used, (all) => all.map((one) => connection(one, sift)));
  if (focused && !$("connections").contains(document.activeElement)) // it was built anew, or is gone
    ($("connections").querySelector(`[value="${focused}"]`) ?? $("chart-filter")).focus();
  $("connections-none").hidden = used.length > 0;
  redraw($("identity"), { port: state.ports ?? state.port, ...state.identity }, pairs);
  redraw($("counters"), { ...state.line, ...state.counters }, pairs);
  redraw($("settings"), state.settings ?? {}, pairs);
}

const fact = (name, ...children) => make("div", {}, make("dt", {}, name), make("dd", {}, ...children));
const quiet = (text) => make("span", { class: "quiet" }, text);

function facts({ power, sim, radio, contexts }) {
  const rows = [];
  if (power) {
    const boots = power.boot_cycle === undefined ? "" : `boot ${power.boot_cycle}`;
    rows.push(fact("Power", badge(moodOfPower(power.state), words(power.state)), quiet(power.asleep ? "asleep" : boots)));
  }
  if (sim) {
    const mood = { ready: "good", absent: "off" }[words(sim.state)] ?? "bad";
    rows.push(fact("SIM", badge(mood, words(sim.state))));
  }
  if (radio) {
    rows.push(fact("Network", badge(moodOfRegistration(radio.registration), wordsOfRegistration(radio.registration)),
      quiet(radio.operator ?? "")));
    if (radio.signal) rows.push(fact("Signal", ...signal(radio.signal)));
  }
  for (const context of contexts ?? []) rows.push(contextFact(context));
  return rows;
}

function signal({ rssi }) {
  if (rssi === undefined || rssi > 31) return [quiet("unknown")];
  const bars = Math.min(4, Math.ceil(rssi / 6));
  const meter = make("span", { class: `bars of${bars}`, "aria-hidden": "true" }, ..."1234".split("").map(() => make("i")));
  return [meter, `${2 * rssi - 113} dBm`, quiet(`rssi ${rssi}`)];
}

function contextFact(context) {
  const addresses = [context.addresses ?? []].flat().join(", ");
  return fact(`Context ${context.cid}`, badge(context.active ? "good" : "off", context.active ? "active" : "inactive"),
    make("span", { class: "mono" }, addresses || context.apn || ""));
}

function connection(one, sift) {
  const mode = words(one.access_mode);
  const tags = [one.transport, mode === "normal" ? "" : mode, one.tls ? "TLS" : ""].filter(Boolean).join(" · ");
  const state = words(one.state);
  const mood = { connected: "good", connecting: "busy", closing: "busy" }[state] ?? "off";
  const number = (value) => make("td", { class: "number" }, told(value ?? 0));
  return make("tr", {},
    make("th", { scope: "row" }, make("button", { type: "button", value: `#${one.connect_id} `, title: "Only this in the dialogue",
      "aria-label": `Only connection ${one.connect_id} in the dialogue`, onclick: () => sift(`#${one.connect_id} `) }, String(one.connect_id))),
    make("td", {}, make("span", { class: "mono peer" }, one.peer ? `${one.peer.host}:${one.peer.port}` : "–"),
      make("span", { class: "under" }, badge(mood, state), quiet(tags))),
    number(one.sent), number(one.received), number(one.queued), number(one.unread));
}
