// The AT entry: commands for the module, typed at a console of its own, so that the line of the device is left alone.

import { get, of, post } from "./api.js";
import { $, make, setText } from "./dom.js";
import { errorsOf, failure } from "./errors.js";

const PATIENCE = 120; // seconds for a final result code
const OFFERED = 40; // commands that are offered at once
const KEPT = 100; // lines of the history
const HISTORY = "onemo-history:"; // of a module, for this tab only, as the token: it outlives a reload
const SAID = { command: "AT entry", entry: "Data of the entry", transparent: "Data for the peer" };
const HINTS = {
  command: "AT+CSQ",
  entry: String.raw`hello, \x1a is Ctrl-Z`,
  transparent: String.raw`hello\r\n`,
};

/** Text as bytes with escapes, as the port takes them: what is typed as \x1a stays, other characters are UTF-8. */
function bytes(text) {
  return text.replace(/[^ -~]/gu, (character) =>
    [...new TextEncoder().encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""));
}

/** The history of a module before the page was loaded again. */
function remembered(name) {
  try { return JSON.parse(sessionStorage.getItem(HISTORY + name)) ?? []; } catch { return []; }
}

export class Console {
  #there = false;
  #name = "";
  #of = new Map(); // by module: { state, running, lines (the history), commands }
  #at = 0; // in the history; its length: what is being typed
  #draft = "";
  #options = []; // commands that are offered
  #active = -1;

