// Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature): text, a blank line, signature lines.
import { concat, fromBase64, fromUtf8, sameBytes, toBase64, toHex, utf8 } from "./bytes.js";
import { readRawKey } from "./keys.js";
import { Unable, refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
export const SUBTREE_COSIGNATURE = 0x06;

const NOTE_MAX = 1_000_000; // bytes
const SIGNATURES_MAX = 100;
const KEY_SIZES = { [ED25519]: 32, [COSIGNATURE]: 32, [SUBTREE_COSIGNATURE]: 1312 };
const NAME = /^[^\s+\x00-\x1f\x85]+$/u;
const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const DASH = "\u2014 ";

/** Read a note: {text, signatures: [{name, keyId, signature}]}. Nobody's signature is checked yet. */
export function readNote(bytes) {
  if (bytes.length > NOTE_MAX) refuse(`a note has at most ${NOTE_MAX} bytes`);
  const whole = fromUtf8(bytes);
  const end = whole.lastIndexOf("\n\n");
  if (end < 0 || end + 2 === whole.length || !whole.endsWith("\n")) {
    refuse("a note is a text, an empty line, and signature lines, each ended by a newline");
  }
  const text = whole.slice(0, end + 1);
  if (CONTROL.test(text)) refuse("a note's text has no control character but newlines");
  const lines = whole.slice(end + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) refuse(`a note has at most ${SIGNATURES_MAX} signatures`);
  return { text, signatures: lines.map(readLine) };
}

/** Read a verifier key, `<name>+<hex key id>+<base64(type || key)>`: {name, type, keyId, raw, text}. */
export async function readVerifier(text) {
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  if (first < 0 || second < 0) refuse("a verifier key has three parts, joined by +");
  const name = text.slice(0, first);
  const key = fromBase64(text.slice(second + 1));
  const [type, raw] = [key[0], key.slice(1)];
  if (!NAME.test(name) || raw.length !== KEY_SIZES[type]) refuse("not a verifier key of type 0x01, 0x04 or 0x06");
  const keyId = sha256(concat(utf8(`${name}\n`), key)).slice(0, 4);
  if (text !== `${name}+${toHex(keyId)}+${toBase64(key)}`) refuse("a verifier key's id is another key's");
  if (type !== SUBTREE_COSIGNATURE) await readRawKey(raw);
  return { name, type, keyId, raw, text };
}

/** Whether a verifier's signature is on a note. Refuses where one that is known does not hold: that spoils the note.
 *
 * Returns the seconds since the epoch that a cosignature states (0 for a plain signature), null where there is none.
 */
export async function signedBy(note, verifier) {
  let found = null;
  for (const { name, keyId, signature } of note.signatures) {
    if (name !== verifier.name || !sameBytes(keyId, verifier.keyId)) continue;
    found = await checkSignature(note.text, signature, verifier);
  }
  return found;
}

async function checkSignature(text, signature, verifier) {
  if (verifier.type === SUBTREE_COSIGNATURE) {
    throw new Unable(`${verifier.name} cosigned by ML-DSA-44, which browsers do not check`);
  }
  const key = await readRawKey(verifier.raw);
  if (verifier.type === ED25519) {
    if (!(await key.verify(signature, utf8(text)))) refuse(`the signature of ${verifier.name} does not hold`);
    return 0;
  }
  if (signature.length !== 72) refuse(`the cosignature of ${verifier.name} is not 72 bytes`);
  const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  const message = utf8(`cosignature/v1\ntime ${time}\n${text}`);
  if (time === 0n || time > BigInt(Number.MAX_SAFE_INTEGER) || !(await key.verify(signature.slice(8), message))) {
    refuse(`the cosignature of ${verifier.name} does not hold`);
  }
  return Number(time);
}

function readLine(line) {
  const [name, encoded, ...more] = line.slice(DASH.length).split(" ");
  if (!line.startsWith(DASH) || encoded === undefined || more.length || !NAME.test(name)) refuse("not a signature line");
  const data = fromBase64(encoded);
  if (data.length <= 4) refuse("a signature line holds a key id of 4 bytes and a signature");
  return { name, keyId: data.slice(0, 4), signature: data.slice(4) };
}
