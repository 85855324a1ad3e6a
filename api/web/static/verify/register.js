// The key register: which key may sign for which node at which entry, and whom the alliance's resolutions name.
//
// A fold of the few types that say so, as `ledger/replay.py` and `ledger/events` do it: founding, rotations with their
// proofs, and resolutions that admit, remove, replace a key, bring in a log key or name a witness. What other events
// need and do is not known here. What is refused here, the hub should never have taken.
import { isObject, printCanonical } from "./canonical.js";
import { isSlug } from "./envelope.js";
import { checkJws, readJws } from "./jws.js";
import { readKey } from "./keys.js";
import { COSIGNATURE, ED25519, SUBTREE_COSIGNATURE, readVerifier } from "./note.js";
import { Unable, refuse } from "./refused.js";

const PROOF_TYP = "cohort-key-proof+jwt";
const AFTER_REMOVAL = ["consent.withdrawn", "disclosures.erased"];
const CONCERNS_ITS_NODE = ["key-replacement", "removal"]; // who is concerned has no vote

/** What this register understands; all else a node says is only asked for its key and its place. */
export const REGISTER_TYPES = ["memorandum.signed", "key.rotated", "resolution.proposed", "resolution.endorsed"];

export class Register {
  #founders;

  constructor(memorandum) {
    this.memorandum = memorandum;
    this.#founders = [...memorandum.founders.keys()];
    this.keys = new Map(); // node -> [{key, since}], in the order in which they were brought
    this.removed = new Set();
    this.resolutions = new Map(); // name -> {subject, content, membership, votes, since, inForce}
    this.logKeys = []; // {verifier, since}
    this.unproved = 0; // proofs of new keys that this browser cannot check
    this.witnesses = []; // verifier keys, in the order in which they came into force
  }

  /** The key that a node's entry at an index must be signed with: what was brought last before it. */
  keyAt(node, index) {
    const brought = (this.keys.get(node) ?? []).filter((each) => each.since < index);
    const key = brought.at(-1)?.key ?? this.memorandum.founders.get(node) ?? this.#accession(node, index)?.key;
    return key ?? refuse(`${node} has no key here: neither the memorandum nor a resolution in force admits it`);
  }

  /** Take the next entry, whose signature under `keyAt` and place in its stream are its caller's to check. */
  async take(index, { claims }) {
    const { iss: node, type, data, prev = null } = claims;
    if (type === "memorandum.signed") return this.#sign(index, node, data);
    this.#checkMember(node, type);
    if (type === "key.rotated") return this.#bring(index, node, await this.#newKey(node, data, prev));
    if (type === "resolution.proposed") return this.#propose(index, node, data);
    if (type === "resolution.endorsed") return this.#endorse(index, node, data);
    return undefined;
  }

  /** The log key that a checkpoint of this size is signed with besides the founding one, or null. */
  logKeyAt(size) {
    return this.logKeys.filter((each) => each.since < size).at(-1)?.verifier ?? null;
  }

