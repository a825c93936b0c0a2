// Copies what is chosen: the path of the port, a line of the dialogue.

import { $, say, setText } from "./dom.js";
import { runs } from "./entries.js";

const TOLD = 1500; // ms for which a button says that it was done

/** Put text where the user's next paste takes it from; resolves to whether that was permitted. */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text); // missing where the page comes over HTTP from another host
    return true;
  } catch {
    const area = document.createElement("textarea");
    const before = document.activeElement;
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus();
    return done;
  }
}

async function copy(button, text) {
  const done = await toClipboard(text);
  const told = done ? "Copied" : "Not permitted";
  say(`${told}.`);
  setText(button, told);
  setTimeout(() => setText(button, "Copy"), TOLD);
}

/** The line of an entry as text: UTF-8 where it is, else bytes that are no text as escapes. */
function lineOf(entry) {
  if (entry.data === undefined) return `${entry.event} ${entry.detail ?? ""}`.trim();
  try {
    const bytes = Uint8Array.from(entry.data, (character) => character.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return text;
  } catch { /* it is no text */ }
  return runs(entry.data, entry.data.length).map(([piece]) => piece).join("");
}

function copyLine() {
  const entry = $("chart-list").querySelector('[aria-selected="true"]')?.entry;
  if (entry) copy($("detail-copy"), lineOf(entry));
}

$("who-copy").addEventListener("click", () => copy($("who-copy"), $("who-port").textContent));
$("detail-copy").addEventListener("click", copyLine);
$("chart-list").addEventListener("keydown", (event) => {
  if (event.key === "c" && !event.ctrlKey && !event.metaKey && !event.altKey) copyLine();
});
