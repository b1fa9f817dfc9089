/** Flags as commander gives them, checked against what a command takes. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";

/**
 * A whole number in a range, as text of a command line.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { z } from "zod";
 * import { UsageError } from "@lib/core/errors.ts";
 * const FLAGS = z.object({ horizon: whole(1).default(1) });
 * assertEquals(readFlags(FLAGS, { horizon: "7" }), { horizon: 7 });
 * assertThrows(
 *   () => readFlags(FLAGS, { horizon: "7.5" }),
 *   UsageError,
 *   "Cannot use --horizon 7.5: give a whole number from 1 on",
 * );
 * ```
 */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const wanted = `give a whole number from ${least} ${
    most === Number.MAX_SAFE_INTEGER ? "on" : `to ${most}`
  }`;
  return z.coerce.number(wanted).int(wanted).min(least, wanted).max(most, wanted);
}

/**
 * Checks flags.
 *
 * @throws {UsageError} for the first one that cannot be used: it says what was given, and what is wanted.
 */
export function readFlags<T extends z.ZodType>(schema: T, flags: unknown): z.output<T> {
  const parsed = schema.safeParse(flags);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const name = String(issue.path[0] ?? "");
  const given = (flags as Record<string, unknown>)[name];
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const shown = typeof given !== "string" ? "" : given === "" ? ' ""' : ` ${given}`;
  throw new UsageError(
    `Cannot use ${flag}${shown}: ${given === "" ? "it is empty, give a value" : wanted(issue)}`,
  );
}

/** A choice without words of its own names what there is. */
function wanted(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_value" && issue.message.startsWith("Invalid")
    ? `choose among ${issue.values.map(String).join(", ")}`
    : issue.message;
}
