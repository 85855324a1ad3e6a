// Follows the log: new events come on top of the list, over the live feed (server-sent events, WHATWG HTML, 9.2).
//
// The page says behind which entry to begin, and which events are wanted; what is wanted is looked for here, in the
// clear fields of each event. A feed that breaks off is taken up where it was. All of an event is put in as text.

const SHOWN_MAX = 500; // rows: the oldest go, and are found under Older
const AGAIN_MS = 5_000;

const place = document.querySelector("[data-live]");
const body = document.querySelector("#events tbody");
if (place && body && "EventSource" in window) follow(place.dataset);

function follow(wanted) {
  let last = Number(wanted.after);
  let feed = null;
  let timer = 0;
  let fresh = 0;
  const button = make("button", { type: "button" });
  const status = make("span", { role: "status", "aria-live": "polite" });
  place.append(button, status);
  button.addEventListener("click", () => (feed ? pause() : resume()));
  addEventListener("pagehide", () => stop());
  resume();

  function resume() {
    stop();
    button.textContent = "Pause";
    status.textContent = "Connecting …";
    feed = new EventSource(`/events/live?after=${last}`);
    feed.addEventListener("open", () => say());
    feed.addEventListener("entry", (message) => {
      const entry = JSON.parse(message.data);
      if (entry.index <= last) return;
      last = entry.index;
      if (show(entry)) fresh += 1;
      say();
    });
    feed.addEventListener("error", () => {
      status.textContent = "The connection is lost. What is here may be out of date; trying again …";
      if (feed?.readyState !== EventSource.CLOSED) return; // the browser tries by itself, and says what it has last
      timer = setTimeout(resume, AGAIN_MS);
    });
  }

  function pause() {
    stop();
    button.textContent = "Resume";
    status.textContent = `Paused at entry ${last.toLocaleString("en")}.`;
  }

  function stop() {
    clearTimeout(timer);
    feed?.close();
    feed = null;
  }

  function say() {
    status.textContent = `Following the log. ${fresh === 0 ? "Nothing new yet." : `${fresh} new since the page was opened.`}`;
  }

  /** Puts an event on top, where it is wanted and not there already. */
  function show(entry) {
    const { actor = {}, data = {} } = claimsOf(entry.jws);
    const about = { ...(data.replacement ?? {}), ...data };
    const isWanted =
      (!wanted.node || entry.node === wanted.node) &&
      (!wanted.type || entry.type === wanted.type) &&
      (!wanted.cohort || data.cohort === wanted.cohort) &&
      (!wanted.case || data.case === wanted.case) &&
      (!wanted.from || entry.index >= Number(wanted.from));
    if (!isWanted || document.getElementById(`entry-${entry.index}`)) return false;
    const row = make("tr", { id: `entry-${entry.index}`, class: "new" });
    row.append(
      cell("th", link(`/events/${entry.index}`, entry.index.toLocaleString("en")), { scope: "row", class: "number" }),
      cell("td", make("time", { datetime: entry.received }, entry.received.slice(0, 19).replace("T", " "))),
      cell("td", link(`/events?node=${encodeURIComponent(entry.node)}`, entry.node)),
      cell("td", entry.type.replace(/[._-]/g, " "), { class: "wraps" }),
      cell("td", cohortOf(about.cohort), { class: "wraps" }),
      cell("td", typeof about.case === "string" ? caseOf(entry.node, about.case) : ""),
      cell("td", String(actor.role ?? "")),
      cell("td", entry.state),
    );
    if (entry.synthetic) row.lastChild.append(" ", make("span", { class: "tag" }, "synthetic"));
    body.querySelector("td[colspan]")?.parentElement.remove();
    body.prepend(row);
    while (body.rows.length > SHOWN_MAX) body.lastElementChild.remove();
    const older = document.querySelector("a[rel=next]");
    const oldest = body.lastElementChild?.id.replace("entry-", "");
    if (older && oldest) {
      const address = new URL(older.href);
      address.searchParams.set("before", oldest);
      older.href = address.href;
    }
    return true;
  }
}

function claimsOf(jws) {
  const text = jws.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (each) => each.charCodeAt(0))));
}

function cohortOf(cohort) {
  return typeof cohort === "string" ? link(`/cohorts/${encodeURIComponent(cohort)}`, cohort) : "";
}

function caseOf(node, handle) {
  const found = link(`/cases/${encodeURIComponent(node)}/${encodeURIComponent(handle)}`, "");
  found.append(make("code", {}, `${handle.slice(0, 8)}…${handle.slice(-4)}`));
  return found;
}

function cell(name, content, attributes = {}) {
  const made = make(name, attributes);
  made.append(content);
  return made;
}

function link(href, text) {
  return make("a", { href }, text);
}

function make(name, attributes, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(text);
  return made;
}
