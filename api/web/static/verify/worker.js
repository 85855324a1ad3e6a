// A whole log, checked beside the page. Asked with {log, settings}; answers {progress} many times, then {result}.
import { asResult } from "./report.js";
import { serverSource } from "./source.js";
import { checkWhole } from "./whole.js";

const EVERY_MS = 200;

self.addEventListener("message", async ({ data: { log, settings } }) => {
  const began = performance.now();
  let last = 0;
  const result = await checkWhole(serverSource(log), settings, (done, of) => {
    const now = performance.now();
    if (now - last < EVERY_MS && done < of) return;
    last = now;
    self.postMessage({ progress: { done, of, seconds: (now - began) / 1000 } });
  }).catch(asResult);
  self.postMessage({ result: { ...result, seconds: (performance.now() - began) / 1000 } });
});
