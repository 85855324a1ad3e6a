// A whole log, entry by entry: every signature, stream, key and leaf, up to the root that the log signed.
//
// Like the audit it stops at the first entry that does not hold. It does not replay the rules or the database: that is
// `cohort-ledger audit`'s to do.
import { fromUtf8, sameBytes, toBase64, fromBase64 } from "./bytes.js";
import { isObject, readCanonical } from "./canonical.js";
import { readCheckpoint, readKept } from "./checkpoint.js";
import { disclosureLines, openDisclosures } from "./disclosures.js";
import { readEntry, readEnvelope } from "./envelope.js";
import { checkSameRoot, openFounding } from "./founding.js";
import { checkJws, hashOf } from "./jws.js";
import { Peaks, leafHash } from "./merkle.js";
import { signedBy } from "./note.js";
import { Recount } from "./recount.js";
import { Absent, Refused, Unable, placed, refuse } from "./refused.js";
import { Register } from "./register.js";
import { readTiled } from "./source.js";
import { Streams } from "./streams.js";
import { TILE_WIDTH, hashesOf, layersOver, numberedPath, tilePath, unpackEntries, widthOf } from "./tiles.js";
import { witnessWords, witnessesOf } from "./witnessed.js";

const AHEAD = 4; // tiles that are asked for before they are needed

/** Check everything that a source holds under its checkpoint; a plain object, to be sent from a worker.
 *
 * settings: {pin, witnesses, seen, rules, disclosures}; disclosures: read those, too (a server logs who reads them).
 * onProgress(done, of). Never throws for what a log may get wrong: that is `failure`.
 */
export async function checkWhole(source, settings = {}, onProgress = () => {}) {
  const whole = new Whole(source, settings, onProgress);
  try {
    await whole.run();
  } catch (error) {
    if (error instanceof Refused) whole.result.failure = { message: error.message, ...error.facts };
    else if (error instanceof Unable) whole.result.unable = error.message;
    else throw error;
  }
  return whole.result;
}

class Whole {
  constructor(source, settings, onProgress) {
    this.source = source;
    this.settings = { pin: null, witnesses: [], seen: {}, rules: [], disclosures: false, ...settings };
    this.onProgress = onProgress;
    this.result = { passed: [], counts: {}, recounts: [], shown: 0, sealed: 0, unverified: 0, failure: null, unable: null };
  }

  async run() {
    const { pin, seen } = this.settings;
    const founding = await openFounding(this.source, { pin, seen: (hash) => seen[hash] ?? null });
    this.memorandum = founding.memorandum;
    this.checkpoint = founding.checkpoint;
    const { hash, name, origin } = this.memorandum;
    const { size, root } = this.checkpoint;
    Object.assign(this.result, { memorandum: hash, name, origin, size, root: toBase64(root), pinned: pin !== null });
    this.#pass("memorandum", pin === null ? "nothing is pinned: this is self-consistent, and no more" : "is the pinned one");
    await this.#readMarks(founding.before);
    this.result.view = await this.#view();
    this.register = new Register(this.memorandum);
    this.streams = new Streams();
    this.recounts = this.settings.rules.map((rule) => new Recount(rule));
    this.peaks = new Peaks();
    this.above = []; // roots of full tiles
    await this.#readAll();
    await this.#conclude();
  }

