// What a check proves, and what it does not: the same words wherever it is shown. And how a page is written to.

export const NOT_PROVED = [
  "That what a node signed is true.",
  "That the list or the number is complete: the server chose which events to name. Checking the whole log counts all.",
  "That the rules were followed: this page does not replay the rules or the database; cohort-ledger audit does.",
  "When an event was received: that is the hub's word; cohort-ledger audit holds it against the witnesses' times.",
  "Where nothing is pinned, that this is the alliance's ledger and not one that was made up.",
  "That this program is honest, where the same server sent it: the offline file, whose hash is in the README, does not " +
    "come from it.",
];

/** Make an element. What is shown is text, never markup: much of it comes from whoever is not trusted. */
export function element(name, { text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(text, ...children);
  return made;
}

export function notProved() {
  const items = NOT_PROVED.map((text) => element("li", { text }));
  return element("details", {}, element("summary", { text: "What this does not prove" }), element("ul", {}, ...items));
}

/** Wait until what was written is drawn, so that a click is answered at once. */
export function drawn() {
  return new Promise((resolve) => setTimeout(resolve));
}
