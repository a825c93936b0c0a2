// The sandbox's MQTT broker: who is there, what they subscribed to, what was published, and a form to publish.

import { get, of, post } from "./api.js";
import { $, make } from "./dom.js";
import { Panel } from "./panel.js";

const SHOWN = 200; // bytes of a payload

export class Broker extends Panel {
  #there = false;

  constructor(changed) {
    super("broker", changed);
    $("broker-form").addEventListener("submit", (event) => { event.preventDefault(); this.#publish(); });
  }

  /** Whether this port has the operations of the broker, by its OpenAPI document. */
  known({ paths }) { this.#there = "/v1/modules/{name}/broker/publish" in paths; }

  /** sandbox: whether the module's routes lead there. */
  async draw(sandbox) {
    this.offer(sandbox && this.#there);
    if (!this.open) return;
    const of_ = (what) => get(of(this.name, `/broker/${what}`));
    const found = await this.read(of_("clients"), of_("subscriptions"), of_(`published?bytes=${SHOWN}`));
    if (!found) return;
    this.list("broker-clients", found[0], client);
    this.list("broker-subscriptions", found[1], subscription);
    this.list("broker-published", found[2].toReversed(), message);
  }

  #publish() {
    const [topic, payload] = [$("broker-topic").value, $("broker-payload").value];
    const body = { topic, payload, qos: Number($("broker-qos").value), retain: Number($("broker-retain").checked) };
    this.act(() => post(of(this.name, "/broker/publish"), body), `Published to ${topic}.`);
  }
}

const row = (what, about, under) => make("li", {}, make("span", { class: "mono" }, what),
  make("span", { class: "quiet" }, ` ${about.filter(Boolean).join(" · ")}`),
  under ? make("span", { class: "body mono quiet" }, under) : null);

function client({ client_id: id, connected, clean, waiting }) {
  return row(id || "(no name)", [connected ? "connected" : "away", clean ? "clean session" : "", waiting ? `${waiting} waiting` : ""]);
}

function subscription({ client_id: id, filter, qos }) {
  return row(filter, [`QoS ${qos}`, id]);
}

function message({ client_id: id, topic, payload, qos, retain, size }) {
  const text = size > SHOWN ? `${payload}…` : payload;
  return row(topic, [`QoS ${qos}`, retain ? "retained" : "", id ? `from ${id}` : "", size ? "" : "empty"], text);
}