  /** Roots that the log must have had at smaller sizes: of kept checkpoints, and of the one seen before. */
  async #readMarks(before) {
    this.marks = new Map();
    const mark = (size, root) => this.marks.set(size, [...(this.marks.get(size) ?? []), root]);
    if (before !== null) mark(before.size, fromBase64(before.root, 32));
    let kept = new Uint8Array();
    try {
      kept = await this.source.read("checkpoints");
    } catch (error) {
      if (!(error instanceof Absent)) throw error;
    }
    for (const note of inStep({ step: "checkpoint" }, () => readKept(kept))) {
      const { size, root } = await readCheckpoint(note, this.memorandum.logKey).catch((error) => {
        throw placed(error, { step: "checkpoint" });
      });
      if (size > this.checkpoint.size) {
        refuse(`a checkpoint over ${size} entries is kept, where there are ${this.checkpoint.size}`, { step: "checkpoint" });
      }
      mark(size, root);
    }
    this.#checkMarks(0);
  }

  async #view() {
    try {
      const stated = readCanonical(await this.source.read("view"));
      return isObject(stated) && typeof stated.view === "string" ? stated.view : refuse("not a view");
    } catch (error) {
      if (error instanceof Unable) return "clear";
      throw placed(error, { step: "disclosures" });
    }
  }

  async #readAll() {
    const tiles = Math.ceil(this.checkpoint.size / TILE_WIDTH);
    const asked = [];
    for (let n = 0; n < tiles; n += 1) {
      for (let next = asked.length; next < Math.min(tiles, n + AHEAD); next += 1) asked.push(this.#ask(next));
      const read = await asked[n];
      asked[n] = null;
      if (read instanceof Error) throw read;
      await this.#takeTile(read);
      this.onProgress(n * TILE_WIDTH + read.width, this.checkpoint.size);
    }
  }

  /** The files of a tile; an error is handed on, to be thrown when it is this tile's turn. */
  async #ask(n) {
    const width = widthOf(this.checkpoint.size, 0, n);
    const read = (path) => readTiled(this.source, path);
    try {
      const [tile, entries, disclosures] = await Promise.all([
        read(tilePath(0, n, width)),
        read(numberedPath("tile/entries", n, width)),
        this.settings.disclosures ? read(numberedPath("disclosures", n, width)) : null,
      ]);
      return { n, width, tile, entries, disclosures };
    } catch (error) {
      return placed(error, { step: "entries", index: n * TILE_WIDTH });
    }
  }

  async #takeTile({ n, width, tile, entries, disclosures }) {
    const first = n * TILE_WIDTH;
    const { hashes, leaves, lines } = inStep({ step: "entries", index: first }, () => ({
      hashes: hashesOf(tile, width, tilePath(0, n, width)),
      leaves: unpackEntries(entries, width),
      lines: disclosures === null ? null : disclosureLines(fromUtf8(disclosures), width),
    }));
    const read = leaves.map((leaf, place) => readLeaf(leaf, hashes[place]));
    await this.#fold(first, read, lines);
    this.#grow(first, hashes);
  }

  /** Entries in their order; signatures and disclosures are checked meanwhile, and the first that fails is named. */
  async #fold(first, read, lines) {
    const checks = [];
    for (const [place, entry] of read.entries()) {
      const index = first + place;
      const node = entry.envelope?.claims.iss;
      try {
        if (entry.error) throw entry.error;
        const key = await this.#takeEntry(index, entry);
        checks.push(this.#checkSealed(entry.envelope, key, lines?.[place], { index, node }));
      } catch (error) {
        checks.push(Promise.resolve(placed(error, { step: "streams", index, node })));
        break;
      }
    }
    const failed = (await Promise.all(checks)).find((each) => each !== null);
    if (failed) throw failed;
  }

  async #takeEntry(index, { envelope, hash, received }) {
    const { claims } = envelope;
    if (received < (this.received ?? "")) refuse("was received before the one it follows", { step: "entries" });
    this.received = received;
    const key = this.register.keyAt(claims.iss, index);
    this.streams.take(claims, hash);
    await this.register.take(index, envelope);
    const counts = (this.result.counts[claims.iss] ??= {});
    counts[claims.type] = (counts[claims.type] ?? 0) + 1;
    for (const recount of this.recounts) recount.take(claims);
    return key;
  }

  async #checkSealed(envelope, key, line, where) {
    try {
      await checkJws(envelope.jws, key);
    } catch (error) {
      if (!(error instanceof Unable)) return placed(error, { step: "signatures", ...where });
      this.result.unverified += 1;
      this.result.unable ??= error.message;
    }
    try {
      this.result.sealed += envelope.commitments.size;
      if (line !== undefined) this.result.shown += openDisclosures(line, envelope.commitments).size;
    } catch (error) {
      return placed(error, { step: "disclosures", ...where });
    }
    return null;
  }

  #grow(first, hashes) {
    const after = first + hashes.length;
    const isMarked = [...this.marks.keys()].some((size) => size > first && size < after);
    const layers = layersOver(hashes);
    if (hashes.length === TILE_WIDTH) this.above.push(layers.at(-1)[0]);
    if (hashes.length === TILE_WIDTH && !isMarked) {
      this.peaks.add(8, layers.at(-1)[0]);
    } else {
      for (const [place, hash] of hashes.entries()) {
        this.peaks.add(0, hash);
        if (isMarked) this.#checkMarks(first + place + 1);
      }
    }
    this.#checkMarks(after);
  }

  #checkMarks(size) {
    for (const root of this.marks.get(size) ?? []) checkSameRoot(this.peaks.root(), root, size);
    this.marks.delete(size);
  }

  async #conclude() {
    const { size, root, note } = this.checkpoint;
    checkSameRoot(this.peaks.root(), root, size);
    await this.#checkTilesAbove(1, this.above);
    this.#pass("entries", `${size} entries hash to the tiles, and the tiles to the root that the log signed`);
    const later = this.register.logKeyAt(size);
    if (later !== null && (await signedBy(note, later)) === null) {
      refuse("the checkpoint is not signed with the log key that a resolution brought into force", { step: "checkpoint" });
    }
    const streams = Object.keys(this.result.counts).length;
    this.#pass("signatures", `${size - this.result.unverified} signatures under the keys in force, in ${streams} streams without a gap`);
    if (this.result.unverified) this.#pass("not checked", `${this.result.unverified} signatures: ${this.result.unable}`);
    if (this.register.unproved) this.#pass("not checked", `${this.register.unproved} proofs that a node holds its new key`);
    if (this.settings.disclosures) {
      const { shown, sealed } = this.result;
      this.#pass("disclosures", `${shown} of ${sealed} sealed values open their commitments; the others are withheld or erased`);
    }
    const witnesses = await witnessesOf(note, this.register.witnesses, this.settings.witnesses).catch((error) => {
      throw placed(error, { step: "witnesses" });
    });
    this.#pass("witnesses", witnessWords(witnesses));
    this.result.recounts = this.recounts.map((each) => each.count);
  }

  /** Higher tiles must follow from those below; a reader who takes proofs from them is shown the same tree. */
  async #checkTilesAbove(level, hashes) {
    if (!hashes.length) return;
    const next = [];
    for (let n = 0; n * TILE_WIDTH < hashes.length; n += 1) {
      const own = hashes.slice(n * TILE_WIDTH, (n + 1) * TILE_WIDTH);
      const path = tilePath(level, n, own.length);
      const stated = await readTiled(this.source, path).catch((error) => {
        throw placed(error, { step: "tree" });
      });
      const found = inStep({ step: "tree" }, () => hashesOf(stated, own.length, path));
      if (!own.every((hash, at) => sameBytes(hash, found[at]))) {
        refuse(`${path} does not follow from the tiles below it`, { step: "tree" });
      }
      if (own.length === TILE_WIDTH) next.push(layersOver(own).at(-1)[0]);
    }
    await this.#checkTilesAbove(level + 1, next);
  }

  #pass(step, words) {
    this.result.passed.push({ step, words });
  }
}

/** What can be told of an entry by itself: {envelope, hash, received}, or {error}. */
function readLeaf(leaf, stated) {
  try {
    if (!sameBytes(leafHash(leaf), stated)) refuse("is not the one that the tree has there", { step: "entries" });
    const { received, jws } = readEntry(leaf);
    const envelope = readEnvelope(jws);
    return { envelope, received, hash: hashOf(envelope.jws) };
  } catch (error) {
    return { error: placed(error, { step: "entries" }) };
  }
}

function inStep(facts, check) {
  try {
    return check();
  } catch (error) {
    throw placed(error, facts);
  }
}
