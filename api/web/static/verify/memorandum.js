// The founding document: its SHA-256 is what an auditor pins; log key, founders and their first keys follow from it.
import { toHex } from "./bytes.js";
import { hasExactly, printCanonical, readCanonical } from "./canonical.js";
import { isSlug } from "./envelope.js";
import { readKey } from "./keys.js";
import { ED25519, readVerifier } from "./note.js";
import { refuse } from "./refused.js";
import { sha256 } from "./sha256.js";

const DOCUMENT = ["v", "name", "origin", "log_key", "signed", "members", "quorum", "commitments"];

/** Read a memorandum: {hash, text, name, origin, logKey, founders: Map(node -> key), votesNeeded}. */
export async function readMemorandum(bytes) {
  const document = readCanonical(bytes);
  if (!hasExactly(document, ...DOCUMENT) || document.v !== 1 || !Array.isArray(document.members)) {
    refuse("not a memorandum: it has other members than this version's");
  }
  const logKey = await readVerifier(String(document.log_key));
  if (logKey.name !== document.origin || logKey.type !== ED25519) refuse("the memorandum's log key is another log's");
  const founders = new Map();
  for (const member of document.members) {
    if (!hasExactly(member, "node", "trial", "country", "key", "opens_in_parallel") || !isSlug(member.node)) {
      refuse("a founder of the memorandum is misshapen");
    }
    founders.set(member.node, await readKey(member.key));
  }
  const prints = new Set([...founders.values()].map((key) => key.thumbprint));
  if (!founders.size || founders.size < document.members.length || prints.size < founders.size) {
    refuse("every founder needs a name and a key of its own");
  }
  return {
    hash: toHex(sha256(bytes)),
    text: printCanonical(document),
    name: String(document.name),
    origin: document.origin,
    logKey,
    founders,
    votesNeeded: votes(document.quorum?.kind, founders.size),
  };
}

/** How many of so many members bring a resolution into force; always more than half of them. */
function votes(kind, founders) {
  const majority = (members) => Math.floor(members / 2) + 1;
  if (kind === "all") return (members) => members;
  if (kind === "majority") return majority;
  if (!Number.isSafeInteger(kind) || !(founders < 2 * kind && kind <= founders)) refuse("not a memorandum: quorum");
  return (members) => Math.min(members, Math.max(kind, majority(members)));
}
