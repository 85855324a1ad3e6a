// What an auditor holds this server to: the founding document's hash and witnesses' keys, kept by the browser.
//
// And the largest checkpoint that was seen here, which a later one must extend. All of it is this browser's alone;
// where it keeps nothing for pages (a private window, say), nothing is pinned, and that is said.
import { toBase64 } from "./bytes.js";
import { refuse } from "./refused.js";

const PIN = "cohort-ledger.pin";
const SEEN = "cohort-ledger.seen";
const HASH = /^[0-9a-f]{64}$/;

/** {memorandum: hex of its SHA-256, witnesses: verifier keys}, or null where nothing is pinned. */
export function pinned() {
  const pin = kept(PIN);
  return pin !== null && HASH.test(pin.memorandum) && Array.isArray(pin.witnesses) ? pin : null;
}

export function pin(memorandum, witnesses) {
  const hash = memorandum.trim().toLowerCase();
  if (!HASH.test(hash)) refuse("a pin is the 64 hexadecimal digits of the memorandum's SHA-256");
  localStorage.setItem(PIN, JSON.stringify({ memorandum: hash, witnesses }));
}

export function unpin() {
  localStorage.removeItem(PIN);
}

/** The largest checkpoint that this browser saw signed under a memorandum: {size, root in base64}, or null. */
export function seen(memorandum) {
  return allSeen()[memorandum] ?? null;
}

/** The same under every memorandum, by its hash. */
export function allSeen() {
  const isSeen = ([, found]) => Number.isSafeInteger(found?.size) && typeof found.root === "string";
  return Object.fromEntries(Object.entries(kept(SEEN) ?? {}).filter(isSeen));
}

export function remember(memorandum, { size, root }) {
  try {
    localStorage.setItem(SEEN, JSON.stringify({ ...kept(SEEN), [memorandum]: { size, root: toBase64(root) } }));
  } catch {
    // a browser that keeps nothing remembers nothing
  }
}

function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}
