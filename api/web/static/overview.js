// Counts that the hub computes from all of the log, and so gives a moment later. Without this the links say as much.

for (const place of document.querySelectorAll("[data-count]")) {
  count(place);
}

async function count(place) {
  const { count: address, node, by, one, many } = place.dataset;
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const found = (await answer.json()).filter((each) => !node || each.node === node);
  place.textContent = by ? tally(found.map((each) => each[by])) : `${found.length} ${found.length === 1 ? one : many}`;
}

function tally(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${times} ${word}`).join(", ") || "nothing attested";
}
