// Bytes and numbers as text, each with one spelling per value: what is read must print back as the same text.
import { refuse } from "./refused.js";

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;
// by how many digits stand after the last whole group of four: those that leave no bit over may be the last
const LAST = [/^[A-Za-z0-9_-]?$/, /^(?!)/, /^[AQgw]$/, /^[AEIMQUYcgkosw048]$/];

export function utf8(text) {
  return utf8Encoder.encode(text);
}

export function fromUtf8(bytes) {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return refuse("not UTF-8");
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function toBase64url(bytes) {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Padded standard base64, as C2SP notes write it. size: how many bytes it must be, where that is known. */
export function fromBase64(text, size) {
  if (!BASE64.test(text)) refuse("not base64 in its one spelling");
  const bytes = decoded(text);
  if (toBase64(bytes) !== text) refuse("not base64 in its one spelling: stray bits");
  return ofSize(bytes, size);
}

/** Unpadded base64url, as JOSE writes it. */
export function fromBase64url(text, size) {
  if (!BASE64URL.test(text) || !LAST[text.length % 4].test(text.slice(-1))) {
    refuse("not base64url in its one spelling: no padding, no stray bits");
  }
  return ofSize(decoded(text.replaceAll("-", "+").replaceAll("_", "/")), size);
}

/** A size or an index: ASCII digits, no sign, no leading zero, of what a number here holds exactly. */
export function fromDecimal(text) {
  const number = Number(text);
  if (!DECIMAL.test(text) || !Number.isSafeInteger(number)) refuse("not a decimal number in its one spelling");
  return number;
}

function decoded(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function ofSize(bytes, size) {
  if (size !== undefined && bytes.length !== size) refuse(`${bytes.length} bytes where ${size} are asked for`);
  return bytes;
}
