// Witnesses: whose cosignatures stand on a checkpoint, of those that the alliance's resolutions or the auditor named.
import { readVerifier, signedBy } from "./note.js";
import { Unable, refuse } from "./refused.js";

/** {cosigned: names, missing: names, unable: sentences}. named: verifiers by resolutions; pins: keys as text. */
export async function witnessesOf(note, named, pins = []) {
  const verifiers = [...named];
  for (const text of pins) {
    const verifier = await readVerifier(text);
    const others = named.filter((each) => each.name === verifier.name);
    if (others.length && !others.some((each) => each.text === text)) {
      refuse(`the log names another key of the witness ${verifier.name} than the one that is pinned`);
    }
    if (!verifiers.some((each) => each.text === text)) verifiers.push(verifier);
  }
  const cosigned = new Set();
  const unable = [];
  for (const verifier of verifiers) {
    try {
      if ((await signedBy(note, verifier)) !== null) cosigned.add(verifier.name);
    } catch (error) {
      if (!(error instanceof Unable)) throw error;
      unable.push(error.message);
    }
  }
  const names = new Set(verifiers.map((each) => each.name));
  return { cosigned: [...cosigned].sort(), missing: [...names].filter((each) => !cosigned.has(each)).sort(), unable };
}

export function witnessWords({ cosigned, missing, unable }) {
  const of = cosigned.length + missing.length;
  if (of === 0) return "no witness is named: nothing here shows that others were shown the same log";
  const by = cosigned.length ? `: ${cosigned.join(", ")}` : "";
  const half = 2 * cosigned.length <= of ? "; half or fewer: two halves may have been shown two histories" : "";
  return `cosigned by ${cosigned.length} of ${of} witnesses${by}${half}${unable.map((each) => `; ${each}`).join("")}`;
}
