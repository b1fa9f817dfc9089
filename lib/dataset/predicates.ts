/** Predicates: which rows a reader gives, by their values. */
import { createHash } from "node:crypto";

/** A row's values by field. */
export type Row = Record<string, unknown>;

/** Decides about a row by some of its fields. */
export interface Predicate {
  /** What it looks at; a reader fetches these fields even where they were not asked for. */
  readonly fields: readonly string[];
  /** What it does, in words that two equal predicates share: a saved state names it. */
  readonly description: string;
  includes(row: Readonly<Row>): boolean;
}

/**
 * Rows whose field is one of some values.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(inSet(["BTC", "ETH"], "symbol").includes({ symbol: "ETH" }), true);
 * // 64-bit integers are bigint; the number of the same value is meant as well.
 * assertEquals(inSet([7], "id").includes({ id: 7n }), true);
 * ```
 */
export function inSet(values: Iterable<unknown>, field: string): Predicate {
  const wanted = new Set(Array.from(values, comparable));
  return {
    fields: [field],
    description: `${field} in ${JSON.stringify([...wanted].map(String).sort())}`,
    includes: (row) => wanted.has(comparable(row[field])),
  };
}

/**
 * Rows that a function lets through.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rising = inLambda(["open", "close"], ({ open, close }) => Number(close) > Number(open));
 * assertEquals(rising.includes({ open: 1, close: 2 }), true);
 * ```
 */
export function inLambda(fields: readonly string[], test: (row: Readonly<Row>) => boolean): Predicate {
  return { fields, description: `lambda(${fields}) ${test}`, includes: test };
}

/**
 * Rows that another predicate leaves out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(inNegate(inSet(["BTC"], "symbol")).includes({ symbol: "BTC" }), false);
 * ```
 */
export function inNegate(predicate: Predicate): Predicate {
  return {
    fields: predicate.fields,
    description: `not (${predicate.description})`,
    includes: (row) => !predicate.includes(row),
  };
}

/**
 * Several predicates' answers, reduced to one.
 *
 * @example Either of two
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const either = inReduce([inSet([1], "a"), inSet([1], "b")], (answers) => answers.some(Boolean));
 * assertEquals(either.includes({ a: 0, b: 1 }), true);
 * ```
 */
export function inReduce(
  predicates: readonly Predicate[],
  reduce: (answers: readonly boolean[]) => boolean,
): Predicate {
  return {
    fields: [...new Set(predicates.flatMap(({ fields }) => fields))],
    description: `${reduce} of ${predicates.map(({ description }) => `(${description})`).join(", ")}`,
    includes: (row) => reduce(predicates.map((predicate) => predicate.includes(row))),
  };
}

/** Python's `sys.maxsize`: the hash is taken modulo this. */
const BUCKETS = 2n ** 63n - 1n;

/**
 * One part of a split by the hash of a field: all rows with one value of the field fall into the same part, whatever
 * the order, the shards and the machine. The hash (MD5 of the value's text) and the borders are Petastorm's, so both
 * cut a dataset alike.
 *
 * @param fractions Shares of the parts, such as `[0.7, 0.3]`.
 * @param part Which of them.
 * @throws {RangeError} where the shares are no shares, or there is no such part.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const parts = [0, 1].map((part) => inPseudorandomSplit([0.5, 0.5], part, "id"));
 * const ids = Array.from({ length: 1000 }, (_, id) => ({ id }));
 * const counts = parts.map((part) => ids.filter((row) => part.includes(row)).length);
 * assertEquals(counts[0]! + counts[1]!, 1000);
 * ```
 */
export function inPseudorandomSplit(fractions: readonly number[], part: number, field: string): Predicate {
  const borders = [0];
  for (const share of fractions) borders.push(borders.at(-1)! + share);
  if (!fractions.every((share) => share >= 0) || borders.at(-1)! > 1 + 1e-9) {
    throw new RangeError(
      `Cannot split by ${JSON.stringify(fractions)}: shares are 0 to 1, and 1 in sum at most`,
    );
  }
  if (!Number.isInteger(part) || part < 0 || part >= fractions.length) {
    throw new RangeError(`Cannot take part ${part}: there are ${fractions.length}, counted from 0`);
  }
  const border = (at: number) => borders[at]! * Number(BUCKETS - 1n);
  const [low, high] = [border(part), border(part + 1)];
  return {
    fields: [field],
    description: `part ${part} of ${JSON.stringify(fractions)} by ${field}`,
    includes: (row) => {
      const bucket = bucketOf(textOf(row[field], field));
      return bucket >= low && bucket < high;
    },
  };
}

function bucketOf(text: string): bigint {
  return BigInt(`0x${createHash("md5").update(text).digest("hex")}`) % BUCKETS;
}

/** The text that Python's `str` gives. */
function textOf(value: unknown, field: string): string {
  if (typeof value === "string" || typeof value === "bigint") return String(value);
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value === null) return "None";
  throw new TypeError(
    `Cannot split by field "${field}": it holds ${typeof value} ${value}, use a field of text or whole numbers`,
  );
}

function comparable(value: unknown): unknown {
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
  return value instanceof Date ? value.getTime() : value;
}
