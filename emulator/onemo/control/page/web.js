// The sandbox's web server: the requests that it answered, and a form for an answer of one's own.

import { get, of, post } from "./api.js";
import { $, make, told } from "./dom.js";
import { Panel } from "./panel.js";

const SHOWN = 200; // bytes of a body

export class Web extends Panel {
  constructor(changed) {
    super("web", changed);
    $("web-form").addEventListener("submit", (event) => { event.preventDefault(); this.#answer(); });
  }

  /** sandbox: whether the module's routes lead there. */
  async draw(sandbox) {
    this.offer(sandbox);
    if (!this.open) return;
    const found = await this.read(get(of(this.name, `/web/requests?bytes=${SHOWN}`)));
    if (found) this.list("web-list", found[0].toReversed(), row);
  }

  #answer() {
    const body = { path: $("web-path").value, body: $("web-body").value, status: Number($("web-status").value) };
    for (const key of ["method", "host", "type"]) if ($(`web-${key}`).value) body[key] = $(`web-${key}`).value;
    this.act(() => post(of(this.name, "/web/answers"), body), `${body.path} is answered so from now on.`);
  }
}

function row({ method, host, path, status, body, size }) {
  const about = size ? `${status} · body of ${told(size)} bytes` : String(status);
  return make("li", {}, make("span", { class: "mono" }, `${method} ${host}${path}`), make("span", { class: "quiet" }, `  ${about}`),
    body ? make("span", { class: "body mono quiet" }, body) : null);
}
