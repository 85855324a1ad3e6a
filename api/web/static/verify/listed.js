// The events that a page lists, each checked by itself: in the tree, signed, in its place of its stream.
//
// Only the files that this takes are read. So the keys in force are the founders' where the memorandum tells; where an
// event names another, every entry before it is read for what changed the keys, up to a number of them.
import { fromBase64, sameBytes } from "./bytes.js";
import { readEntry, readEnvelope } from "./envelope.js";
import { checkSameRoot, openFounding } from "./founding.js";
import { checkJws, hashOf } from "./jws.js";
import { checkInclusion, leafHash, proveInclusion, rangeRoot } from "./merkle.js";
import { Refused, Unable, placed, refuse } from "./refused.js";
import { REGISTER_TYPES, Register } from "./register.js";
import { readTiled } from "./source.js";
import { checkFollows } from "./streams.js";
import { TILE_WIDTH, nodesFromTiles, numberedPath, unpackEntries, widthOf } from "./tiles.js";
import { witnessWords, witnessesOf } from "./witnessed.js";

const SCANNED_MAX = 50_000; // entries that are read to learn which keys are in force

/** A log opened for a page: what it says of its size (and root, where it says one) is held against the checkpoint. */
export async function openListed(source, { shown, ...settings }) {
  const { memorandum, checkpoint, before } = await openFounding(source, settings);
  const { size, root } = checkpoint;
  if (shown.size > size) {
    refuse(`the page speaks of ${shown.size} entries, and the log has signed ${size}`, { step: "checkpoint" });
  }
  const nodes = nodesFromTiles((path) => readTiled(source, path), size);
  checkSameRoot(await rangeRoot(0, size, nodes), root, size);
  if (before !== null) checkSameRoot(await rangeRoot(0, before.size, nodes), fromBase64(before.root, 32), before.size);
  if (shown.root !== null) {
    checkSameRoot(await rangeRoot(0, shown.size, nodes), fromBase64(shown.root, 32), shown.size);
  }
  return new Listed(source, { memorandum, checkpoint, nodes, shown });
}

export class Listed {
  constructor(source, { memorandum, checkpoint, nodes, shown }) {
    Object.assign(this, { source, memorandum, checkpoint, nodes, shown });
    this.bundles = new Map(); // n -> promise of the entries there
    this.read = new Map(); // index -> promise of {envelope, hash, received}
    this.register = null;
    this.scanned = 0; // entries that the register was learnt from
  }

  /** Learn the keys in force first, where one of these events is signed with another than a founder's first. */
  async prepare(indexes) {
    let last = null;
    for (const index of indexes) {
      const entry = await this.#entry(index).catch(() => null); // what is wrong with it, its own row says
      if (entry !== null && !this.#isFounding(entry.envelope)) last = Math.max(last ?? 0, index);
    }
    if (last !== null) await this.#learn(last).catch(() => {}); // as above
  }

  /** Check one event. row: what the page says of it: {jti, node, type}, each undefined where it says nothing.
   *
   * {state: "good" | "bad" | "unknown", words, claims}; claims are there where the event is good.
   */
  async check(index, row = {}) {
    try {
      if (index >= this.shown.size) refuse(`the page shows entry ${index} of a log of ${this.shown.size}`);
      const { envelope, hash } = await this.#entry(index);
      const leaf = await this.nodes(0, index);
      const { size, root } = this.checkpoint;
      checkInclusion(await proveInclusion(index, size, this.nodes), { leaf, index, size, root });
      const { claims } = envelope;
      this.#compare(claims, row);
      const byFounder = await this.#checkSignature(index, envelope);
      const chain = await this.#checkChain(index, claims, hash);
      const key = byFounder ? "signed with the founding key of" : "signed with the key then in force of";
      return { state: "good", words: `${key} ${claims.iss}, entry ${index}: ${claims.type}; ${chain}`, claims };
    } catch (error) {
      if (error instanceof Refused) return { state: "bad", words: error.message };
      if (error instanceof Unable) return { state: "unknown", words: error.message };
      throw error;
    }
  }

  /** From where it is known which keys were in force. */
  keyWords() {
    if (this.register !== null) return `the keys in force were learnt from the ${this.scanned} entries before`;
    return "under the founders' keys of the memorandum; whether one was replaced before, only the whole log tells";
  }

  /** What can be said of witnesses: those that the register names, where it was read to its end, and pinned ones. */
  async witnessWords(pins) {
    const isWhole = this.scanned === this.checkpoint.size;
    const others = this.checkpoint.note.signatures.length - 1;
    if (!isWhole && !pins.length) {
      return `${others} more signatures are on the checkpoint; whom the alliance named a witness, only the whole log tells`;
    }
    return witnessWords(await witnessesOf(this.checkpoint.note, isWhole ? this.register.witnesses : [], pins));
  }

  /** An entry that is the one in the tree at its place. */
  #entry(index) {
    if (!this.read.has(index)) this.read.set(index, this.#readEntry(index));
    return this.read.get(index);
  }

  async #readEntry(index) {
    const leaf = (await this.#bundle(Math.floor(index / TILE_WIDTH)))[index % TILE_WIDTH];
    if (!sameBytes(leafHash(leaf), await this.nodes(0, index))) {
      refuse(`entry ${index} is not the one that the log signed: its bytes were changed`);
    }
    const { received, jws } = readEntry(leaf);
    const envelope = readEnvelope(jws);
    return { envelope, received, hash: hashOf(envelope.jws) };
  }

  #bundle(n) {
    if (!this.bundles.has(n)) {
      const width = widthOf(this.checkpoint.size, 0, n);
      const path = numberedPath("tile/entries", n, width);
      this.bundles.set(n, readTiled(this.source, path).then((bytes) => unpackEntries(bytes, width)));
    }
    return this.bundles.get(n);
  }

