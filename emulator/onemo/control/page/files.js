// The files of the module: those that there are, to be had and deleted, and a form that puts one there.

import { get, of, put, remove } from "./api.js";
import { $, make, save, setText, told } from "./dom.js";
import { Panel } from "./panel.js";

const PIECE = 32766; // bytes of a request: the most that the port takes, and no base64 in the midst of it is padded

export class Files extends Panel {
  constructor(changed) {
    super("files", changed);
    $("files-form").addEventListener("submit", (event) => { event.preventDefault(); this.#put(); });
    $("files-file").addEventListener("change", () => {
      const [file] = $("files-file").files;
      if (file && !$("files-path").value) $("files-path").value = `/${file.name}`;
    });
  }

  /** store: as the state has it, null where the model has no files. */
  async draw(store) {
    this.offer(Boolean(store));
    if (!store) return;
    setText($("files-room"), `${store.files === 1 ? "1 file" : `${told(store.files)} files`}, ${told(store.free)} of ${told(store.total)} bytes free`);
    if (!this.open) return;
    const found = await this.read(get(of(this.name, "/files")));
    if (found) this.list("files-list", found[0].files, (file) => this.#row(file));
  }

  #row({ path, size, open }) {
    const folder = size === null;
    const shown = folder ? `${path}/` : path;
    const button = (label, act) => make("button", { type: "button", "aria-label": `${label} ${shown}`, onclick: act }, label);
    const about = [folder ? "directory" : `${told(size)} bytes`, open ? "open" : ""].filter(Boolean).join(" · ");
    return make("li", { class: "file" },
      make("span", {}, make("span", { class: "mono" }, shown), make("span", { class: "under quiet" }, about)),
      folder ? null : button("Download", () => this.#download(path)), button("Delete", () => this.#delete(shown, folder)));
  }

  #delete(path, folder) {
    if (!confirm(folder ? `Delete ${path} and all that is below?` : `Delete ${path}?`)) return;
    this.act(() => remove(of(this.name, `/files?path=${encodeURIComponent(path)}`)), `${path} is deleted.`);
  }

  #download(path) {
    const name = this.name;
    this.act(async () => {
      const pieces = [];
      let offset = 0;
      let size = 1;
      while (offset < size) {
        const piece = await get(of(name, `/files/content?path=${encodeURIComponent(path)}&offset=${offset}`));
        const bytes = Uint8Array.from(atob(piece.data), (character) => character.charCodeAt(0));
        size = piece.size;
        if (!bytes.length && offset < size) throw new Error(`${path}: it has become shorter meanwhile`);
        pieces.push(bytes);
        offset += bytes.length;
      }
      save(new Blob(pieces), path.split("/").pop());
    }, `${path} is downloaded.`);
  }

  async #put() {
    const [file] = $("files-file").files;
    const path = $("files-path").value;
    const name = this.name;
    $("files-put").disabled = true;
    const done = await this.act(async () => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      let offset = 0;
      do {
        const piece = bytes.subarray(offset, offset + PIECE);
        const data = btoa(Array.from(piece, (byte) => String.fromCharCode(byte)).join(""));
        await put(of(name, "/files"), { path, offset, size: bytes.length, data });
        offset += piece.length;
      } while (offset < bytes.length);
    }, `${path} is there.`);
    $("files-put").disabled = false;
    if (done) $("files-form").reset();
  }
}
