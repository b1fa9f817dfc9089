/** Athena answers in text; these are the values that DuckDB gives for the same. */

/** DuckDB's name for a type of Athena's; what is not here keeps its text and Athena's name. */
const TYPES: Readonly<Record<string, string>> = {
  boolean: "BOOLEAN",
  tinyint: "TINYINT",
  smallint: "SMALLINT",
  integer: "INTEGER",
  int: "INTEGER",
  bigint: "BIGINT",
  real: "FLOAT",
  float: "FLOAT",
  double: "DOUBLE",
  decimal: "DECIMAL",
  varchar: "VARCHAR",
  char: "VARCHAR",
  string: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
  "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
  varbinary: "BLOB",
};

/** Zones that are UTC by another name. */
const UTC = /^(UTC|Z|GMT|[+-]00:00|Etc\/UTC)$/;

/**
 * DuckDB's name for a column type as Athena's result names it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["bigint", "varchar", "array(bigint)"].map(engineType), ["BIGINT", "VARCHAR", "ARRAY(BIGINT)"]);
 * ```
 */
export function engineType(athenaType: string): string {
  return TYPES[athenaType.toLowerCase()] ?? athenaType.toUpperCase();
}

/**
 * A value from its text: null, boolean, number, bigint (64-bit integers), `Date` in UTC (dates and timestamps), bytes,
 * or the text itself, for words, for structures, and for whatever its type does not hold.
 *
 * @param type As {@linkcode engineType} gives it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(readValue("9007199254740993", "BIGINT"), 9007199254740993n);
 * assertEquals(readValue("2026-01-02 03:04:05.000", "TIMESTAMP"), new Date("2026-01-02T03:04:05Z"));
 * assertEquals(readValue(undefined, "DOUBLE"), null);
 * ```
 */
export function readValue(text: string | undefined, type: string): unknown {
  if (text === undefined) return null;
  switch (type) {
    case "BOOLEAN":
      return text === "true" ? true : text === "false" ? false : text;
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case "BIGINT":
      return /^-?\d+$/.test(text) ? BigInt(text) : text;
    case "FLOAT":
    case "DOUBLE":
    case "DECIMAL":
      return readDouble(text);
    case "DATE":
      return readInstant(text, /^(\d{4}-\d\d-\d\d)$/);
    case "TIMESTAMP":
      return readInstant(text, /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/);
    case "TIMESTAMP WITH TIME ZONE":
      return readInstant(text, /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) (.+)$/);
    case "BLOB":
      return /^([0-9a-f]{2}( [0-9a-f]{2})*)?$/i.test(text)
        ? Uint8Array.fromHex(text.replaceAll(" ", ""))
        : text;
    default:
      return text;
  }
}

function readDouble(text: string): number | string {
  if (text === "NaN") return NaN;
  const number = text.trim() === "" ? NaN : Number(text);
  return Number.isNaN(number) ? text : number;
}

function readInstant(text: string, pattern: RegExp): Date | string {
  const [, day, time = "00:00:00", zone = "UTC"] = pattern.exec(text) ?? [];
  if (day === undefined || !UTC.test(zone)) return text;
  const instant = new Date(`${day}T${time}Z`);
  return Number.isNaN(instant.getTime()) ? text : instant;
}
