// Disclosures: the salt and value that open a commitment. What hashes to it is what the node sealed.
import { fromBase64url, toBase64url, utf8 } from "./bytes.js";
import { readCanonical } from "./canonical.js";
import { hasReservedName } from "./envelope.js";
import { refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

/** Hold an entry's line of disclosures against its commitments: the values that were opened, by field. */
export function openDisclosures(line, commitments) {
  const opened = new Map();
  if (line === "") return opened;
  const fields = new Map([...commitments].map(([field, digest]) => [digest, field]));
  for (const text of line.split("~")) {
    const stated = readCanonical(fromBase64url(text));
    if (!Array.isArray(stated) || stated.length !== 2 || typeof stated[0] !== "string" || hasReservedName(stated[1])) {
      refuse("a disclosure is a salt and a value");
    }
    fromBase64url(stated[0], 16);
    const field = fields.get(toBase64url(sha256(utf8(text))));
    if (field === undefined) refuse("a disclosure opens none of the event's commitments");
    if (opened.has(field)) refuse("a disclosure stands there twice");
    opened.set(field, stated[1]);
  }
  return opened;
}

/** The lines of a file of disclosures, one an entry. */
export function disclosureLines(text, width) {
  const lines = text.split("\n");
  if (lines.length !== width + 1 || lines[width] !== "") refuse("the file of disclosures does not hold a line an entry");
  return lines.slice(0, width);
}
