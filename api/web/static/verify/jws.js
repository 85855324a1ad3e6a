// Signed statements in one line: compact JWS (RFC 7515) with exactly `alg`, `kid` and `typ` in the header.
import { fromBase64url, utf8 } from "./bytes.js";
import { hasExactly, readCanonical } from "./canonical.js";
import { SIGNATURE_SIZES } from "./keys.js";
import { refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

const headers = new Map(); // all statements of one kind by one key have the same header
const HEADERS_MAX = 1024;

/** Read a statement of a kind; its signature is not checked yet. */
export function readJws(text, typ) {
  const parts = text.split(".");
  if (parts.length !== 3) refuse("not a compact JWS: three parts in base64url, joined by dots");
  const { alg, kid } = header(parts[0], typ);
  return {
    text,
    alg,
    kid,
    payload: readCanonical(fromBase64url(parts[1])),
    signingInput: utf8(`${parts[0]}.${parts[1]}`),
    signature: fromBase64url(parts[2], SIGNATURE_SIZES[alg]),
  };
}

/** Check a statement's signature under a key; refuses where it names another, or does not hold. */
export async function checkJws(jws, key) {
  if (jws.kid !== key.thumbprint || jws.alg !== key.algorithm) refuse("signed by another key than the one in force");
  if (!(await key.verify(jws.signature, jws.signingInput))) refuse("the signature does not hold under its key");
}

export function hashOf(jws) {
  return sha256(utf8(jws.text));
}

function header(text, typ) {
  const found = headers.get(text) ?? readHeader(text);
  if (found.typ !== typ) refuse(`a JWS of typ ${typ} is asked for`);
  return found;
}

function readHeader(text) {
  const stated = readCanonical(fromBase64url(text));
  if (!hasExactly(stated, "alg", "kid", "typ") || Object.values(stated).some((each) => typeof each !== "string")) {
    refuse("a JWS header has alg, kid and typ, and nothing else");
  }
  if (!Object.hasOwn(SIGNATURE_SIZES, stated.alg)) refuse("a JWS is signed by Ed25519, ES256 or ML-DSA-65");
  fromBase64url(stated.kid, 32);
  if (headers.size >= HEADERS_MAX) headers.clear();
  headers.set(text, stated);
  return stated;
}
