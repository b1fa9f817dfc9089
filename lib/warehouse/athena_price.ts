/** What Athena charges for. */

/** Athena counts in whole megabytes, ten of them at least. */
const MEGABYTE = 1e6, LEAST_BILLED = 10e6;

/**
 * What is charged for a query that scanned so much; definitions and earlier answers cost nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 10_000_001].map(billedBytes), [10_000_000, 11_000_000]);
 * ```
 */
export function billedBytes(bytes_scanned: number): number {
  return Math.max(LEAST_BILLED, Math.ceil(bytes_scanned / MEGABYTE) * MEGABYTE);
}

/**
 * An amount of bytes for a person, in Athena's megabytes of a million bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([0, 1_234, 15_600_000, 2.5e12].map(megabytes), ["0 MB", "0.001 MB", "15.6 MB", "2500000 MB"]);
 * ```
 */
export function megabytes(bytes: number): string {
  const amount = bytes / MEGABYTE;
  return `${Number(amount.toPrecision(3)) < 1 ? Number(amount.toFixed(3)) : Number(amount.toFixed(1))} MB`;
}
