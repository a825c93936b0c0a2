// The errors of a module in words, as its profile has them.

import { get, of } from "./api.js";

const known = new Map(); // by the module's name: what asks for them, or did
const FAILED = /^(?:\+(CM[ES]|CIS) ERROR: ?(\d*).*|ERROR)$/;

/** Resolves to the texts of a module's errors, by class and number (CME 552); to none where the port tells none. */
export function errorsOf(name) {
  if (!known.has(name)) {
    const asked = get(of(name, "/errors"))
      .then((errors) => new Map(errors.map(({ result, number, text }) => [`${result} ${number}`, text])))
      .catch(() => { known.delete(name); return new Map(); });
    known.set(name, asked);
  }
  return known.get(name);
}

/** What an entry fails with: { words }, "" where there are none; null where it is no error. */
export function failure(entry, texts) {
  const match = entry.kind === "answer" && FAILED.exec(entry.data);
  return match ? { words: texts.get(`${match[1]} ${match[2]}`) ?? "" } : null;
}
