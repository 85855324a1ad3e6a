// Canonical JSON: one spelling for every value that is signed or hashed (RFC 8785, without floats).
import { fromUtf8 } from "./bytes.js";
import { refuse } from "./refused.js";

const DEPTH_MAX = 32;
const ASCII = /^[\x00-\x7f]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Read canonical JSON; refuses bytes that `printCanonical` would not print. */
export function readCanonical(bytes) {
  const text = fromUtf8(bytes);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    refuse("not JSON");
  }
  if (printCanonical(value) !== text) refuse("not canonical JSON");
  return value;
}

export function printCanonical(value) {
  return printed(value, 0);
}

function printed(value, depth) {
  switch (typeof value) {
    case "string":
      if (LONE_SURROGATE.test(value)) refuse("a string with a lone surrogate");
      return JSON.stringify(value);
    case "number":
      if (!Number.isSafeInteger(value)) refuse("a number that is no integer, or beyond 2^53 - 1");
      return String(value); // of -0 it is 0, which is not what was read
    case "boolean":
      return String(value);
    case "object":
      break;
    default:
      refuse(`canonical JSON has no ${typeof value}`);
  }
  if (value === null) return "null";
  if (depth === DEPTH_MAX) refuse(`nested deeper than ${DEPTH_MAX}`);
  if (Array.isArray(value)) return `[${value.map((each) => printed(each, depth + 1)).join(",")}]`;
  const names = Object.keys(value).sort(); // ASCII sorts alike by unit and by byte
  for (const name of names) if (!ASCII.test(name)) refuse("an object's member names are ASCII");
  return `{${names.map((name) => `${JSON.stringify(name)}:${printed(value[name], depth + 1)}`).join(",")}}`;
}

/** Whether a value is an object with exactly these members. */
export function hasExactly(value, ...names) {
  return (
    isObject(value) && Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name))
  );
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
