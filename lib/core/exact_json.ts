/**
 * JSON whose integers keep all their digits: beyond 2^53 they are `bigint`s. A market cap in a small currency gets
 * there.
 */

/** A number of sixteen digits or more is somewhere in the text; only then reading needs care. */
const LONG_NUMBER = /\d{16}/;

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const exact: Reviver = (_key, value, { source }) =>
  typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

/**
 * Reads JSON.
 *
 * @throws {SyntaxError} where the text is not JSON.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(parseExactJson("[9007199254740993, 1.5, 2]"), [9007199254740993n, 1.5, 2]);
 * ```
 */
export function parseExactJson(text: string): unknown {
  return LONG_NUMBER.test(text)
    ? JSON.parse(text, exact as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/**
 * Writes JSON.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(writeExactJson({ market_cap: 9007199254740993n }), '{"market_cap":9007199254740993}');
 * ```
 */
export function writeExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) => typeof part === "bigint" ? rawJSON(String(part)) : part);
}
