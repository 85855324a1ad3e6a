// The Verify page: what is pinned here, and the whole log in a worker. The page without it says what to do instead.
//
//   <form data-pins hidden> with an input [data-memorandum], a textarea [data-witnesses], a button [data-unpin] and a
//   place for words [data-said]; <div data-verify-whole [data-log="/log/"]>, where a button, progress and a report come.
//   The event `verified` on that carries what `checkWhole` found.
import { fromBase64 } from "./bytes.js";
import { readVerifier } from "./note.js";
import { allSeen, pin, pinned, remember, unpin } from "./pins.js";
import { showProgress, showWhole } from "./report.js";
import { addStyle } from "./style.js";
import { element } from "./words.js";

export function setUpPins(form) {
  const [memorandum, witnesses, said] = ["memorandum", "witnesses", "said"].map((name) => form.querySelector(`[data-${name}]`));
  const show = () => {
    const now = pinned();
    memorandum.value = now?.memorandum ?? "";
    witnesses.value = now?.witnesses.join("\n") ?? "";
    said.textContent = now ? "pinned in this browser" : "nothing is pinned in this browser";
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const keys = witnesses.value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
      for (const key of keys) await readVerifier(key);
      pin(memorandum.value, keys);
      show();
      dispatchEvent(new Event("pinned"));
    } catch (error) {
      said.textContent = `not pinned: ${error.message}`;
    }
  });
  form.querySelector("[data-unpin]").addEventListener("click", () => {
    unpin();
    show();
    dispatchEvent(new Event("pinned"));
  });
  form.hidden = false;
  show();
}

export function setUpWhole(place) {
  const log = new URL(place.dataset.log ?? "/log/", location.href).href;
  const button = element("button", { type: "button", class: "verify-button", text: "Check the whole log in this browser" });
  const bar = element("progress", { class: "verify-progress", max: 1, value: 0, "aria-label": "entries checked" });
  const words = element("p");
  const summary = element("p", { class: "verify-summary", role: "status", "aria-live": "polite" });
  const report = element("div", { class: "verify-report" });
  bar.hidden = true;
  place.append(button, bar, words, summary, report);
  button.addEventListener("click", () => {
    button.disabled = true;
    bar.hidden = false;
    summary.textContent = "checking …";
    report.replaceChildren();
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    const done = (result) => {
      worker.terminate();
      button.disabled = false;
      showWhole(result, summary, report);
      if (!result.failure && result.root) remember(result.memorandum, { size: result.size, root: fromBase64(result.root, 32) });
      place.dispatchEvent(new CustomEvent("verified", { bubbles: true, detail: result }));
    };
    worker.addEventListener("message", ({ data: { progress, result } }) => {
      if (progress) showProgress(bar, words, progress);
      if (result) done(result);
    });
    worker.addEventListener("error", (event) => {
      done({ passed: [], counts: {}, failure: null, unable: `the worker stopped: ${event.message ?? "no reason is known"}` });
    });
    worker.postMessage({ log, settings: settings() });
  });
}

function settings() {
  const now = pinned();
  return { pin: now?.memorandum ?? null, witnesses: now?.witnesses ?? [], seen: allSeen() };
}

addStyle();
const pins = document.querySelector("form[data-pins]");
if (pins) setUpPins(pins);
const whole = document.querySelector("[data-verify-whole]");
if (whole) setUpWhole(whole);
