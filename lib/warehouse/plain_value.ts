/**
 * A value of the engine as a value of JSON: dates as `YYYY-MM-DD`, timestamps in ISO 8601, 64-bit integers as numbers
 * where a number holds them exactly and as text where not, `NaN` and infinities as text, blobs in hexadecimal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(plainValue(new Date("2024-02-14"), "DATE"), "2024-02-14");
 * assertEquals([plainValue(7n), plainValue(9007199254740993n)], [7, "9007199254740993"]);
 * ```
 */
export function plainValue(value: unknown, type = ""): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return type === "DATE" ? value.toISOString().slice(0, 10) : value.toISOString();
  if (Array.isArray(value)) return value.map((item) => plainValue(item));
  if (value instanceof Uint8Array) return value.toHex();
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plainValue(item)]));
  }
  return value;
}
