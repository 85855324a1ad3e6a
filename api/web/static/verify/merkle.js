// RFC 6962: how leaves and inner nodes are hashed, and the proofs that a leaf is in a tree and that trees agree.
import { concat, sameBytes } from "./bytes.js";
import { refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

export function leafHash(data) {
  return sha256(concat(LEAF, data));
}

export function nodeHash(left, right) {
  return sha256(concat(NODE, left, right));
}

/** Check that the root of a tree of `size` leaves commits to a leaf at place `index` (RFC 9162, 2.1.3.2). */
export function checkInclusion(proof, { leaf, index, size, root }) {
  if (!(index >= 0 && index < size)) refuse(`the log has no entry ${index} at size ${size}`);
  let reached = leaf;
  for (const [onLeft, sibling] of climb(index, size - 1, proof)) {
    reached = onLeft ? nodeHash(sibling, reached) : nodeHash(reached, sibling);
  }
  if (!sameBytes(reached, root)) refuse(`entry ${index} is not under the root of size ${size}`);
}

/** Check that a tree of `size` leaves begins with the tree of `oldSize`, unchanged (RFC 9162, 2.1.4.2). */
export function checkConsistency(proof, { oldSize, oldRoot, size, root }) {
  if (!(oldSize >= 0 && oldSize <= size)) refuse(`a log of ${size} entries never had ${oldSize}`);
  if (oldSize === 0 || oldSize === size) {
    if (proof.length) refuse("there is nothing to prove");
    if (oldSize === size && !sameBytes(oldRoot, root)) refuse(`two roots for one size, ${size}`);
    return;
  }
  const level = trailingZeros(oldSize);
  // a complete old tree is itself the first hash of the way
  const way = oldSize === 2 ** level ? [oldRoot, ...proof] : proof;
  if (!way.length) refuse("the proof ends before the root");
  let [oldReached, reached] = [way[0], way[0]];
  const place = Math.floor((oldSize - 1) / 2 ** level);
  for (const [onLeft, sibling] of climb(place, Math.floor((size - 1) / 2 ** level), way.slice(1))) {
    if (onLeft) oldReached = nodeHash(sibling, oldReached);
    reached = onLeft ? nodeHash(sibling, reached) : nodeHash(reached, sibling);
  }
  if (!sameBytes(oldReached, oldRoot) || !sameBytes(reached, root)) {
    refuse(`the log of size ${size} does not begin with that of size ${oldSize}`);
  }
}

/** The root of a growing tree out of its complete subtrees, left to right: only its edge is kept in memory. */
export class Peaks {
  peaks = [];

  /** Add the root of a complete subtree of 2^level leaves; its place is right after all that were added. */
  add(level, hash) {
    let peak = { level, hash };
    while (this.peaks.length && this.peaks.at(-1).level === peak.level) {
      peak = { level: peak.level + 1, hash: nodeHash(this.peaks.pop().hash, peak.hash) };
    }
    this.peaks.push(peak);
  }

  root() {
    if (!this.peaks.length) return sha256(new Uint8Array());
    let root = this.peaks.at(-1).hash;
    for (const peak of this.peaks.slice(0, -1).reverse()) root = nodeHash(peak.hash, root);
    return root;
  }
}

/** MTH(D[start:end]) from complete nodes. start: a multiple of the smallest power of two not below end - start. */
export async function rangeRoot(start, end, node) {
  const peaks = new Peaks();
  for (let at = start; at < end; ) {
    const level = floorLog2(end - at);
    peaks.add(level, await node(level, at / 2 ** level));
    at += 2 ** level;
  }
  return peaks.root();
}

/** PATH(index, D[size]) from the leaf upwards. node: gives the hash of the complete node at (level, index). */
export async function proveInclusion(index, size, node) {
  const path = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + largestBelow(end - start);
    path.push(index < middle ? rangeRoot(middle, end, node) : rangeRoot(start, middle, node));
    [start, end] = index < middle ? [start, middle] : [middle, end];
  }
  return (await Promise.all(path)).reverse();
}

function largestBelow(length) {
  return 2 ** floorLog2(length - 1);
}

/** Exact, which Math.log2 is not beyond 2^48. */
function floorLog2(number) {
  let level = 0;
  while (2 ** (level + 1) <= number) level += 1;
  return level;
}

function trailingZeros(number) {
  let zeros = 0;
  while (Math.floor(number / 2 ** zeros) % 2 === 0) zeros += 1;
  return zeros;
}

/** Walk from a node to the root, each sibling with whether it stands on the left. Sizes may be beyond 32 bits. */
function* climb(place, last, siblings) {
  const half = (number) => Math.floor(number / 2);
  for (const sibling of siblings) {
    if (sibling.length !== 32) refuse(`a hash of ${sibling.length} bytes, where each has 32`);
    if (last === 0) refuse("the proof has a hash to spare");
    const onLeft = place % 2 === 1 || place === last;
    yield [onLeft, sibling];
    if (onLeft) {
      while (place && place % 2 === 0) [place, last] = [half(place), half(last)]; // alone at the end of its level
    }
    [place, last] = [half(place), half(last)];
  }
  if (last > 0) refuse("the proof ends before the root");
}
