/**
 * The errors that the pipeline reacts to. A caller's own mistake stays a `TypeError`, `RangeError` or
 * `SyntaxError`; everything that a run can meet on the way is a {@linkcode LakebookError}.
 *
 * Messages follow one grammar: `Cannot <action> "<what>": <current state>, <what to do>`.
 */

/** Options of every {@linkcode LakebookError}. */
export interface LakebookErrorOptions {
  /** The error beneath this one, kept for the log. */
  cause?: unknown;
  /** Whether the same call may succeed later (a timeout may, a wrong column name won't). */
  retryable?: boolean;
}

/**
 * Base of all errors that Lakebook raises on purpose.
 *
 * @example Branching on `retryable`
 * ```ts
 * import { assert } from "@std/assert";
 * const error = new SourceError('Cannot fetch "/ping": status is 503, try again later', { retryable: true });
 * assert(error instanceof LakebookError && error.retryable);
 * ```
 */
export class LakebookError extends Error {
  override name = "LakebookError";
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(message: string, { cause, retryable = false }: LakebookErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryable = retryable;
  }
}

/** The command line was wrong: an unknown flag, a bad date, a flag without its companion. */
export class UsageError extends LakebookError {
  override name = "UsageError";
}

/** A setting, a credential or a permission is missing or wrong. */
export class ConfigError extends LakebookError {
  override name = "ConfigError";
}

/** A source (an API, a file) is missing, empty, unreachable or answers with an error. */
export class SourceError extends LakebookError {
  override name = "SourceError";
}

/** Data does not keep its contract: wrong columns, wrong units, no usable row. */
export class QualityError extends LakebookError {
  override name = "QualityError";
}

/** Somebody else holds the lake's lock. */
export class LockError extends LakebookError {
  override name = "LockError";
}

/** The lake could not keep its promise: a write failed, an object or a source file is damaged. */
export class LakeError extends LakebookError {
  override name = "LakeError";
}

/** SQL was refused or failed; the message carries line, column and a hint. */
export class SqlError extends LakebookError {
  override name = "SqlError";
}

/** A model cannot be trained or used on this data. */
export class ModelError extends LakebookError {
  override name = "ModelError";
}
