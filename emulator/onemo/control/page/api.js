// The control API: requests with the token, and one stream that comes back by itself.

const KEPT = "onemo-token"; // for this tab only: sessionStorage ends with it

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; } // as somebody typed it
}

/** The module that the fragment names. A token in it (#token=…, #ML307R&token=…) is taken out of sight at once. */
export function fragment() {
  let name = "";
  for (const part of location.hash.slice(1).split("&")) {
    if (part.startsWith("token=")) {
      sessionStorage.setItem(KEPT, decoded(part.slice(6)));
      history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname);
    } else if (part) {
      name = decoded(part);
    }
  }
  return name;
}

function headers(more = {}) {
  const token = sessionStorage.getItem(KEPT);
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

let asking = null;

/** Ask for the token, once however many requests want it. */
function login() {
  asking ??= new Promise((entered) => {
    const dialog = document.getElementById("login");
    const form = document.getElementById("login-form");
    dialog.oncancel = (event) => event.preventDefault(); // nothing can be seen without it
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEPT, document.getElementById("login-token").value);
      form.reset();
      dialog.close();
      asking = null;
      entered();
    };
    dialog.showModal();
  });
  return asking;
}

async function answered(path, options) {
  for (;;) {
    const used = sessionStorage.getItem(KEPT);
    const response = await fetch(path, { ...options, headers: headers(options.headers), cache: "no-store" });
    if (response.status !== 401) return response;
    if (used === sessionStorage.getItem(KEPT)) await login(); // else another request has asked meanwhile
  }
}

/** What is wrong, as the port says it. */
function problem(response, value) {
  return Object.assign(new Error(value?.error ?? `${response.status} ${response.statusText}`), { status: response.status });
}

async function request(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await answered(path, options);
  const text = await response.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* the status tells */ }
  if (!response.ok) throw problem(response, value);
  return value;
}

/** A file, as a blob. */
export async function file(path) {
  const response = await answered(path, {});
  if (!response.ok) throw problem(response, await response.json().catch(() => null));
  return response.blob();
}

export const get = (path) => request("GET", path);
export const post = (path, body) => request("POST", path, body);
export const put = (path, body) => request("PUT", path, body);
export const remove = (path) => request("DELETE", path);
export const of = (name, rest = "") => `v1/modules/${encodeURIComponent(name)}${rest}`;

/** The events of a response as [name, data]; ends when the response does. */
async function* events(response) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks(response.body.getReader())) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = { event: "message", data: "" };
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (field) fields[field] = field === "data" && fields.data ? `${fields.data}\n${value}` : value;
      }
      if (fields.data) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

async function* chunks(reader) {
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

/** Follow every module for ever. told(event, data); linked(true), or linked(false, seconds) until the next try.
 * EventSource cannot send a token, hence fetch. */
export async function follow(told, linked) {
  for (let wait = 0.5; ; wait = Math.min(wait * 2, 8)) {
    try {
      const response = await answered("v1/trace/stream", {});
      if (!response.ok) throw new Error(response.statusText);
      await linked(true);
      wait = 0.5;
      for await (const [event, data] of events(response)) told(event, data);
    } catch (error) {
      if (!(error instanceof TypeError || error.name === "AbortError")) console.warn(error);
    }
    linked(false, wait);
    await new Promise((over) => setTimeout(over, wait * 1000));
  }
}
