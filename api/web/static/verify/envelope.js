// Envelopes: what a node says, signed once, with fields that can be shown or withheld (SD-JWT, RFC 9901).
import { fromBase64url, fromUtf8 } from "./bytes.js";
import { hasExactly, isObject } from "./canonical.js";
import { readJws } from "./jws.js";
import { refuse } from "./refused.js";

const TYP = "cohort-event+sd-jwt";
const JWS_MAX = 60_000; // bytes
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TYPE = /^[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}$/;
const PSEUDONYM = /^[A-Za-z0-9._-]{1,64}$/;
const MEANINGS = ["authored", "reviewed", "approved"];
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const RESERVED = ["...", "_sd", "_sd_alg"];
const MEMBERS = ["iss", "jti", "iat", "seq", "type", "v", "actor", "data", "_sd_alg"];
const YEAR_10000 = 253_402_300_800; // seconds since the epoch
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export function isSlug(text) {
  return typeof text === "string" && text.length <= 64 && SLUG.test(text);
}

/** Read a leaf's data: {received, jws}. */
export function readEntry(leaf) {
  const text = fromUtf8(leaf);
  const end = text.indexOf("\n");
  const [received, jws] = [text.slice(0, Math.max(end, 0)), text.slice(end + 1)];
  if (end < 0 || jws.length > JWS_MAX || !COMPACT.test(jws)) {
    refuse("an entry is a time of receipt, a newline and a compact JWS");
  }
  checkTime(received);
  return { received, jws };
}

/** Read an envelope as the log keeps it, without disclosures; its signature is not checked yet.
 *
 * {jws, claims, commitments}: commitments maps each sealed field's path to its digest.
 */
export function readEnvelope(text) {
  if (text.length > JWS_MAX) refuse(`an envelope's JWS has at most ${JWS_MAX} bytes`);
  const jws = readJws(text, TYP);
  const claims = checkedClaims(jws.payload);
  const commitments = new Map(commitmentsIn(claims.data, ""));
  if (new Set(commitments.values()).size < commitments.size) refuse("a digest stands twice");
  return { jws, claims, commitments };
}

/** The fields of an event's data that are not sealed. */
export function clearOf(data) {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => digestOf(value) === null));
}

function checkTime(text) {
  const time = TIME.test(text) && !text.startsWith("0000") ? new Date(text) : null;
  if (time === null || Number.isNaN(time.getTime()) || time.toISOString() !== text) {
    refuse("not a time in UTC with milliseconds");
  }
}

function checkedClaims(claims) {
  if (!isObject(claims) || !MEMBERS.every((name) => Object.hasOwn(claims, name))) refuse("claims lack a member");
  const { iss, jti, iat, seq, type, v, actor, data } = claims;
  if (![iat, seq, v].every(Number.isSafeInteger) || !isObject(data) || claims._sd_alg !== "sha-256") {
    refuse("claims have a member of another type");
  }
  if (!isSlug(iss) || !isText(jti, UUID_V7) || !isText(type, TYPE)) refuse("iss, jti or type is not of its grammar");
  if (iat < 0 || iat >= YEAR_10000 || seq < 0 || v < 1) refuse("iat, seq or v is out of its range");
  if (Object.keys(claims).length !== MEMBERS.length + (seq > 0 ? 1 : 0)) refuse("claims have a member too many");
  if (seq > 0) fromBase64url(String(claims.prev ?? "!"), 32);
  const isActor = hasExactly(actor, "user", "role", "meaning") && isText(actor.user, PSEUDONYM);
  if (!isActor || !isText(actor.role, PSEUDONYM) || !MEANINGS.includes(actor.meaning)) refuse("not an actor");
  return claims;
}

function isText(value, grammar) {
  return typeof value === "string" && grammar.test(value);
}

/** The digest of a commitment, null for a clear value. */
function digestOf(value) {
  const isCommitment = Array.isArray(value) && value.length === 1 && hasExactly(value[0], "...");
  if (!isCommitment || typeof value[0]["..."] !== "string") return null;
  if (!DIGEST.test(value[0]["..."])) refuse("a commitment's digest is 32 bytes in base64url");
  return value[0]["..."];
}

function* commitmentsIn(data, path) {
  for (const [name, value] of Object.entries(data)) {
    const digest = digestOf(value);
    if (digest !== null && !name.includes(".") && !RESERVED.includes(name)) {
      yield [path + name, digest];
    } else if (name === "replacement" && path === "" && isObject(value)) {
      yield* commitmentsIn(value, "replacement.");
    } else if (RESERVED.includes(name) || hasReservedName(value)) {
      refuse("a commitment stands where none may");
    }
  }
}

export function hasReservedName(value) {
  if (Array.isArray(value)) return value.some(hasReservedName);
  return isObject(value) && Object.entries(value).some(([name, each]) => RESERVED.includes(name) || hasReservedName(each));
}
