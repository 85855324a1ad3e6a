// On every page, by <script type="module" src="/static/verify/banner.js"></script> and nothing else.
//
// Where a memorandum is pinned, the one that this server serves must be it. All keys follow from it.
import { toHex } from "./bytes.js";
import { pinned } from "./pins.js";
import { sha256 } from "./sha256.js";
import { serverSource } from "./source.js";
import { addStyle } from "./style.js";
import { element } from "./words.js";

export async function watchMemorandum(log = "/log/") {
  document.querySelector("body > .verify-banner")?.remove();
  const pin = pinned();
  if (pin === null) return;
  let words;
  try {
    const served = toHex(sha256(await serverSource(new URL(log, location.href)).read("memorandum", { fresh: true })));
    if (served === pin.memorandum) return;
    words = `This server serves another founding document than the one that you pinned: ${served}, and not ${pin.memorandum}. Believe nothing here, and ask the alliance.`;
  } catch (error) {
    words = `Whether this server still serves the founding document that you pinned could not be checked: ${error.message}.`;
  }
  const banner = element("div", { class: "verify-banner", role: "alert", text: words });
  addStyle();
  document.body.prepend(banner);
}

addEventListener("pinned", () => watchMemorandum()); // another pin, or none any more: see verifying.js
watchMemorandum();
