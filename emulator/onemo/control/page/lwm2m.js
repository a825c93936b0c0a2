// The sandbox's LwM2M server: who is registered, what was notified, and a form to ask something of a client.

import { get, of, post } from "./api.js";
import { $, make, setText } from "./dom.js";
import { Panel } from "./panel.js";

const SHOWN = 200; // characters of a notification
const VALUES = { write: "value", execute: "text", attributes: "attributes" }; // the keys of what is given with a path

export class Lwm2m extends Panel {
  #there = false;

  constructor(changed) {
    super("lwm2m", changed);
    $("lwm2m-form").addEventListener("submit", (event) => { event.preventDefault(); this.#ask(); });
  }

  show(name) {
    super.show(name);
    setText($("lwm2m-answer"), "");
  }

  /** Whether this port has the operations of the server, by its OpenAPI document. */
  known({ paths }) { this.#there = "/v1/modules/{name}/lwm2m/read" in paths; }

  /** sandbox: whether the module's routes lead there. */
  async draw(sandbox) {
    this.offer(sandbox && this.#there);
    if (!this.open) return;
    const found = await this.read(get(of(this.name, "/lwm2m/clients")), get(of(this.name, "/lwm2m/notifications")));
    if (!found) return;
    this.list("lwm2m-clients", found[0], client);
    this.list("lwm2m-notifications", found[1].toReversed(), notification);
  }

  async #ask() {
    const [what, path, name] = [$("lwm2m-what").value, $("lwm2m-path").value, this.name];
    const body = { path };
    if (what in VALUES && ($("lwm2m-value").value || what !== "execute")) body[VALUES[what]] = $("lwm2m-value").value;
    if ($("lwm2m-endpoint").value) body.endpoint = $("lwm2m-endpoint").value;
    setText($("lwm2m-answer"), "");
    await this.act(async () => {
      const { code, text } = await post(of(name, `/lwm2m/${what}`), body);
      if (name === this.name) setText($("lwm2m-answer"), text ? `${code} ${text}` : code);
    }, `${path} is answered.`);
  }
}

const row = (what, about, under) => make("li", {}, make("span", { class: "mono" }, what),
  make("span", { class: "quiet" }, ` ${about.filter(Boolean).join(" · ")}`),
  under ? make("span", { class: "body mono quiet" }, under) : null);

function client({ endpoint, lifetime, left, binding, paths, observed }) {
  const about = [`${left} of ${lifetime} s`, binding, observed.length ? `observed ${observed.join(" ")}` : ""];
  return row(endpoint, about, paths.join(" "));
}

function notification({ endpoint, path, number, format, text }) {
  return row(path, [`${number}`, format, endpoint], text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
