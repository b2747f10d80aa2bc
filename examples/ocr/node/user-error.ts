// Failures that the user can mend. They are told in one sentence, without a stack.

export class UserError extends Error {}

/** Wrong arguments; exit code 2. */
export class UsageError extends UserError {}
