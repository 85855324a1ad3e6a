// A node's stream: its own chain of envelopes. `seq` counts without a gap, `prev` is the hash of the one before.
import { toBase64url } from "./bytes.js";
import { refuse } from "./refused.js";

/** Check that an envelope follows another of its stream. before: {claims, hash}, or null for the stream's first. */
export function checkFollows(claims, before) {
  const next = before === null ? 0 : before.claims.seq + 1;
  if (claims.seq !== next) refuse(`the next event of ${claims.iss} has seq ${next}, not ${claims.seq}`);
  if (before !== null && claims.prev !== toBase64url(before.hash)) {
    refuse(`prev is not the hash of the last event of ${claims.iss}`);
  }
}

/** Every stream of a log, as it grows. */
export class Streams {
  heads = new Map(); // node -> {claims, hash}
  ids = new Set();

  take(claims, hash) {
    checkFollows(claims, this.heads.get(claims.iss) ?? null);
    if (this.ids.has(claims.jti)) refuse(`the event id ${claims.jti} is taken`);
    this.ids.add(claims.jti);
    this.heads.set(claims.iss, { claims: { iss: claims.iss, seq: claims.seq }, hash });
  }
}
