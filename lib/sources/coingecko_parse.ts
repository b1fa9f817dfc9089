/** Reads stored bodies of CoinGecko: market pages and market charts. Nothing here touches the network. */
import { z } from "zod";
import { type Contract, DEFAULT_CONTRACT, type Drift, type ExtraValue } from "../core/contract.ts";
import { QualityError } from "../core/errors.ts";
import { writeExactJson } from "../core/exact_json.ts";
import type { MarketPrice, Reject } from "../core/rows.ts";
import { parseBody, unusable } from "./coingecko_body.ts";
import { MARKET_KEYS } from "./coingecko_keys.ts";

export { bitcoinTick, parseSimplePrice, type PriceTick } from "./coingecko_price.ts";

/** Rows that could be used, and what could not. */
export interface ParsedMarkets {
  rows: MarketPrice[];
  rejects: Reject[];
  /** Records that came before with the very same content, and were dropped. */
  repeats: number;
  /** Values without a column of their own, where the contract says `evolve`. */
  extra: Omit<ExtraValue, "origin">[];
  /** Fields and types that are not as documented, each once, whatever the contract does with them. */
  drift: Drift[];
}

/** One price sample. */
export interface PricePoint {
  /** Epoch milliseconds. */
  time: number;
  /** USD. */
  price: number;
}

const NUMBER = z.number().nullish();
const INTEGER = z.union([z.number(), z.bigint()]).nullish();

const MARKET = z.object({
  id: z.string().min(1),
  symbol: z.string(),
  name: z.string(),
  current_price: NUMBER,
  market_cap: INTEGER,
  market_cap_rank: NUMBER,
  total_volume: INTEGER,
  price_change_percentage_24h: NUMBER,
  price_change_percentage_1h_in_currency: NUMBER,
  price_change_percentage_24h_in_currency: NUMBER,
  price_change_percentage_7d_in_currency: NUMBER,
});

const CHART = z.object({ prices: z.array(z.unknown()) });

/** Times below this one (1973 in milliseconds) are seconds or mistakes. */
const EARLIEST_MS = 1e11;
/** The largest time that a `Date` can hold. */
const LATEST_MS = 8.64e15;

/**
 * Reads the body of `/coins/markets` into rows of one snapshot. Any number may be missing; `volume_24h` is the API's
 * `total_volume`; the integer columns are rounded; the 24-hour change is taken from `price_change_percentage_24h` where
 * the `…_in_currency` key is absent.
 *
 * A record goes to the rejects, with its index (from 0) as `line`, when its id is missing (`missing_id`), a number
 * stands in quotes (`number_as_text`) or is too large for a double (`not_finite`), a value has another type than
 * documented (`wrong_type`), an amount does not fit into 64 bits (`out_of_range`), or its id came before with other
 * values (`duplicate_id`: the first one stays). Integers beyond 2^53 keep their digits, as `bigint`. A reject's `raw`
 * is the record written anew as JSON.
 *
 * That is the default contract, by which keys that are not {@linkcode MARKET_KEYS} are dropped. Another one may refuse
 * records with a value under such a key (`unknown_column`) or keep the value in `extra`; and it may take a record
 * without its values of a wrong type, which are null then. Id, symbol and name make a record: one without them is
 * refused whatever the contract says.
 *
 * @param body the exact bytes of the reply.
 * @param options.slot start of the snapshot's slot; every row's `timestamp` is its epoch second.
 * @param options.source `coingecko` or `demo`.
 * @throws {QualityError} where the contract says `freeze`, naming the field.
 * @throws {SourceError} (retryable) when the body is not JSON (an HTML page, "Throttled", a cut reply), not an
 * array, or empty.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const body = new TextEncoder().encode('[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","total_volume":9.6}]');
 * const { rows } = parseMarkets(body, { slot: new Date("2026-01-02T03:05:00Z"), source: "coingecko" });
 * assertEquals([rows[0]!.volume_24h, rows[0]!.current_price, rows[0]!.timestamp], [10, null, 1767323100]);
 * ```
 */
export function parseMarkets(
  body: Uint8Array,
  { slot, source, contract = DEFAULT_CONTRACT.snapshots }: {
    slot: Date;
    source: string;
    contract?: Contract;
  },
): ParsedMarkets {
  const records = parseBody(body, "a market page");
  if (!Array.isArray(records)) throw unusable("a market page", "it is not a list of coins", body);
  if (records.length === 0) throw unusable("a market page", "the list of coins is empty", body);
  const timestamp = Math.floor(slot.getTime() / 1000);
  const rows: MarketPrice[] = [];
  const rejects: Reject[] = [];
  const extra: ParsedMarkets["extra"] = [];
  const drift = new Map<string, Drift>();
  const seen = new Map<string, unknown>();
  let repeats = 0;
  for (const [line, record] of records.entries()) {
    const { drifted, ...taken } = takeRecord(record, contract);
    for (const one of drifted) {
      drift.set(`${one.kind} ${one.column}`, drift.get(`${one.kind} ${one.column}`) ?? one);
    }
    const result = taken.fault ?? readMarket(taken.record, { timestamp, source, seen, whole: record });
    if (result === "repeat") {
      repeats += 1;
    } else if ("reason" in result) {
      rejects.push({ line, ...result, raw: writeExactJson(record) });
    } else {
      seen.set(result.id, record);
      rows.push(result);
      const place = { id: result.id, source, timestamp_ms: slot.getTime() };
      extra.push(...taken.kept.map((value) => ({ ...place, ...value })));
    }
  }
  return { rows, rejects, repeats, extra, drift: [...drift.values()] };
}

