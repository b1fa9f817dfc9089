/** Where Athena runs and what it may cost, from the environment. Loads nothing of AWS. */
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { type AwsAccess, awsAccess } from "../lake/aws_access.ts";

/** How Athena is reached and used. */
export interface AthenaSettings extends AwsAccess {
  /** Absent: AWS's own default, `primary`. */
  workgroup?: string;
  /** Where results are put; absent where the workgroup says. */
  output?: string;
  /** An answer to the same statement of at most this age is taken again, and costs nothing; 0 is never. */
  reuse_minutes: number;
  /** What one engine may scan in all its queries. */
  byte_budget: number;
  /** Per 10^12 bytes scanned. */
  usd_per_tb: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Each variable with what to write into it. */
const VARIABLES = {
  LAKEBOOK_ATHENA_WORKGROUP: [
    z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
    "a workgroup's name (letters, digits and ._-)",
  ],
  LAKEBOOK_ATHENA_OUTPUT: [
    z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^\s'"\\]*)?$/),
    "a place for results, such as s3://bucket/athena-results/",
  ],
  LAKEBOOK_ATHENA_REUSE_MINUTES: [
    z.coerce.number().int().min(0).max(10_080),
    "whole minutes, 0 to 10080 (a week)",
  ],
  LAKEBOOK_ATHENA_BYTE_BUDGET: [
    z.string().regex(/^\d+(\.\d+)?\s*([KMGT]?B)?$/i).transform(readBytes).pipe(z.number().positive()),
    "an amount above 0, such as 500MB, 10GB or 2TB",
  ],
  LAKEBOOK_ATHENA_USD_PER_TB: [z.coerce.number().nonnegative(), "a price in USD, such as 5"],
} as const;

/**
 * Reads what {@linkcode awsAccess} reads, and
 *
 * - `LAKEBOOK_ATHENA_OUTPUT`, where Athena puts results, or `LAKEBOOK_ATHENA_WORKGROUP`, a workgroup that has such a
 *   place: one of both is needed;
 * - `LAKEBOOK_ATHENA_BYTE_BUDGET`, what a command may scan (default 10GB, that is 5 cents);
 * - `LAKEBOOK_ATHENA_REUSE_MINUTES`, the age up to which an earlier answer is taken again (default 0: never);
 * - `LAKEBOOK_ATHENA_USD_PER_TB`, the price for estimates (default 5).
 *
 * An empty variable counts as absent.
 *
 * @throws {ConfigError} where one is missing or cannot be used.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { output, byte_budget } = athenaSettings({ LAKEBOOK_ATHENA_OUTPUT: "s3://bucket/results/" });
 * assertEquals([output, byte_budget], ["s3://bucket/results/", 10e9]);
 * ```
 */
export function athenaSettings(env: Environment): AthenaSettings {
  const workgroup = read(env, "LAKEBOOK_ATHENA_WORKGROUP"), output = read(env, "LAKEBOOK_ATHENA_OUTPUT");
  if (workgroup === undefined && output === undefined) {
    throw new ConfigError(
      `Cannot use Athena: neither LAKEBOOK_ATHENA_OUTPUT nor LAKEBOOK_ATHENA_WORKGROUP is set, write into the first ` +
        `where results shall go (s3://bucket/folder/), or into the second a workgroup that has such a place`,
    );
  }
  return {
    ...awsAccess(env, "ATHENA"),
    ...workgroup === undefined ? {} : { workgroup },
    ...output === undefined ? {} : { output },
    reuse_minutes: read(env, "LAKEBOOK_ATHENA_REUSE_MINUTES") ?? 0,
    byte_budget: read(env, "LAKEBOOK_ATHENA_BYTE_BUDGET") ?? 10e9,
    usd_per_tb: usdPerTb(env),
  };
}

/** The price of 10^12 bytes scanned, in USD: `LAKEBOOK_ATHENA_USD_PER_TB`, or 5. */
export function usdPerTb(env: Environment): number {
  return read(env, "LAKEBOOK_ATHENA_USD_PER_TB") ?? 5;
}

function read<Name extends keyof typeof VARIABLES>(env: Environment, name: Name) {
  const text = env[name]?.trim() || undefined;
  if (text === undefined) return undefined;
  const [schema, words] = VARIABLES[name];
  const parsed = schema.safeParse(text);
  if (!parsed.success) throw new ConfigError(`Cannot use "${name}": it is "${text}", write ${words}`);
  return parsed.data as z.output<(typeof VARIABLES)[Name][0]>;
}

function readBytes(text: string): number {
  const [, number, unit = "B"] = /^([\d.]+)\s*([KMGT]?B)?$/i.exec(text)!;
  return Math.round(Number(number) * BYTES[unit.toUpperCase()]!);
}