  /** A page may put another event's words beside a good one: what it says is what was signed, or the row is bad. */
  #compare(claims, { jti, node, type }) {
    const said = { jti, iss: node, type };
    for (const [name, value] of Object.entries(said)) {
      if (value !== undefined && value !== claims[name]) {
        refuse(`the page says ${value} where the signed event says ${claims[name]}`);
      }
    }
  }

  /** Whether the key is a founder's first. Which key was in force is asked of the register, where that was read. */
  async #checkSignature(index, envelope) {
    const { iss } = envelope.claims;
    const isFounding = this.#isFounding(envelope);
    if (!isFounding) await this.#learn(index);
    const isKnown = this.register !== null && this.scanned >= index;
    await checkJws(envelope.jws, isKnown ? this.register.keyAt(iss, index) : this.memorandum.founders.get(iss));
    return isFounding;
  }

  #isFounding({ claims, jws }) {
    return this.memorandum.founders.get(claims.iss)?.thumbprint === jws.kid;
  }

  /** Fold every entry before this one that says something of keys. One at a time: the second waits for the first. */
  #learn(upTo) {
    this.learning = (this.learning ?? Promise.resolve()).catch(() => {}).then(() => this.#fold(upTo));
    return this.learning;
  }

  async #fold(upTo) {
    if (upTo > SCANNED_MAX) {
      throw new Unable(`signed with a later key, and ${upTo} entries are too many to read here: check the whole log`);
    }
    this.register ??= new Register(this.memorandum);
    for (; this.scanned < upTo; this.scanned += 1) {
      const index = this.scanned;
      try {
        const { envelope } = await this.#entry(index);
        if (!REGISTER_TYPES.includes(envelope.claims.type)) continue;
        await checkJws(envelope.jws, this.register.keyAt(envelope.claims.iss, index));
        await this.register.take(index, envelope);
      } catch (error) {
        if (error instanceof Refused) error.message = `which key was in force cannot be told: entry ${index}: ${error.message}`;
        throw placed(error, { index });
      }
    }
  }

  /** The stream's entries right before and after this one, where they lie in the files that were read. */
  async #checkChain(index, claims, hash) {
    const said = [];
    if (claims.seq === 0) {
      said.push("the first of its stream");
    } else {
      const before = await this.#neighbour(index, claims.iss, -1);
      if (before !== null) checkFollows(claims, { claims: before.claims, hash: before.hash });
      said.push(before === null ? "the one before it in its stream was not at hand" : `follows entry ${before.index}`);
    }
    const after = await this.#neighbour(index, claims.iss, 1);
    if (after !== null) checkFollows(after.claims, { claims, hash });
    said.push(after === null ? "the one after it was not at hand" : `entry ${after.index} follows it`);
    return said.join(", ");
  }

  /** The nearest entry of a node in one direction; null where it is not at hand, or what lies between is no good. */
  async #neighbour(index, node, step) {
    for (let at = index + step; at >= 0 && at < this.checkpoint.size; at += step) {
      if (!this.bundles.has(Math.floor(at / TILE_WIDTH))) return null;
      try {
        const { envelope, hash } = await this.#entry(at);
        if (envelope.claims.iss === node) return { index: at, claims: envelope.claims, hash };
      } catch {
        return null; // that is its own row's fault
      }
    }
    return null;
  }
}
