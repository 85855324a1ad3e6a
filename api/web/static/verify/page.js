// Lists of events on any page, checked in the browser.
//
// What a template writes:
//
//   <section data-verify data-events="17,18,40" data-size="14641" [data-root="<base64>"]
//            [data-says="3" [data-recount='{"types":["patient.enrolled"],"cohort":"…","minus":["event.retracted"]}']]>
//     … <tr data-event="17" [data-jti="…"] [data-node="drup-nl"] [data-type="patient.enrolled"]> …
//   </section>
//   <script type="module" src="/static/verify/page.js"></script>
//
// data-events   indexes in the log, each once, of every event behind what is shown; one [data-event] of each or none
// data-size     how many entries the page was made of (its `at`, or the checkpoint's size); data-root: their root
// data-says     the number that the server shows; without data-recount it is held against how many events are good
// data-recount  the rule that it was counted by: see recount.js
// data-jti, data-node, data-type   what the row says of its event: another's words beside a good event are found out
// data-log      where the log's files are, if not at /log/
//
// What comes: a button, "Check in this browser", under the section's heading; on each row a class (verify-good, verify-bad, verify-unknown) and a word
// (in a [data-verify-word] where there is one, else at the end of the row's first cell); a summary that is announced;
// what was checked, and what that does not prove. The event `verified` on the section carries {good, bad, unknown, count}.
import { pinned, remember, seen } from "./pins.js";
import { openListed } from "./listed.js";
import { Recount } from "./recount.js";
import { Refused, Unable, refuse } from "./refused.js";
import { serverSource } from "./source.js";
import { addStyle } from "./style.js";
import { drawn, element, notProved } from "./words.js";

const AT_ONCE = 64; // events that are checked side by side
const WORDS = { good: "verified", bad: "failed", unknown: "not checked" };
const INDEXES = /^(?:|(?:0|[1-9]\d{0,15})(?:,(?:0|[1-9]\d{0,15}))*)$/;

export function enhance(section) {
  if (section.querySelector(":scope > .verify-panel")) return;
  const button = element("button", { type: "button", class: "verify-button", text: "Check in this browser" });
  const summary = element("p", { class: "verify-summary", role: "status", "aria-live": "polite" });
  const report = element("div", { class: "verify-report" });
  const panel = element("div", { class: "verify-panel" }, button, summary, report);
  const heading = section.querySelector(":scope > :is(h1, h2, h3, h4)");
  if (heading) heading.after(panel);
  else section.prepend(panel);
  button.addEventListener("click", async () => {
    button.disabled = true;
    clear(section, summary, report);
    summary.textContent = "checking …";
    await drawn();
    try {
      await check(section, summary, report);
    } finally {
      button.disabled = false;
    }
  });
}

async function check(section, summary, report) {
  let outcome;
  try {
    const asked = read(section);
    outcome = await checked(section, asked, (done) => {
      summary.textContent = `${done} of ${asked.indexes.length} checked …`;
    });
  } catch (error) {
    outcome = failed(section, error);
  }
  const { good, bad, unknown, results } = outcome;
  for (const [index, result] of results) mark(section, index, result);
  summary.textContent = [...counted({ good, bad, unknown }), ...outcome.said.map((each) => each.text)].join(" · ");
  const isBad = bad > 0 || outcome.said.some((each) => !each.holds);
  summary.classList.add(isBad ? "verify-bad" : unknown > 0 ? "verify-unknown" : "verify-good");
  const items = outcome.how.map((text) => element("li", { text }));
  report.append(element("ul", {}, ...items), notProved());
  section.dispatchEvent(
    new CustomEvent("verified", { bubbles: true, detail: { good, bad, unknown, count: outcome.count ?? null } }),
  );
}

function read(section) {
  const { events = "", size, root, says, recount, log = "/log/" } = section.dataset;
  if (!INDEXES.test(events)) refuse("the page does not say which events it is about");
  const indexes = events === "" ? [] : events.split(",").map(Number);
  const rows = [...section.querySelectorAll("[data-event]")].map((row) => row.dataset.event);
  if (new Set(indexes).size < indexes.length || new Set(rows).size < rows.length) refuse("an event is listed twice");
  if (rows.some((row) => !indexes.map(String).includes(row))) refuse("a row is of an event that the page does not list");
  if (!/^\d{1,16}$/.test(size ?? "")) refuse("the page does not say of how many entries it is made");
  return {
    indexes: indexes.sort((one, other) => one - other),
    shown: { size: Number(size), root: root ?? null },
    says: says === undefined ? null : Number(says),
    recount: recount === undefined ? null : new Recount(ruleIn(recount)),
    log: new URL(log, location.href),
  };
}

function ruleIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unable("the rule that the page counts by is not JSON");
  }
}

async function checked(section, { indexes, shown, says, recount, log }, onProgress) {
  const pin = pinned();
  const opened = await openListed(serverSource(log), { shown, pin: pin?.memorandum ?? null, seen });
  const { memorandum, checkpoint } = opened;
  await opened.prepare(indexes.filter((index) => index < shown.size));
  const results = new Map();
  for (let start = 0; start < indexes.length; start += AT_ONCE) {
    const some = indexes.slice(start, start + AT_ONCE);
    const found = await Promise.all(some.map((index) => opened.check(index, rowOf(section, index)?.dataset)));
    for (const [at, index] of some.entries()) results.set(index, found[at]);
    onProgress(results.size);
  }
  remember(memorandum.hash, checkpoint);
  const tally = { good: 0, bad: 0, unknown: 0 };
  for (const { state, claims } of results.values()) {
    tally[state] += 1;
    if (state === "good") recount?.take(claims);
  }
  const count = recount === null ? tally.good : recount.count;
  const how = [
    `${memorandum.name}, log ${memorandum.origin}`,
    pin ? "the memorandum is the one that is pinned in this browser" : "no memorandum is pinned in this browser",
    `in the checkpoint over ${checkpoint.size} entries, which the log signed`,
    opened.keyWords(),
    await opened.witnessWords(pin?.witnesses ?? []),
  ];
  return { ...tally, results, how, count, said: says === null ? [] : [compared(says, count, tally)] };
}

function compared(says, count, { bad, unknown }) {
  if (says === count) return { holds: true, text: `the server says ${says}, and this browser counted ${count}` };
  const why = bad + unknown > 0 ? " of the events that are verified" : "";
  return { holds: false, text: `server says ${says}, this browser counted ${count}${why}` };
}

/** Nothing could be checked one by one: what is wrong is wrong of all. */
function failed(section, error) {
  if (!(error instanceof Refused || error instanceof Unable)) console.error(error);
  const isBad = error instanceof Refused;
  const rows = [...section.querySelectorAll("[data-event]")];
  const words = error.message;
  const results = new Map(rows.map((row) => [Number(row.dataset.event), { state: isBad ? "bad" : "unknown", words }]));
  const tally = isBad ? { bad: rows.length, unknown: 0 } : { bad: 0, unknown: rows.length };
  return { good: 0, ...tally, results, how: [], said: [{ holds: !isBad, text: words }] };
}

function counted({ good, bad, unknown }) {
  const of = good + bad + unknown;
  const words = [`${good} of ${of} verified`];
  if (bad) words.push(`${bad} failed`);
  if (unknown) words.push(`${unknown} not checked`);
  return words;
}

function rowOf(section, index) {
  return section.querySelector(`[data-event="${index}"]`);
}

function mark(section, index, { state, words }) {
  const row = rowOf(section, index);
  if (row === null) return;
  row.classList.add(`verify-${state}`);
  const place = row.querySelector("[data-verify-word]") ?? row.querySelector("td, th") ?? row;
  const word = element("strong", { text: WORDS[state] });
  place.append(element("span", { class: `verify-word verify-${state}` }, " ", word, `: ${words}`));
}

function clear(section, summary, report) {
  for (const word of section.querySelectorAll(".verify-word")) word.remove();
  for (const each of [summary, ...section.querySelectorAll("[data-event]")]) {
    each.classList.remove("verify-good", "verify-bad", "verify-unknown");
  }
  report.replaceChildren();
}

function enhanceAll() {
  const sections = document.querySelectorAll("[data-verify]");
  if (sections.length) addStyle();
  for (const section of sections) enhance(section);
}

enhanceAll();
document.addEventListener("htmx:load", enhanceAll); // a part of the page that came later
