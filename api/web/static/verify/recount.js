// Recounts: count again, from events that were verified, what a page shows as a number.
//
// A rule is a JSON object, and does no more than its members say:
//   {"types": ["patient.enrolled"], "cohort": "slug", "node": "drup-nl", "distinct": "case", "minus": ["event.retracted"]}
// Counted are events whose type is listed and whose clear data name the cohort and whose stream is the node's, where
// those are given; distinct "case": each case of a node once. What a verified `event.corrected` among them replaces is
// taken as it replaces it; with "minus" what a verified event of those types takes back is not counted. Sealed values
// take no part. A member that is not known here is refused: a number is never confirmed by a part of its rule.
import { isObject } from "./canonical.js";
import { Unable } from "./refused.js";

const MEMBERS_OF_RULE = ["types", "cohort", "node", "distinct", "minus"];

export function checkedRule(rule) {
  const isTexts = (value) => Array.isArray(value) && value.every((each) => typeof each === "string");
  const isText = (value) => value === undefined || typeof value === "string";
  const isKnown = isObject(rule) && Object.keys(rule).every((name) => MEMBERS_OF_RULE.includes(name));
  if (!isKnown || !isTexts(rule.types) || !isText(rule.cohort) || !isText(rule.node)) throw unknown();
  if (![undefined, "case"].includes(rule.distinct) || !isTexts(rule.minus ?? [])) throw unknown();
  return rule;
}

/** A count that grows event by event, in the order of the log. */
export class Recount {
  counted = new Map(); // event id -> what it counts as
  nodes = new Map(); // event id -> whose it is, of every event of the rule's types

  constructor(rule) {
    this.rule = checkedRule(rule);
  }

  take({ jti, iss, type, data }) {
    const { types, minus = [] } = this.rule;
    if (types.includes(type)) {
      this.nodes.set(jti, iss);
      this.#count(jti, iss, data);
    }
    if (!this.nodes.has(data.event) || this.nodes.get(data.event) !== iss) return; // a node takes back its own events alone
    if (minus.includes(type)) {
      this.counted.delete(data.event);
      this.nodes.delete(data.event);
    } else if (type === "event.corrected" && isObject(data.replacement)) {
      this.#count(data.event, iss, data.replacement);
    }
  }

  get count() {
    return this.rule.distinct === undefined ? this.counted.size : new Set(this.counted.values()).size;
  }

  #count(jti, iss, data) {
    const { cohort, node } = this.rule;
    const isMeant = (cohort === undefined || data.cohort === cohort) && (node === undefined || iss === node);
    if (isMeant) this.counted.set(jti, JSON.stringify([iss, data.case ?? null]));
    else this.counted.delete(jti);
  }
}

function unknown() {
  return new Unable("this page counts by a rule that is not known here");
}
