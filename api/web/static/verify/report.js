// What a check of a whole log found, in words and one table.
import { Refused, Unable } from "./refused.js";
import { element, notProved } from "./words.js";

/** Show the result of `checkWhole`, or an error: what it comes to first, announced; then step by step. */
export function showWhole(result, summary, report) {
  summary.classList.remove("verify-good", "verify-bad", "verify-unknown");
  const [state, words] = verdict(result);
  summary.textContent = words;
  summary.classList.add(`verify-${state}`);
  const steps = result.passed.map(({ step, words: found }) => element("li", {}, element("strong", { text: step }), `: ${found}`));
  if (result.failure) steps.push(element("li", {}, element("strong", { text: `failed: ${place(result.failure)}` }), `: ${result.failure.message}`));
  const facts = [
    ["alliance", result.name],
    ["log", result.origin],
    ["entries", result.size],
    ["memorandum, SHA-256", result.memorandum],
    ["root", result.root],
  ].filter(([, value]) => value !== undefined);
  report.replaceChildren(
    element("ul", {}, ...facts.map(([name, value]) => element("li", {}, `${name}: `, element("span", { class: "verify-hash", text: value })))),
    element("ol", {}, ...steps),
    ...(result.failure ? [] : [countsTable(result.counts)]),
    notProved(),
  );
}

/** Show how far a check has come: entries, entries a second, and how long it may still take. */
export function showProgress(bar, words, { done, of, seconds }) {
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? Math.ceil((of - done) / rate) : null;
  bar.max = of;
  bar.value = done;
  words.textContent = `${done} of ${of} entries, ${Math.round(rate)} a second${left === null ? "" : `, ${left} s left`}`;
}

/** An error as a result: what does not hold, or what could not be checked. */
export function asResult(error) {
  const empty = { passed: [], counts: {}, failure: null, unable: null };
  if (error instanceof Refused) return { ...empty, failure: { message: error.message, ...error.facts } };
  if (!(error instanceof Unable)) console.error(error);
  return { ...empty, unable: error.message };
}

function verdict({ failure, unable, size, unverified, pinned, passed }) {
  if (failure) return ["bad", `1 failed · ${place(failure)}: ${failure.message}`];
  if (unable && !unverified) return ["unknown", `not checked to the end: ${unable}`];
  if (unverified) return ["unknown", `${size - unverified} of ${size} verified · ${unverified} not checked: ${unable}`];
  const all = `${size} of ${size} verified`;
  const under = pinned ? "under the pinned memorandum" : "self-consistent only: no memorandum is pinned";
  return [passed.length && pinned ? "good" : "unknown", `${all} · ${under}`];
}

function place({ step = "log", index, node }) {
  return [step, index === undefined ? "" : `entry ${index}`, node ?? ""].filter((each) => each !== "").join(", ");
}

function countsTable(counts) {
  const nodes = Object.keys(counts).sort();
  const types = [...new Set(nodes.flatMap((node) => Object.keys(counts[node])))].sort();
  const head = ["type", ...nodes, "all"].map((text) => element("th", { scope: "col", text }));
  const number = (value) => element("td", { class: "verify-number", text: String(value) });
  const rows = types.map((type) => {
    const row = nodes.map((node) => counts[node][type] ?? 0);
    const all = row.reduce((sum, each) => sum + each, 0);
    return element("tr", {}, element("th", { scope: "row", text: type }), ...row.map(number), number(all));
  });
  const what = "Events that this browser counted, by type and node";
  const table = element(
    "table",
    {},
    element("caption", { text: what }),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
  // wider than a phone: a region that can be scrolled by keyboard, too
  return element("div", { class: "verify-scrolled", role: "region", tabindex: "0", "aria-label": what }, table);
}
