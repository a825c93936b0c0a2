// What an entry of the trace is, and how it is read. Data is text with one character a byte.

const LONGEST = 160; // characters in a row: more than a row has room for
const QUIET = { "\r": "\\r", "\n": "\\n", "\t": "\\t" };

export const WAYS = {
  sent: "DTE to module", echo: "echo, module to DTE", answer: "module to DTE", urc: "URC, module to DTE",
  out: "module to network", in: "network to module", event: "network", fault: "fault",
};

const WORDS = { sent: "out", received: "in" }; // events that tell in words what went or came

/** Whether it tells in words what crossed a connection: a request, an answer, a packet. */
export const inWords = (entry) => entry.event in WORDS;

/** One of WAYS. */
export function wayOf(entry) {
  if (inWords(entry)) return WORDS[entry.event];
  if (entry.event) return entry.event === "fault" ? "fault" : "event";
  if (entry.from === "dte") return "sent";
  if (entry.to === "network") return "out";
  if (entry.from === "network") return "in";
  return entry.kind === "urc" || entry.kind === "echo" ? entry.kind : "answer";
}

/** Whether the choice of what is shown takes it. */
export function onSide(way, side) {
  return !side || way === side || (side === "line" && ["sent", "echo", "answer", "urc"].includes(way)) ||
    (side === "network" && ["out", "in", "event"].includes(way)) ||
    (side === "note" && ["event", "fault"].includes(way));
}

/** The number and the direction of the AT line, as 1> and 1<, of all but the first. */
export const markOf = (entry) => (entry.console ? `${entry.console}${entry.from === "dte" ? ">" : "<"}` : "");

/** The way in words; of all but the first AT line with its number. */
export const wayInWords = (entry) => WAYS[wayOf(entry)] + (entry.console ? `, console ${entry.console}` : "");

const OTHERS = ["seq", "time", "took", "console"];

/** The instance that it belongs to, as #0, HTTP 1, MQTT 0; "" where it belongs to none. */
export function instanceOf(entry) {
  const [name, number] = Object.entries(entry).find(([key, value]) => Number.isInteger(value) && !OTHERS.includes(key)) ?? [];
  if (!name) return "";
  return name === "connect_id" ? `#${number}` : `${name.replace(/_?id$/, "").toUpperCase()} ${number}`;
}

/** What it is searched by. */
export function searched(entry) {
  const said = entry.data ?? `${entry.event} ${entry.detail}`;
  return [markOf(entry), instanceOf(entry), said].filter(Boolean).join(" ").toLowerCase();
}

const byte = (character) => character.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase();

/** Data in runs of [text, whether it is a control character's stand-in]; longest: characters that are looked at. */
export function runs(data, longest = LONGEST) {
  const found = [];
  for (const [piece] of data.slice(0, longest).matchAll(/[ -~]+|[^ -~]+/g)) {
    if (piece >= " " && piece <= "~~") found.push([piece, false]);
    else found.push([[...piece].map((character) => QUIET[character] ?? `\\x${byte(character)}`).join(""), true]);
  }
  return found;
}

export const hex = (data, longest = LONGEST / 3) => [...data.slice(0, longest)].map(byte).join(" ");

/** Sixteen bytes a line: offset, hex, text. */
export function dump(data, longest = 4096) {
  const lines = [];
  for (let at = 0; at < Math.min(data.length, longest); at += 16) {
    const row = data.slice(at, at + 16);
    const text = row.replace(/[^ -~]/g, "·");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex(row, 16).padEnd(47)}  ${text}`);
  }
  if (data.length > longest) lines.push(`… ${(data.length - longest).toLocaleString("en")} bytes more`);
  return lines.join("\n");
}

export const longerThanRow = (data) => data.length > 80;

/** Seconds as they are read: 0.004, 12.345, 3:25.120. */
export function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - minutes * 60).toFixed(3);
  return minutes ? `${minutes}:${rest.padStart(6, "0")}` : rest;
}

const two = (number) => String(number).padStart(2, "0");

/** The time of day of a moment, in seconds since 1970: 14:03:22. */
export function wall(seconds) {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** The same with its date and the milliseconds: 2026-11-29 14:03:22.123. */
export function wallInFull(seconds) {
  const date = new Date(seconds * 1000);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join("-");
  return `${day} ${wall(seconds)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** The time between two entries, in the unit that suits it. */
export function since(seconds) {
  if (seconds < 0) return "";
  return seconds < 0.9995 ? `+${(seconds * 1000).toFixed(seconds < 0.00995 ? 1 : 0)} ms` : `+${seconds.toFixed(1)} s`;
}