/** The largest 64-bit integer. */
const LARGEST = 2n ** 63n - 1n;

const TEXT_COLUMNS = ["id", "symbol", "name"];
const BIGINTS = ["market_cap", "market_cap_rank", "total_volume"] as const;

type Complaint = Pick<Reject, "reason" | "detail">;

interface TakenRecord {
  /** The record without what the contract drops or moves. */
  record: unknown;
  /** Why the contract refuses the record. */
  fault: Complaint | null;
  kept: Pick<ExtraValue, "column_name" | "value">[];
  drifted: Drift[];
}

/** Applies the contract to one record. */
function takeRecord(record: unknown, { columns, data_type }: Contract): TakenRecord {
  const taken: TakenRecord = { record, fault: null, kept: [], drifted: [] };
  if (typeof record !== "object" || record === null || Array.isArray(record)) return taken;
  const fields = record as Record<string, unknown>;
  const unknown = Object.keys(fields).filter((key) =>
    !MARKET_KEYS.has(key) && (fields[key] ?? null) !== null
  );
  const keep = (key: string) => taken.kept.push({ column_name: key, value: textOf(fields[key]) });
  const note = (kind: Drift["kind"], key: string) =>
    taken.drifted.push({ kind, column: key, example: textOf(fields[key]).slice(0, 40) });
  for (const key of unknown) {
    note("columns", key);
    if (columns === "freeze") throw frozen("columns", `the field "${key}" was not there before`);
    if (columns === "evolve") keep(key);
    if (columns === "discard_row") {
      taken.fault ??= { reason: "unknown_column", detail: `the field "${key}" was not there before` };
    }
  }
  const wrong = wrongFields(record);
  for (const [key, { reason, detail }] of wrong) {
    note("data_type", key);
    if (data_type === "freeze") throw frozen("data_type", `${reason}, ${detail}`);
    if (data_type === "evolve") keep(key);
  }
  if (wrong.size > 0 && (data_type === "evolve" || data_type === "discard_value")) {
    taken.record = { ...fields, ...Object.fromEntries([...wrong.keys()].map((key) => [key, null])) };
  }
  return taken;
}

function textOf(value: unknown): string {
  if (value === Infinity || value === -Infinity) return String(value);
  return typeof value === "string" ? value : writeExactJson(value);
}

function frozen(entity: keyof Contract, what: string): QualityError {
  return new QualityError(
    `Cannot take a market page: ${what}, and the contract says freeze; ` +
      `set contract.snapshots.${entity} in _quality.json to another word, then redrive it with \`deno task replay\``,
  );
}

/** Numbers of a record that are none, or do not fit their column. */
function wrongFields(record: object): Map<string, Complaint> {
  const wrong = new Map<string, Complaint>();
  const parsed = MARKET.safeParse(record);
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0]);
    if (!TEXT_COLUMNS.includes(key)) wrong.set(key, fieldComplaint(record, issue));
  }
  for (const key of BIGINTS) {
    const value = (record as Record<string, unknown>)[key];
    const fault = wrong.has(key) ? null : outOfRange(key, value as number | bigint | null | undefined);
    if (fault) wrong.set(key, fault);
  }
  return wrong;
}

function outOfRange(key: string, value: number | bigint | null | undefined): Complaint | null {
  const whole = rounded(value);
  if (whole === null || whole <= LARGEST && whole >= -LARGEST) return null;
  const column = key === "total_volume" ? "volume_24h" : key;
  return { reason: "out_of_range", detail: `${column} is ${whole}, more than a 64-bit integer holds` };
}

function readMarket(
  record: unknown,
  { timestamp, source, seen, whole }: {
    timestamp: number;
    source: string;
    seen: ReadonlyMap<string, unknown>;
    /** The record as it came. */
    whole: unknown;
  },
): MarketPrice | Complaint | "repeat" {
  const parsed = MARKET.safeParse(record);
  if (!parsed.success) return complaint(record, parsed.error);
  const fault = BIGINTS.map((key) => outOfRange(key, parsed.data[key])).find((fault) => fault !== null);
  if (fault) return fault;
  const row = marketRow(parsed.data, { timestamp, source });
  const before = seen.get(row.id);
  if (before !== undefined) {
    if (writeExactJson(before) === writeExactJson(whole)) return "repeat";
    return { reason: "duplicate_id", detail: `the id "${row.id}" came before, the first record is kept` };
  }
  return row;
}

