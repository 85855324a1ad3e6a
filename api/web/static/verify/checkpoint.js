// Checkpoints: a log's size and root hash as a signed note (C2SP tlog-checkpoint), without extension lines.
import { fromBase64, fromDecimal, fromUtf8 } from "./bytes.js";
import { readNote, signedBy } from "./note.js";
import { refuse } from "./refused.js";

const NOTE_LENGTH_MAX = 7; // digits

/** Read and check a log's signed head under its key: {origin, size, root, note}. */
export async function readCheckpoint(bytes, logKey) {
  const note = readNote(bytes);
  if ((await signedBy(note, logKey)) === null) refuse("the checkpoint is not signed by the log");
  const checkpoint = checkpointLines(note.text);
  if (checkpoint.origin !== logKey.name) refuse(`the checkpoint is another log's: ${checkpoint.origin}`);
  return { ...checkpoint, note };
}

function checkpointLines(text) {
  const [origin, size, root, end, ...more] = text.split("\n");
  if (!origin || end !== "" || more.length) refuse("a checkpoint is an origin, a size and a root hash, a line each");
  return { origin, size: fromDecimal(size), root: fromBase64(root, 32) };
}

/** The notes of the file `checkpoints`, each behind a line with its length in bytes. */
export function readKept(bytes) {
  const notes = [];
  let at = 0;
  while (at < bytes.length) {
    const line = bytes.subarray(at, at + NOTE_LENGTH_MAX + 1).indexOf(10);
    if (line < 0) refuse("each kept checkpoint stands behind a line with its length in bytes");
    const start = at + line + 1;
    at = start + fromDecimal(fromUtf8(bytes.subarray(start - line - 1, start - 1)));
    if (at > bytes.length) refuse("the last kept checkpoint is cut off");
    notes.push(bytes.slice(start, at));
  }
  return notes;
}
