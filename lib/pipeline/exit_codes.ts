/** Exit codes of the command line: the only place where an error becomes a number. */
import {
  ConfigError,
  LakeError,
  LockError,
  ModelError,
  QualityError,
  SourceError,
  SqlError,
  UsageError,
} from "../core/errors.ts";

/** What a run's exit code means. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  config: 3,
  source: 4,
  quality: 5,
  locked: 6,
  partial: 7,
  integrity: 8,
  interrupted: 130,
  /** Whoever read the output has gone. */
  unread: 141,
} as const;

/**
 * The exit code of an error.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { UsageError } from "../core/errors.ts";
 * assertEquals(exitCodeOf(new UsageError("Cannot …")), 2);
 * assertEquals(exitCodeOf(new Error("a bug")), 1);
 * ```
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof SqlError) return EXIT.usage;
  if (error instanceof ConfigError) return EXIT.config;
  if (error instanceof SourceError) return EXIT.source;
  // A model that cannot be fitted to what it was given: too few days, too wide an embargo.
  if (error instanceof QualityError || error instanceof ModelError) return EXIT.quality;
  if (error instanceof LockError) return EXIT.locked;
  if (error instanceof LakeError) return EXIT.integrity;
  return EXIT.internal;
}
