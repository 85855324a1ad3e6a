// The log's files that lie in tiles: what they are called, how large they can be, and what hashes they hold.
import { sameBytes } from "./bytes.js";
import { nodeHash } from "./merkle.js";
import { refuse } from "./refused.js";

export const TILE_WIDTH = 256;
const HASH_SIZE = 32;
const ENVELOPE_MAX = 256 * 1024;

/** Name file `n` under a prefix: `tile/0/x001/x234/067.p/5`. width: 256 for a full one. */
export function numberedPath(prefix, n, width) {
  const groups = n.toLocaleString("en-US").split(",").map((group) => group.padStart(3, "0"));
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return width === TILE_WIDTH ? `${prefix}/${name}` : `${prefix}/${name}.p/${width}`;
}

export function tilePath(level, n, width) {
  return numberedPath(`tile/${level}`, n, width);
}

/** How many hashes the tile has that a tree of `size` leaves has at (level, n). */
export function widthOf(size, level, n) {
  return Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - n * TILE_WIDTH);
}

/** How many bytes a file of a log can have: more is not taken into memory. */
export function fileMax(path) {
  const single = { memorandum: 2 ** 22, checkpoint: 1e6, checkpoints: 2 ** 26, digest: 1e6, view: 1024 };
  if (Object.hasOwn(single, path)) return single[path];
  const width = Number(/\.p\/(\d+)$/.exec(path)?.[1] ?? TILE_WIDTH);
  if (path.startsWith("tile/entries/")) return width * (2 + 0xffff);
  return path.startsWith("disclosures/") ? width * ENVELOPE_MAX : width * HASH_SIZE;
}

/** Read an entry bundle of `count` entries, each behind its length in two bytes. */
export function unpackEntries(bytes, count) {
  const entries = [];
  let at = 0;
  for (let place = 0; place < count; place += 1) {
    if (at + 2 > bytes.length) refuse(`an entry bundle ends before entry ${place} of ${count}`);
    const start = at + 2;
    at = start + bytes[at] * 256 + bytes[at + 1];
    if (at > bytes.length) refuse(`an entry bundle ends within entry ${place} of ${count}`);
    entries.push(bytes.subarray(start, at));
  }
  if (at < bytes.length) refuse(`an entry bundle holds ${bytes.length - at} bytes more than its ${count} entries`);
  return entries;
}

/** The complete nodes over a row of hashes, level by level; where it is a full tile, its root is the last. */
export function layersOver(hashes) {
  const layers = [hashes];
  while (layers.at(-1).length > 1) {
    const below = layers.at(-1);
    const pairs = Array.from({ length: Math.floor(below.length / 2) }, (_, at) => nodeHash(below[2 * at], below[2 * at + 1]));
    layers.push(pairs);
  }
  return layers;
}

export function hashesOf(tile, width, path) {
  if (tile.length !== width * HASH_SIZE) refuse(`${path} is ${tile.length} bytes, and not ${width} hashes`);
  return Array.from({ length: width }, (_, at) => tile.subarray(at * HASH_SIZE, (at + 1) * HASH_SIZE));
}

/** Read the complete nodes of a tree of `size` leaves out of its tiles; each tile is read once and kept.
 *
 * read: gives the bytes of a tile (path, level, n, width). A full tile is held against its hash in the tile above, up
 * to the partial ones at the top: what those say, only a root from a checkpoint can vouch for.
 */
export function nodesFromTiles(read, size) {
  const kept = new Map();

  async function layers(level, n) {
    const width = widthOf(size, level, n);
    const path = tilePath(level, n, width);
    const found = layersOver(hashesOf(await read(path), width, path));
    if (width === TILE_WIDTH && !sameBytes(found.at(-1)[0], await node(8 * (level + 1), n))) {
      refuse(`${path} does not hash to its place in the tile above`);
    }
    return found;
  }

  function tile(level, n) {
    const name = `${level}/${n}`;
    if (!kept.has(name)) kept.set(name, layers(level, n));
    return kept.get(name);
  }

  async function node(level, index) {
    if ((index + 1) * 2 ** level > size) refuse(`a tree of ${size} leaves has no complete node ${index} at ${level}`);
    const height = level % 8;
    const across = TILE_WIDTH / 2 ** height;
    return (await tile(Math.floor(level / 8), Math.floor(index / across)))[height][index % across];
  }

  return node;
}
