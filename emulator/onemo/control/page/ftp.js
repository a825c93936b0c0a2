// The sandbox's FTP server: its files, and the module's sessions.

import { make } from "./dom.js";
import { FilePanel } from "./filepanel.js";

const TRANSFERS = { down: "downloads", up: "uploads" };

export class Ftp extends FilePanel {
  #there = false;

  constructor(changed) { super("ftp", changed); }

  /** Whether this port has the operations of the server, by its OpenAPI document. */
  known({ paths }) { this.#there = "/v1/modules/{name}/ftp" in paths; }

  /** state: the whole state of the module; its routes may lead to the sandbox. */
  async draw({ sandbox, ftp_sessions: sessions }) {
    this.offer(sandbox && this.#there);
    if (!this.open) return;
    const found = await this.fetched();
    if (!found) return;
    this.drawFiles(found);
    this.list("ftp-sessions", (sessions ?? []).filter(({ state }) => state !== "closed"), session);
  }
}

function session({ ftp_id: id, host, port, state, transfer }) {
  const about = [state, TRANSFERS[transfer]].filter(Boolean).join(" · ");
  return make("li", {}, make("span", { class: "mono" }, `${id} ${host}:${port}`), make("span", { class: "quiet" }, ` ${about}`));
}
