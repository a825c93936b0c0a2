// Puts the parts together: what the API tells goes to the part that shows it.

import { follow, fragment, get, of } from "./api.js";
import { Broker } from "./broker.js";
import { $, say, setText } from "./dom.js";
import { Board } from "./board.js";
import { Console } from "./console.js";
import { Download } from "./download.js";
import { errorsOf } from "./errors.js";
import { Events } from "./events.js";
import { Faults } from "./faults.js";
import { Files } from "./files.js";
import { drawFirmware } from "./firmware.js";
import { Ftp } from "./ftp.js";
import { Lab, words } from "./lab.js";
import { Latency } from "./latency.js";
import { Lwm2m } from "./lwm2m.js";
import { Many } from "./many.js";
import { drawHead, drawState } from "./module.js";
import { Search } from "./search.js";
import { Texts } from "./texts.js";
import { Timeline } from "./timeline.js";
import { Web } from "./web.js";

const KEPT = 2000; // entries of a module that stay in memory; the port has more
const PAUSE = 400; // ms between two looks at the chosen module's counters

const modules = new Map(); // by name, as the API lists them
const journals = new Map(); // by name: entries, oldest first
let chosen = "";
let looking = false;
let wanted = false; // something has changed since the last look
let known = false; // the list of modules has been read

const lab = new Lab(choose, (names) => many.show(names));
const many = new Many(lab, look);
const timeline = new Timeline(older);
const search = new Search(timeline);
const events = new Events(look);
const faults = new Faults(events, look);
const board = new Board(look);
const texts = new Texts(look);
const files = new Files(look);
const ftp = new Ftp(look);
const web = new Web(look);
const broker = new Broker(look);
const lwm2m = new Lwm2m(look);
const atEntry = new Console(look);
const latency = new Latency(look);
new Download(() => chosen, () => journal(chosen));

function journal(name) {
  if (!journals.has(name)) journals.set(name, Object.assign([], { first: 0, read: false }));
  return journals.get(name);
}

// The chosen module.

async function choose(name) {
  if (!modules.has(name) || name === chosen) return;
  chosen = name;
  document.title = `${name} · OneMO emulator`;
  $("main").hidden = false;
  lab.mark(name);
  drawHead(modules.get(name));
  faults.show(name);
  for (const part of [events, board, texts, files, web, broker, ftp, lwm2m, latency, atEntry]) part.show(name);
  timeline.pause(false);
  look();
  await load(name);
}

/** Show the chosen module's journal, and read what of it went by before somebody looked. */
async function load(name) {
  const entries = journal(name);
  timeline.show(entries);
  errorsOf(name).then((texts) => name === chosen && timeline.know(texts));
  if (entries.read) return;
  entries.read = true;
  await fetchEntries(name, "?limit=500").catch(lost);
  if (name === chosen) timeline.show(entries);
}

/** Read a part of the journal; resolves to whether it had entries that were not there. */
async function fetchEntries(name, query) {
  const answer = await get(of(name, `/trace${query}`));
  const entries = journal(name);
  const had = new Set(entries.map((entry) => entry.seq));
  const fresh = answer.entries.filter((entry) => !had.has(entry.seq));
  entries.push(...fresh);
  entries.sort((one, other) => one.seq - other.seq);
  entries.first = answer.first;
  entries.started = answer.started;
  return fresh.length > 0;
}

function older() {
  const first = journal(chosen)[0]?.seq ?? 0;
  const since = Math.max(journal(chosen).first, first - 500);
  return since < first ? fetchEntries(chosen, `?since=${since}&limit=500`).catch(lost) : false;
}

/** Look at the chosen module's state and faults, now or soon: however much happens, once a PAUSE. */
async function look() {
  wanted = true;
  if (looking) return;
  looking = true;
  while (wanted && chosen) {
    wanted = false;
    const name = chosen;
    try {
      const [state] = await Promise.all([get(of(name)), faults.refresh(), events.refresh()]);
      if (name !== chosen) continue;
      drawState(state, (text) => timeline.sift(text));
      events.offerContexts(state.contexts ?? []);
      board.draw(state);
      texts.draw(state.sms, journal(name));
      drawFirmware(state.firmware);
      const sandboxed = [web, broker, lwm2m].map((each) => each.draw(state.sandbox));
      await Promise.all([files.draw(state.file_store), ftp.draw(state), latency.draw(), ...sandboxed]);
    } catch (error) {
      if (error.status === 404) readModules().catch(lost); // it has been taken away
      else lost(error);
    }
    await new Promise((over) => setTimeout(over, PAUSE));
  }
  looking = false;
}

function lost(error) {
  console.warn(error); // the stream tells when the connection is lost
}

// The stream.

const told = {
  entry(entry) {
    const entries = journal(entry.module);
    if (entries.length && entry.seq <= entries.at(-1).seq) return; // known from the journal
    entries.push(entry);
    if (entries.length > 2 * KEPT) entries.splice(0, KEPT);
    if (entry.module !== chosen) return;
    timeline.add(entry);
    look();
  },
  state(state) {
    const module = modules.get(state.name);
    if (!module) return readModules();
    if (state.condition && state.condition !== module.condition) say(`${state.name}: ${words(state.condition)}.`);
    Object.assign(module, state);
    lab.update(module);
    if (state.name === chosen) look();
  },
  lost({ module, count }) {
    setText($("link"), `Connected; ${count} entries of ${module} came too fast to show`);
  },
};

async function readModules() {
  const list = await get("v1/modules");
  modules.clear();
  for (const module of list) modules.set(module.name, module);
  lab.draw(modules);
  lab.mark(chosen);
  const wanted = fragment();
  if (modules.has(wanted)) choose(wanted);
  else if (!modules.has(chosen)) choose(list[0]?.name);
}

async function linked(is, seconds) {
  if (is) {
    if (!known) {
      const [kinds, presets, operations] = await Promise.all(["v1/kinds", "v1/presets", "openapi.json"].map(get));
      setText($("version"), operations.info.version);
      faults.offer(kinds, presets);
      for (const part of [broker, ftp, lwm2m, latency, atEntry]) part.known(operations);
    }
    known = true;
    journals.clear(); // the stream begins now: what was missed has to be read, and it may be another process
    await readModules();
    look();
    if (chosen) await load(chosen);
  }
  document.body.classList.toggle("unlinked", !is);
  setText($("link"), is ? "Connected" : `Connection lost, retrying in ${seconds} s`);
}

// The keys.

const KEYS = {
  "/": () => $("chart-filter").focus(),
  m: () => $("lab-filter").focus(),
  f: () => $("fault-text").focus(),
  a: () => atEntry.focus(),
  j: () => lab.step(1),
  k: () => lab.step(-1),
  p: () => timeline.toggle(),
  s: () => $("find-text").focus(),
  n: () => search.step(1),
  N: () => search.step(-1),
  x: () => timeline.toggleHex(),
  "?": () => $("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea") || document.querySelector("dialog[open]");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("help-open").addEventListener("click", () => $("help").showModal());
$("skip").addEventListener("click", () => $("chart-list").focus());
window.addEventListener("hashchange", () => choose(fragment()));

fragment(); // a token in it is taken before the first request
follow((event, data) => told[event]?.(data), linked);