  /** changed(): something was done to the module. */
  constructor(changed) {
    this.changed = changed;
    const text = $("console-text");
    $("console").addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    $("console-end").addEventListener("click", () => this.#end());
    $("console-esc").addEventListener("click", () => this.#drop());
    $("console-leave").addEventListener("click", () => this.#send({ command: "+++" }));
    text.addEventListener("input", () => { this.#at = this.#own.lines.length; this.#offer(); });
    text.addEventListener("paste", (event) => this.#paste(event));
    text.addEventListener("focus", () => this.#learn());
    text.addEventListener("blur", () => this.#close());
    text.addEventListener("keydown", (event) => this.#key(event));
    $("console-list").addEventListener("mousedown", (event) => {
      event.preventDefault(); // the focus stays where it is
      const option = event.target.closest("[role=option]");
      if (option) this.#take(option.dataset.name);
    });
  }

  /** Whether this port has a console to send to, by its OpenAPI document. */
  known({ paths }) {
    this.#there = "/v1/modules/{name}/console" in paths;
    $("console").hidden = !this.#there;
  }

  /** Another module is chosen. */
  show(name) {
    this.#name = name;
    if (!this.#of.has(name)) this.#of.set(name, { state: "command", running: false, lines: remembered(name), commands: null });
    this.#at = this.#own.lines.length;
    $("console-text").value = "";
    setText($("console-hint"), "");
    this.#tell(this.#own.running ? ["…"] : [], "", true);
    this.#close();
    this.#draw();
  }

  focus() { $("console-text").focus(); }

  get #own() { return this.#of.get(this.#name); }

  // What is sent.

  #submit() {
    const text = $("console-text").value;
    if (!this.#own || this.#own.running) return;
    if (this.#own.state !== "command") return this.#data(bytes(text));
    if (!text.trim()) return;
    this.#close();
    this.#send({ command: text.trim() }, text.trim());
  }

  /** Send lines one after the other, as at a terminal: a field would join them. Those behind a failure are left out. */
  async #paste(event) {
    const lines = event.clipboardData.getData("text").split(/[\r\n]+/).map((line) => line.trim()).filter(Boolean);
    const own = this.#own;
    if (lines.length < 2 || own?.state !== "command") return;
    event.preventDefault();
    this.#close();
    for (const line of lines) {
      if (own !== this.#own || own.state !== "command" || !(await this.#send({ command: line }, line))) return;
    }
  }

  #data(data) {
    if (data) this.#send({ data });
  }

  #end() { this.#data(`${bytes($("console-text").value)}\\x1a`); }

  #drop() { this.#data("\\x1b"); }

  /** Resolves to whether the port took it. */
  async #send(body, line = "") {
    const name = this.#name;
    const own = this.#own;
    if (own.running) return false;
    let sent = false;
    own.running = true;
    if ($("console").contains(document.activeElement)) this.focus(); // the button that has it may go
    this.#tell(["…"], "", true);
    this.#draw();
    try {
      const answer = await post(of(name, "/console"), { ...body, timeout: PATIENCE });
      sent = true;
      own.state = answer.state in SAID ? answer.state : "command";
      if (line) this.#remember(name, own, line);
      const words = failure({ kind: "answer", data: answer.lines.at(-1) }, await errorsOf(name))?.words;
      if (name === this.#name) {
        this.#tell(answer.lines, answer.problem || words || "", answer.ok || answer.state === "entry");
        if (!line || $("console-text").value.trim() === line) $("console-text").value = "";
        setText($("console-hint"), "");
      }
    } catch (error) {
      if (name === this.#name) this.#tell([], error.message, false);
    }
    own.running = false;
    this.#draw();
    this.changed();
    return sent;
  }

  #remember(name, own, line) {
    if (own.lines.at(-1) !== line) own.lines.push(line);
    if (own.lines.length > KEPT) own.lines.shift();
    try { sessionStorage.setItem(HISTORY + name, JSON.stringify(own.lines)); } catch { /* it is full: the tab has it */ }
    if (own !== this.#own) return;
    this.#at = own.lines.length;
    this.#draft = "";
  }

  /** What came of it. well: no error. */
  #tell(lines, problem, well) {
    $("console-said").classList.toggle("error", !well);
    setText($("console-said"), lines.join("\n"));
    setText($("console-error"), problem);
    $("console-error").classList.toggle("quiet", well);
  }

  #draw() {
    const state = this.#own?.state ?? "command";
    setText($("console-label"), SAID[state]);
    $("console-text").placeholder = HINTS[state];
    for (const id of ["console-end", "console-esc"]) $(id).hidden = state !== "entry";
    $("console-leave").hidden = state !== "transparent";
    for (const button of $("console").querySelectorAll("button")) button.disabled = this.#own?.running ?? false;
  }

  // What is offered.

  /** Learn what the model has, once, from the module itself. */
  async #learn() {
    const own = this.#own;
    if (!own || own.commands) return;
    own.commands = [];
    try {
      own.commands = await get(of(this.#name, "/console/commands"));
      if (own === this.#own && document.activeElement === $("console-text")) this.#offer(); // to what was typed meanwhile
    } catch {
      own.commands = null; // it is not up: the next time, then
    }
  }

  /** Offer the commands that begin so; behind the name, show what the test form says of it. */
  #offer() {
    const own = this.#own;
    const typed = $("console-text").value.toUpperCase();
    const commands = (own?.state === "command" && own.commands) || [];
    const name = /^AT[^=?]*/.exec(typed)?.[0] ?? "";
    const given = name.length < typed.length;
    const known = commands.find((command) => command.name === name);
    setText($("console-hint"), name && known ? known.test.join(" ") : "");
    this.#options = given || typed.length < 2 ? [] : commands.filter(({ name: each }) => each.startsWith(typed)).slice(0, OFFERED);
    if (this.#options.length === 1 && this.#options[0].name === typed) this.#options = [];
    this.#active = -1;
    $("console-list").replaceChildren(...this.#options.map(({ name: each, test }, number) =>
      make("li", { role: "option", id: `console-option-${number}`, "aria-selected": "false", "data-name": each },
        make("span", { class: "mono" }, each), make("span", { class: "quiet" }, test.join(" ")))));
    this.#open(this.#options.length > 0);
  }

  #open(is) {
    $("console-list").hidden = !is;
    $("console-text").setAttribute("aria-expanded", is);
    if (!is) $("console-text").removeAttribute("aria-activedescendant");
  }

  #close() {
    this.#options = [];
    this.#active = -1;
    this.#open(false);
  }

  #take(name) {
    $("console-text").value = name;
    this.#offer();
    this.#close();
  }

  #step(by) {
    const rows = $("console-list").children;
    rows[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = (this.#active + by + rows.length + (this.#active < 0 && by < 0)) % rows.length;
    rows[this.#active].setAttribute("aria-selected", "true");
    rows[this.#active].scrollIntoView({ block: "nearest" });
    $("console-text").setAttribute("aria-activedescendant", rows[this.#active].id);
  }

  #key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const entry = this.#own?.state === "entry"; // there Ctrl-Z and Escape are what they are at a terminal
    if (event.altKey || event.metaKey || event.isComposing || (event.ctrlKey && !(entry && event.key === "z"))) return;
    if (entry && event.key === "z" && event.ctrlKey) this.#end();
    else if (entry && event.key === "Escape") this.#drop();
    else if (by && this.#options.length) this.#step(by);
    else if (by) this.#walk(by);
    else if (event.key === "Escape" && this.#options.length) this.#close();
    else if ((event.key === "Enter" || event.key === "Tab") && this.#active >= 0) this.#take(this.#options[this.#active].name);
    else return;
    event.preventDefault();
  }

  /** The line before (-1) or after (1) in the history; what was being typed is behind the last. */
  #walk(by) {
    const { lines, state } = this.#own;
    const to = this.#at + by;
    if (state !== "command" || to < 0 || to > lines.length) return;
    if (this.#at === lines.length) this.#draft = $("console-text").value;
    this.#at = to;
    $("console-text").value = lines[to] ?? this.#draft;
    setText($("console-hint"), "");
  }
}
