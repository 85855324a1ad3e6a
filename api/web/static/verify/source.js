// Where a log's files come from: a server, a bundle, a folder. None is believed: whoever reads them verifies.
import { Absent, Unable, refuse } from "./refused.js";
import { TILE_WIDTH, fileMax, unpackEntries } from "./tiles.js";
import { concat } from "./bytes.js";

const WAITS_MAX = 5; // times that a server may say that it was asked too often
const WAIT_MAX_S = 30;

/** A server's `/log/`. base: its address. fresh: past the browser's own cache, for what must be of now. */
export function serverSource(base) {
  return {
    async read(path, { fresh = false } = {}) {
      const answer = await asked(new URL(path, base), fresh);
      if (answer.status === 404) throw new Absent(`the server has no /log/${path}`);
      if (answer.status === 401 || answer.status === 403) {
        throw new Unable(`the server does not show you /log/${path}: log in, or ask for a grant`);
      }
      if (!answer.ok) throw new Unable(`the server answered ${answer.status} for /log/${path}`);
      return bounded(answer, path);
    },
  };
}

/** Files by their paths in the log: Map(path -> function that gives their bytes). */
export function filesSource(files) {
  return {
    async read(path) {
      const file = files.get(path);
      if (file === undefined) throw new Absent(`there is no ${path} in what was given`);
      const bytes = await file();
      if (bytes.length > fileMax(path)) refuse(`${path} is larger than that file of a log can be`);
      return bytes;
    },
  };
}

/** A file that lies in tiles; a partial one that the log has outgrown is the beginning of the full one. */
export async function readTiled(source, path) {
  try {
    return await source.read(path);
  } catch (error) {
    const partial = /^(.*)\.p\/(\d+)$/.exec(path);
    if (!(error instanceof Absent) || partial === null) throw error;
    return beginning(await source.read(partial[1]), partial[1], Number(partial[2]));
  }
}

function beginning(full, path, width) {
  if (path.startsWith("tile/entries/")) {
    const entries = unpackEntries(full, TILE_WIDTH).slice(0, width);
    return concat(...entries.map((each) => concat(new Uint8Array([each.length >> 8, each.length & 255]), each)));
  }
  if (!path.startsWith("disclosures/")) return full.slice(0, 32 * width);
  let end = 0;
  for (let line = 0; line < width; line += 1) end = full.indexOf(10, end) + 1;
  return full.slice(0, end);
}

async function asked(url, fresh) {
  for (let waits = 0; ; waits += 1) {
    let answer;
    try {
      answer = await fetch(url, { redirect: "error", cache: fresh ? "no-store" : "default" });
    } catch {
      throw new Unable("the server could not be reached");
    }
    if (answer.status !== 429 || waits === WAITS_MAX) return answer;
    const seconds = Math.min(WAIT_MAX_S, Math.max(1, Number(answer.headers.get("Retry-After")) || 5));
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

/** An answer's bytes as they come, and never more than such a file can have. */
async function bounded(answer, path) {
  const parts = [];
  let length = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concat(...parts);
    length += value.length;
    if (length > fileMax(path)) {
      await reader.cancel();
      refuse(`/log/${path} is larger than that file of a log can be`);
    }
    parts.push(value);
  }
}
