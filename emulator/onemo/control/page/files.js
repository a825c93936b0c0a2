// The files of the module.

import { $, setText, told } from "./dom.js";
import { FilePanel } from "./filepanel.js";

export class Files extends FilePanel {
  constructor(changed) { super("files", changed); }

  /** store: as the state has it, null where the model has no files. */
  async draw(store) {
    this.offer(Boolean(store));
    if (!store) return;
    setText($("files-room"), `${store.files === 1 ? "1 file" : `${told(store.files)} files`}, ${told(store.free)} of ${told(store.total)} bytes free`);
    if (!this.open) return;
    const found = await this.fetched();
    if (found) this.drawFiles(found.files);
  }
}
