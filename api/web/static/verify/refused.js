// What does not hold, and what cannot be told: two things that must never look alike on a page.

/** Something was checked and does not hold. facts: where, as far as it is known: index, node, step. */
export class Refused extends Error {
  constructor(message, facts = {}) {
    super(message);
    this.facts = facts;
  }
}

/** Something could not be checked here: nothing is known of it, neither good nor bad. */
export class Unable extends Error {}

/** A file that is not there. */
export class Absent extends Unable {}

export function refuse(message, facts) {
  throw new Refused(message, facts);
}

/** Add what is known of the place to whatever is refused in there. */
export function placed(error, facts) {
  if (error instanceof Refused) error.facts = { ...facts, ...error.facts };
  return error;
}
