// Bundles: a log's files in one zip. Stored or deflated; no name twice; nothing larger than a log's file can be.
import { concat, fromUtf8 } from "./bytes.js";
import { refuse } from "./refused.js";
import { fileMax } from "./tiles.js";

const END = 0x06054b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_SIZE = 22;
const COMMENT_MAX = 0xffff;
const DIRECTORY_MAX = 2 ** 27; // bytes
const ZIP64 = 0xffffffff;

/** Read a zip's directory: Map(path -> function that gives the file's bytes). */
export async function openZip(blob) {
  const { count, at, size } = await readEnd(blob);
  if (size > DIRECTORY_MAX || at + size > blob.size) refuse("not a bundle: its directory lies outside of it");
  const directory = view(await blob.slice(at, at + size).arrayBuffer());
  const files = new Map();
  let here = 0;
  for (let each = 0; each < count; each += 1) {
    if (here + 46 > directory.byteLength || directory.getUint32(here, true) !== DIRECTORY) refuse("not a readable zip");
    const [method, packed, length] = [
      directory.getUint16(here + 10, true),
      directory.getUint32(here + 20, true),
      directory.getUint32(here + 24, true),
    ];
    const nameEnd = here + 46 + directory.getUint16(here + 28, true);
    const start = directory.getUint32(here + 42, true);
    if (nameEnd > directory.byteLength) refuse("not a readable zip");
    const path = fromUtf8(new Uint8Array(directory.buffer, here + 46, nameEnd - here - 46));
    if (directory.getUint16(here + 8, true) & 1) refuse(`${path} is encrypted`);
    if (files.has(path)) refuse(`${path} is in the bundle twice`);
    if (start === ZIP64 || packed === ZIP64) refuse("a zip of over 4 GiB is not read here: cohort-ledger audit does");
    if (method !== 0 && method !== 8) refuse(`${path} is packed in a way that is not read here`);
    files.set(path, () => readFile(blob, { path, method, packed, length, start }));
    here = nameEnd + directory.getUint16(here + 30, true) + directory.getUint16(here + 32, true);
  }
  return files;
}

async function readEnd(blob) {
  const from = Math.max(0, blob.size - END_SIZE - COMMENT_MAX);
  const tail = view(await blob.slice(from).arrayBuffer());
  for (let at = tail.byteLength - END_SIZE; at >= 0; at -= 1) {
    const isEnd = tail.getUint32(at, true) === END && tail.getUint16(at + 20, true) === tail.byteLength - END_SIZE - at;
    if (isEnd) {
      return {
        count: tail.getUint16(at + 10, true),
        size: tail.getUint32(at + 12, true),
        at: tail.getUint32(at + 16, true),
      };
    }
  }
  return refuse("not a bundle: not a readable zip file");
}

async function readFile(blob, { path, method, packed, length, start }) {
  if (length > fileMax(path)) refuse(`${path} is larger than that file of a log can be`);
  const head = view(await blob.slice(start, start + 30).arrayBuffer());
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) refuse(`${path} is damaged`);
  const data = start + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const stored = blob.slice(data, data + packed);
  const bytes = method === 0 ? new Uint8Array(await stored.arrayBuffer()) : await inflated(stored, path, length);
  if (bytes.length !== length) refuse(`${path} is damaged: it has another length`);
  return bytes;
}

/** Inflate, and stop at the length that the directory states: what is packed has no bound before it is there. */
async function inflated(blob, path, length) {
  const parts = [];
  let found = 0;
  try {
    for (const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) return concat(...parts);
      found += value.length;
      if (found > length) {
        await reader.cancel();
        break;
      }
      parts.push(value);
    }
  } catch {
    refuse(`${path} is damaged: it cannot be unpacked`);
  }
  return refuse(`${path} is damaged: it has another length`);
}

function view(buffer) {
  return new DataView(buffer);
}