  #sign(index, node, data) {
    if (this.keys.has(node)) refuse(`${node} signed the memorandum before`);
    if (printCanonical(data.memorandum ?? null) !== this.memorandum.text) refuse("another memorandum was signed");
    this.#bring(index, node, this.keyAt(node, index));
  }

  #bring(index, node, key) {
    this.keys.set(node, [...(this.keys.get(node) ?? []), { key, since: index }]);
  }

  #checkMember(node, type) {
    const missing = this.#founders.filter((founder) => !this.keys.has(founder));
    if (missing.length) refuse(`the alliance is not in force: ${missing.join(", ")} must sign the memorandum first`);
    if (!this.keys.has(node)) refuse(`the first event of ${node} must be memorandum.signed`);
    if (this.removed.has(node) && !AFTER_REMOVAL.includes(type)) refuse(`${node} is no member any more`);
  }

  async #newKey(node, { key: jwk, proof }, prev) {
    const key = await readKey(jwk);
    const brought = [...this.keys.values()].flat().map((each) => each.key);
    const proposed = [...this.resolutions.values()].filter((each) => each.key !== undefined).map((each) => each.key);
    const known = [...brought, ...this.memorandum.founders.values(), ...proposed];
    if (known.some((each) => each.thumbprint === key.thumbprint)) refuse("that key was known before");
    const jws = readJws(String(proof), PROOF_TYP);
    if (printCanonical(jws.payload) !== printCanonical({ node, origin: this.memorandum.origin, prev })) {
      refuse("the proof of a new key is for another node, log or place in the stream");
    }
    await checkJws(jws, key).catch((error) => {
      if (!(error instanceof Unable)) throw error;
      this.unproved += 1;
    });
    return key;
  }

  async #propose(index, node, { resolution: name, subject, content }) {
    if (!isSlug(name) || typeof subject !== "string" || !isObject(content)) refuse("a resolution is misshapen");
    if (this.resolutions.has(name)) refuse(`a resolution ${name} was proposed before`);
    const concerned = CONCERNS_ITS_NODE.includes(subject) ? content.node : null;
    if (concerned === node) refuse(`a ${subject} of ${node} is proposed by another member`);
    const named = await this.#check(subject, content);
    const membership = [...this.keys.keys()].filter((each) => !this.removed.has(each) && each !== concerned);
    this.resolutions.set(name, { subject, content, ...named, membership, votes: new Set(), since: index, inForce: null });
    this.#vote(index, node, name);
  }

  async #endorse(index, node, { resolution: name }) {
    const proposed = this.resolutions.get(name) ?? refuse(`no resolution ${name} was proposed`);
    if (!proposed.membership.includes(node)) refuse(`${node} was not asked about ${name}`);
    if (proposed.votes.has(node) || proposed.inForce !== null) refuse(`${name} was endorsed, or in force, already`);
    this.#checkAgain(proposed);
    this.#vote(index, node, name);
  }

  #vote(index, node, name) {
    const resolution = this.resolutions.get(name);
    resolution.votes.add(node);
    if (resolution.votes.size < this.memorandum.votesNeeded(resolution.membership.length)) return;
    resolution.inForce = index;
    const { subject, content, key, verifier } = resolution;
    if (subject === "key-replacement") this.#bring(index, content.node, key);
    if (subject === "removal") this.removed.add(content.node);
    if (subject === "log-key") this.logKeys.push({ verifier, since: index });
    if (subject === "witness") this.witnesses.push(verifier);
  }

  /** The contents that keys depend on; those of other subjects may be anything. */
  async #check(subject, content) {
    if (subject === "accession") {
      if (!isSlug(content.node)) refuse("an accession names no node");
      if (this.memorandum.founders.has(content.node) || this.keys.has(content.node)) {
        refuse(`${content.node} is, or was, a member already`);
      }
      return { key: await this.#newKey(content.node, content, null) };
    }
    if (subject === "key-replacement") {
      this.#checkStanding(content.node);
      return { key: await this.#newKey(content.node, content, null) };
    }
    if (subject === "removal") this.#checkStanding(content.node);
    if (subject !== "log-key" && subject !== "witness") return {};
    const verifier = await readVerifier(String(content.verifier));
    const isLogs = subject === "log-key";
    const isFit = isLogs
      ? verifier.type === ED25519 && verifier.name === this.memorandum.origin
      : [COSIGNATURE, SUBTREE_COSIGNATURE].includes(verifier.type) && verifier.name === content.name;
    if (!isFit) refuse(`not the key of a ${subject}`);
    this.#checkNewVerifier(subject, verifier);
    return { verifier };
  }

  /** What may have overtaken a proposal until it is endorsed. */
  #checkAgain(proposed) {
    const { subject, content, verifier } = proposed;
    if (subject === "key-replacement" || subject === "removal") this.#checkStanding(content.node);
    if (subject === "accession" && this.keys.has(content.node)) refuse(`${content.node} was admitted already`);
    if (verifier !== undefined) this.#checkNewVerifier(subject, verifier);
    const about = (other) => other.subject === subject && other.content.node === content.node;
    const isOvertaken = [...this.resolutions.values()].some(
      (other) => about(other) && other.inForce !== null && other.inForce > proposed.since,
    );
    if (["accession", "key-replacement", "log-key"].includes(subject) && isOvertaken) {
      refuse(`another ${subject} came into force since this one was proposed`);
    }
  }

  #checkStanding(node) {
    if (!this.keys.has(node) || this.removed.has(node)) refuse(`${node} is no member`);
  }

  #checkNewVerifier(subject, verifier) {
    const inForce = subject === "log-key" ? [this.memorandum.logKey, ...this.logKeys.map((each) => each.verifier)] : this.witnesses;
    if (inForce.some((each) => each.text === verifier.text)) refuse(`that ${subject} is named already`);
  }

  #accession(node, index) {
    const isInForce = ({ inForce }) => inForce !== null && inForce < index;
    const admitting = [...this.resolutions.values()].filter(
      (each) => each.subject === "accession" && isInForce(each) && each.content.node === node,
    );
    return admitting.sort((one, other) => one.inForce - other.inForce).at(-1);
  }
}
