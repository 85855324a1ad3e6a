// The offline page: a bundle, or a folder of a log's files, checked where it lies. Nothing is sent or loaded.
import { asResult, showProgress, showWhole } from "./report.js";
import { drawn } from "./words.js";
import { filesSource } from "./source.js";
import { checkWhole } from "./whole.js";
import { openZip } from "./zip.js";

const EVERY = 2048; // entries from one look of the page to the next
const ROOTS = /^(?:.*\/)?((?:tile|disclosures|digests)\/.+|memorandum|checkpoint|checkpoints|digest|view)$/;

/** Paths in the log of files that were chosen: a folder's by where they lie in it. */
async function filesOf(chosen) {
  if (chosen.length === 1 && !ROOTS.test(chosen[0].name)) return openZip(chosen[0]);
  const files = new Map();
  for (const file of chosen) {
    const path = ROOTS.exec(file.webkitRelativePath || file.name)?.[1];
    if (path !== undefined) files.set(path, async () => new Uint8Array(await file.arrayBuffer()));
  }
  return files;
}

export function setUpOffline(page) {
  const [pinField, keys, bar, words, summary, report] = ["pin", "keys", "bar", "words", "summary", "report"].map((name) =>
    page.querySelector(`#${name}`),
  );

  async function run(chosen) {
    if (!chosen.length) return;
    summary.textContent = "checking …";
    summary.classList.remove("verify-good", "verify-bad", "verify-unknown");
    report.replaceChildren();
    bar.hidden = false;
    await drawn();
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let last = 0;
    const settings = {
      pin: pinField.value.trim().toLowerCase() || null,
      witnesses: keys.value.split("\n").map((line) => line.trim()).filter((line) => line !== ""),
      disclosures: true,
    };
    let result;
    try {
      result = await checkWhole(filesSource(await filesOf(chosen)), settings, (done, of) => {
        if (done - last < EVERY && done < of) return;
        last = done;
        showProgress(bar, words, { done, of, seconds: seconds() });
      });
    } catch (error) {
      result = asResult(error);
    }
    showWhole(result, summary, report);
    page.dispatchEvent(new CustomEvent("verified", { detail: { ...result, seconds: seconds() } }));
  }

  for (const input of page.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => run([...input.files]));
  }
  page.addEventListener("dragover", (event) => event.preventDefault());
  page.addEventListener("drop", (event) => {
    event.preventDefault();
    run([...event.dataTransfer.files]);
  });
}

setUpOffline(document);
