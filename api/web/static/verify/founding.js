// Where every check begins: the founding document as it is served, and the checkpoint that its log key signed.
import { sameBytes } from "./bytes.js";
import { readCheckpoint } from "./checkpoint.js";
import { readMemorandum } from "./memorandum.js";
import { placed, refuse } from "./refused.js";

/** Read and check memorandum and checkpoint. pin: hex of the memorandum's SHA-256 that is trusted, or null.
 *
 * seen: the largest checkpoint that was seen here, {size, root in base64}; a smaller one now is a rollback.
 */
export async function openFounding(source, { pin = null, seen = () => null } = {}) {
  const memorandum = await readMemorandum(await source.read("memorandum", { fresh: true })).catch((error) => {
    throw placed(error, { step: "memorandum" });
  });
  if (pin !== null && memorandum.hash !== pin) {
    refuse(`this ledger was founded with another memorandum: ${memorandum.hash}, and ${pin} is pinned`, {
      step: "memorandum",
    });
  }
  const checkpoint = await readCheckpoint(
    await source.read("checkpoint", { fresh: true }),
    memorandum.logKey,
  ).catch((error) => {
    throw placed(error, { step: "checkpoint" });
  });
  const before = seen(memorandum.hash);
  if (before !== null && before.size > checkpoint.size) {
    refuse(`rolled back: this browser saw ${before.size} entries signed, now there are ${checkpoint.size}`, {
      step: "checkpoint",
    });
  }
  return { memorandum, checkpoint, before };
}

export function checkSameRoot(found, stated, size) {
  if (!sameBytes(found, stated)) {
    refuse(`the log does not lead to the root that is signed over ${size} entries: there are two histories`, {
      step: "tree",
    });
  }
}
