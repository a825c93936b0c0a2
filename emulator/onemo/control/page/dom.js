// The few things that every part of the page does with the document.

export const $ = (id) => document.getElementById(id);

/** An element with attributes, listeners (onclick: …) and children. Strings become text, never markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Write only what is new: an untouched node costs no layout, and a screen reader hears nothing twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const shown = new WeakMap();

/** Build a part of the page anew, but only when what it shows has changed. */
export function redraw(parent, what, build) {
  const key = JSON.stringify(what);
  if (shown.get(parent) === key) return;
  shown.set(parent, key);
  parent.replaceChildren(...build(what));
}

/** Names and values as the rows of a <dl>. */
export function pairs(values) {
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => make("div", {}, make("dt", {}, name.replaceAll("_", " ")), make("dd", {}, told(value))));
}

/** A value of the API as text. */
export function told(value) {
  if (Array.isArray(value)) return value.map(told).join(", ");
  if (value === null || value === undefined) return "–";
  if (typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 1 && typeof entries[0][1] !== "object") return told(entries[0][1]); // its name tells nothing
    return entries.map(([name, inner]) => `${name} ${told(inner)}`).join(", ");
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? value.toLocaleString("en") : String(value);
}

/** A state, told by shape and word; the colour only repeats it. mood: good, busy, bad or off. */
export function badge(mood, text) {
  const glyph = { good: "●", busy: "◐", bad: "▲", off: "○" }[mood];
  return make("span", { class: `badge ${mood}` }, make("span", { "aria-hidden": "true" }, glyph), text);
}

/** Have the browser keep a file. */
export function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Do something, and tell a screen reader that it is done, or beneath it what the port says against it.
 * error: id of where; resolves to whether it was done, after over(). */
export async function attempt(error, act, done, over) {
  setText($(error), "");
  try {
    await act();
    say(done);
    return true;
  } catch (problem) {
    setText($(error), problem.message);
    $(error).scrollIntoView({ block: "nearest" });
    return false;
  } finally {
    over();
  }
}

let saying = 0;

/** Tell a screen reader; what comes in a rush is told in one piece. */
export function say(text) {
  const region = document.getElementById("say");
  region.textContent = saying ? `${region.textContent} ${text}` : text;
  clearTimeout(saying);
  saying = setTimeout(() => (saying = 0), 500);
}