function marketRow(
  record: z.infer<typeof MARKET>,
  { timestamp, source }: { timestamp: number; source: string },
): MarketPrice {
  const in_currency = record.price_change_percentage_24h_in_currency;
  return {
    id: record.id,
    symbol: record.symbol,
    name: record.name,
    current_price: record.current_price ?? null,
    market_cap: rounded(record.market_cap),
    market_cap_rank: record.market_cap_rank === null || record.market_cap_rank === undefined
      ? null
      : Math.round(record.market_cap_rank),
    volume_24h: rounded(record.total_volume),
    price_change_pct_1h: record.price_change_percentage_1h_in_currency ?? null,
    price_change_pct_24h: (in_currency === undefined ? record.price_change_percentage_24h : in_currency) ??
      null,
    price_change_pct_7d: record.price_change_percentage_7d_in_currency ?? null,
    timestamp,
    source,
  };
}

/** An integer: exact where the text was one, else the nearest to the double. */
function rounded(value: number | bigint | null | undefined): number | bigint | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return value;
  const whole = Math.round(value);
  return Number.isSafeInteger(whole) ? whole : BigInt(whole);
}

function complaint(record: unknown, error: z.ZodError): Complaint {
  const id = typeof record === "object" && record !== null ? (record as { id?: unknown }).id : undefined;
  if (id === undefined || id === null || id === "") {
    return { reason: "missing_id", detail: "the record has no id" };
  }
  return fieldComplaint(record, error.issues[0]!);
}

function fieldComplaint(record: unknown, { path, message }: z.core.$ZodIssue): Complaint {
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], record);
  const where = path.join(".");
  if (value === Infinity || value === -Infinity) {
    return { reason: "not_finite", detail: `${where} is too large for a number` };
  }
  if (typeof value === "string" && !TEXT_COLUMNS.includes(where)) {
    return { reason: "number_as_text", detail: `${where} is the text "${value.slice(0, 40)}", not a number` };
  }
  return { reason: "wrong_type", detail: `${path.join(".") || "the record"}: ${message}` };
}

/**
 * Reads the prices of a `/coins/{id}/market_chart` body: sorted by time, one point a time. A repeated pair is
 * dropped silently. To the rejects, with the pair's index (from 0) as `line`, go pairs that are none or hold no
 * number (`not_a_number`), times that are not epoch milliseconds (`bad_time`), prices of 0 or less
 * (`non_positive`), and a second price for a time (`duplicate_time`: the first one stays).
 *
 * @param body the exact bytes of the reply.
 * @throws {SourceError} (retryable) when the body is not JSON or has no list `prices`, or an empty one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const body = new TextEncoder().encode('{"prices":[[1700000300000,2],[1700000000000,1],[1700000600000,null]]}');
 * const { points, rejects } = parseMarketChart(body);
 * assertEquals(points, [{ time: 1700000000000, price: 1 }, { time: 1700000300000, price: 2 }]);
 * assertEquals(rejects.map((reject) => [reject.line, reject.reason]), [[2, "not_a_number"]]);
 * ```
 */
export function parseMarketChart(body: Uint8Array): { points: PricePoint[]; rejects: Reject[] } {
  const chart = CHART.safeParse(parseBody(body, "a market chart"));
  if (!chart.success) throw unusable("a market chart", "it has no list of prices", body);
  if (chart.data.prices.length === 0) throw unusable("a market chart", "its list of prices is empty", body);
  const prices = new Map<number, number>();
  const rejects: Reject[] = [];
  for (const [line, pair] of chart.data.prices.entries()) {
    const point = readPoint(pair);
    const known = "reason" in point ? undefined : prices.get(point.time);
    if ("reason" in point) {
      rejects.push({ line, ...point, raw: writeExactJson(pair) });
    } else if (known === undefined) {
      prices.set(point.time, point.price);
    } else if (known !== point.price) {
      const detail = `this time has the price ${known} already, which is kept`;
      rejects.push({ line, reason: "duplicate_time", detail, raw: writeExactJson(pair) });
    }
  }
  const points = [...prices].map(([time, price]) => ({ time, price })).sort((a, b) => a.time - b.time);
  return { points, rejects };
}

function readPoint(pair: unknown): PricePoint | Complaint {
  if (!Array.isArray(pair) || !Number.isFinite(pair[0]) || !Number.isFinite(pair[1])) {
    return { reason: "not_a_number", detail: "a point is a pair of two numbers, [milliseconds, price]" };
  }
  const [time, price] = pair as [number, number];
  if (!Number.isInteger(time) || time < EARLIEST_MS || time > LATEST_MS) {
    return { reason: "bad_time", detail: `${time} is not a time in epoch milliseconds` };
  }
  if (price <= 0) return { reason: "non_positive", detail: `the price is ${price}, prices are above 0` };
  return { time, price };
}
