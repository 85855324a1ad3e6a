// The replay bar's slider and play buttons. All they do is follow addresses that the bar's forms and links lead to, too.

const FRAMES = 60; // of a whole replay by entries
const DAYS = 30; // a frame, by days
const PAUSE_MS = 700; // from one frame to the next
const DAY_MS = 86400000;

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const bar = () => document.getElementById("moment");
const slide = () => document.getElementById("moment-slide");
const part = (selector) => bar()?.querySelector(selector);

let playing = null; // "entries", "days", or null
let waiting = 0;
let asked = 0; // the newest request: an older one's answer is not shown

function address({ at, on }) {
  const url = new URL(bar().dataset.path, location.href);
  for (const [name, value] of [["at", at], ["on", on]]) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

async function show(to, { isStep = false } = {}) {
  const mine = ++asked;
  const answer = await fetch(to, { headers: { Accept: "text/html", "HX-Request": "true" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  if (mine !== asked) return false;
  if (!answer.ok || page === null) {
    location.assign(to); // which says why
    return false;
  }
  const focused = document.activeElement?.id;
  const here = document.getElementById("main");
  here.replaceWith(page);
  window.htmx?.process(page);
  history[isStep ? "replaceState" : "pushState"]({ htmx: true }, "", to);
  window.htmx?.trigger(page, "htmx:load", { elt: page }); // the other parts of a page, and `enhance`
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  return true;
}

function toEntry(index, options) {
  return show(address({ at: index, on: bar().dataset.on }), options);
}

function toDay(days, options) {
  const { at, on, today } = bar().dataset;
  const from = Date.parse(on || today);
  const day = new Date(Math.min(from + days * DAY_MS, Date.parse(today))).toISOString().slice(0, 10);
  return show(address({ at, on: day }), options);
}

function isAtEnd() {
  const { index, last, on, today } = bar().dataset;
  return playing === "days" ? !on || on >= today : Number(index) >= Number(last);
}

function stop() {
  clearTimeout(waiting);
  playing = null;
  marked();
}

async function frame() {
  if (playing === null || bar() === null) return;
  if (isAtEnd()) {
    stop();
    return;
  }
  const { index, last } = bar().dataset;
  const step = Math.max(1, Math.ceil(Number(last) / FRAMES));
  const options = { isStep: true };
  const isShown = await (playing === "days" ? toDay(DAYS, options) : toEntry(Math.min(Number(index) + step, Number(last)), options));
  if (isShown && playing !== null) waiting = setTimeout(frame, PAUSE_MS);
  else stop();
}

async function play(by) {
  const wasPlaying = playing;
  stop();
  if (wasPlaying === by) return;
  playing = by;
  if (isAtEnd()) {
    // from the start: the first entry, or ten years ago
    const isShown = await (by === "days" ? toDay(-3650) : toEntry(0));
    if (!isShown) return;
  }
  marked();
  waiting = setTimeout(frame, PAUSE_MS);
}

function marked() {
  for (const button of bar()?.querySelectorAll("button[data-by]") ?? []) {
    const isOn = button.dataset.by === playing;
    button.setAttribute("aria-pressed", String(isOn));
    button.textContent = isOn ? "Pause" : button.dataset.by === "days" ? "Play by days" : "Play";
  }
}

function enhance() {
  if (bar() === null) return;
  for (const each of bar().querySelectorAll("[hidden]")) {
    if (!(calm.matches && each.matches("button[data-by]"))) each.hidden = false; // who wants no motion steps
  }
  marked();
}

document.addEventListener("input", (event) => {
  if (event.target === slide()) part("output").textContent = `${Number(event.target.value).toLocaleString("en")} of ${Number(bar().dataset.last).toLocaleString("en")}`;
});

document.addEventListener("change", (event) => {
  if (event.target !== slide()) return;
  stop();
  toEntry(event.target.value);
});

document.addEventListener("keydown", (event) => {
  const days = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
  if (event.target === slide() && event.shiftKey && days !== undefined) {
    event.preventDefault();
    stop();
    toDay(days);
  }
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest("#moment button[data-by]");
  if (button) play(button.dataset.by);
  const link = target?.closest("#moment .steps a, #moment-now");
  if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0)) {
    event.preventDefault();
    stop();
    show(link.getAttribute("href"));
  }
});

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#moment")) return;
  event.preventDefault();
  stop();
  show(`${event.target.getAttribute("action")}?${new URLSearchParams(new FormData(event.target))}`);
});

document.addEventListener("htmx:load", enhance);
calm.addEventListener("change", stop);
enhance();
