// The firmware: its revision, the package that was brought in, and the upgrade that is under way.

import { $, make, redraw, told } from "./dom.js";

const STATES = ["broken off", "downloading", "downloaded", "failed for good"];

/** firmware: as the state has it, null where the module has no upgrades or none was asked for. */
export function drawFirmware(firmware) {
  $("firmware").hidden = !firmware;
  redraw($("firmware-facts"), firmware ?? null, (found) => (found ? facts(found) : []));
}

const fact = (name, text) => make("div", {}, make("dt", {}, name), make("dd", {}, text));

function facts({ made, revision, to, percent, state, total, done }) {
  const rows = [fact("Revision", revision)];
  if (made !== revision) rows.push(fact("Made with", made));
  if (state !== null) rows.push(fact("Package", `${STATES[state]}, ${told(done)}${total === null ? "" : ` of ${told(total)}`} bytes`));
  if (to !== null) rows.push(fact("Upgrading", percent === null ? `to ${to}` : `to ${to}, ${percent} %`));
  return rows;
}
