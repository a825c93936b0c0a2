// Files somewhere, to be had and deleted, and a form that puts one there.

import { get, of, put, remove } from "./api.js";
import { $, make, save, told } from "./dom.js";
import { Panel } from "./panel.js";

const PIECE = 32766; // bytes of a request: the most that the port takes, and no base64 in the midst of it is padded

export class FilePanel extends Panel {
  #id;

  /** id: of its section, and the name of its operations. */
  constructor(id, changed) {
    super(id, changed);
    this.#id = id;
    const [form, chosen, path] = ["form", "file", "path"].map((part) => $(`${id}-${part}`));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#put(); });
    chosen.addEventListener("change", () => {
      const [file] = chosen.files;
      if (file && !path.value) path.value = `/${file.name}`;
    });
  }

  /** Read what there is; null where another module was chosen meanwhile. */
  async fetched() { return (await this.read(get(of(this.name, `/${this.#id}`))))?.[0] ?? null; }

  drawFiles(files) { this.list(`${this.#id}-list`, files, (file) => this.#row(file)); }

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
    this.act(() => remove(of(this.name, `/${this.#id}?path=${encodeURIComponent(path)}`)), `${path} is deleted.`);
  }

  #download(path) {
    const name = this.name;
    this.act(async () => {
      const pieces = [];
      let offset = 0;
      let size = 1;
      while (offset < size) {
        const piece = await get(of(name, `/${this.#id}/content?path=${encodeURIComponent(path)}&offset=${offset}`));
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
    const [file] = $(`${this.#id}-file`).files;
    const path = $(`${this.#id}-path`).value;
    const name = this.name;
    $(`${this.#id}-put`).disabled = true;
    const done = await this.act(async () => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      let offset = 0;
      do {
        const piece = bytes.subarray(offset, offset + PIECE);
        const data = btoa(Array.from(piece, (byte) => String.fromCharCode(byte)).join(""));
        await put(of(name, `/${this.#id}`), { path, offset, size: bytes.length, data });
        offset += piece.length;
      } while (offset < bytes.length);
    }, `${path} is there.`);
    $(`${this.#id}-put`).disabled = false;
    if (done) $(`${this.#id}-form`).reset();
  }
}
