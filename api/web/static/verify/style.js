// The stylesheet of these checks, for whatever page loads one of them.
import { element } from "./words.js";

export function addStyle() {
  const href = new URL("verify.css", import.meta.url).href;
  const isThere = [...document.querySelectorAll("link[rel=stylesheet]")].some((link) => link.href === href);
  if (!isThere) document.head.append(element("link", { rel: "stylesheet", href }));
}
