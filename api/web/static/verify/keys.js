// Keys: JWK, named by their RFC 7638 thumbprint, which is computed here and never taken from anybody.
//
// Ed25519 and ES256 are checked by the browser's own WebCrypto. Where it lacks one, that is said, and is no failure.
import { fromBase64url, toBase64url, utf8 } from "./bytes.js";
import { hasExactly, printCanonical } from "./canonical.js";
import { Unable, refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

export const SIGNATURE_SIZES = { Ed25519: 64, ES256: 64, "ML-DSA-65": 3309 };

const PRIME = 2n ** 255n - 19n;
const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const read = new Map(); // canonical JWK -> key: each is imported once
const READ_MAX = 1024;

/** A public key: {thumbprint, algorithm, verify}. Refuses what is no key of ours, small orders among it. */
export function readKey(jwk) {
  const text = printCanonical(jwk);
  if (!read.has(text)) {
    if (read.size >= READ_MAX) read.clear();
    read.set(text, opened(jwk, text));
  }
  return read.get(text);
}

/** An Ed25519 key from its 32 bytes, as verifier keys of notes carry it. */
export function readRawKey(raw) {
  return readKey({ crv: "Ed25519", kty: "OKP", x: toBase64url(raw) });
}

async function opened(jwk, text) {
  const thumbprint = toBase64url(sha256(utf8(text)));
  const known = (algorithm, verify) => ({ thumbprint, algorithm, verify, text });
  if (hasExactly(jwk, "crv", "kty", "x") && jwk.kty === "OKP" && jwk.crv === "Ed25519") {
    const raw = fromBase64url(String(jwk.x), 32);
    checkOrder(raw);
    const key = await imported(raw, { name: "Ed25519" });
    return known("Ed25519", (signature, message) => crypto.subtle.verify("Ed25519", key, signature, message));
  }
  if (hasExactly(jwk, "crv", "kty", "x", "y") && jwk.kty === "EC" && jwk.crv === "P-256") {
    const [x, y] = [jwk.x, jwk.y].map((part) => fromBase64url(String(part), 32));
    const key = await imported(new Uint8Array([4, ...x, ...y]), { name: "ECDSA", namedCurve: "P-256" });
    const how = { name: "ECDSA", hash: "SHA-256" };
    // with s, n - s signs as well: only the lower of the two is taken
    const isLow = (signature) => toInteger(signature.slice(32)) <= ORDER_P256 / 2n;
    return known("ES256", async (signature, message) =>
      isLow(signature) && crypto.subtle.verify(how, key, signature, message),
    );
  }
  if (hasExactly(jwk, "alg", "kty", "pub") && jwk.kty === "AKP" && jwk.alg === "ML-DSA-65") {
    fromBase64url(String(jwk.pub), 1952);
    return known("ML-DSA-65", () => {
      throw new Unable("signed by ML-DSA-65, which browsers do not check: cohort-ledger audit does");
    });
  }
  return refuse("not a JWK for Ed25519, ES256 or ML-DSA-65 with its required members and no other");
}

async function imported(raw, algorithm) {
  try {
    return await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new Unable(`this browser does not check ${algorithm.name}`);
    return refuse(`not a public key of ${algorithm.name}`);
  }
}

/** Under a key of small order one signature holds for many messages. */
function checkOrder(raw) {
  const y = toInteger(raw.slice().reverse()) & (2n ** 255n - 1n);
  const d = mod(-121665n * power(121666n, PRIME - 2n));
  const xSquared = mod((y * y - 1n) * power(mod(d * y * y + 1n), PRIME - 2n));
  const isPoint = y < PRIME && power(xSquared, (PRIME - 1n) / 2n) === 1n; // not so of orders 1 and 2
  if (!isPoint || y === 0n || mod(xSquared + y * y) === 0n) refuse("not an Ed25519 public key of full order");
}

function mod(number) {
  return ((number % PRIME) + PRIME) % PRIME;
}

function power(base, exponent) {
  let [result, square, left] = [1n, mod(base), exponent];
  while (left > 0n) {
    if (left & 1n) result = (result * square) % PRIME;
    square = (square * square) % PRIME;
    left >>= 1n;
  }
  return result;
}

function toInteger(bytes) {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
