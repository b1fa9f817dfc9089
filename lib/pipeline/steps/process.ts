/** `raw/` into typed rows: market snapshots, price samples, candles. Whatever is done already is skipped. */
import { SourceError } from "../../core/errors.ts";
import type { Reject } from "../../core/rows.ts";
import { countReasons, keepDeadLetter } from "../../lake/dead_letters.ts";
import { marketPricesKey, priceHistoryKey } from "../../lake/keys.ts";
import { fingerprint, isDone, readRecord, writeRecord } from "../../lake/ledger.ts";
import { decodeNdjson, encodeNdjson } from "../../lake/ndjson.ts";
import { type RunContext, type StepResult, SYMBOL } from "../context.ts";

/** Raise this when the way from raw bytes to rows changes, so that lakes are processed anew. */
const PROCESS_VERSION = 1;

interface Part {
  done: boolean;
  rows_in: number;
  rows_out: number;
  detail: string;
}

/** Runs the three parts. */
export async function processStep(context: RunContext): Promise<StepResult> {
  const parts = [await processMarkets(context), await processCharts(context), await processCandles(context)]
    .filter((part) => part !== null);
  const worked = parts.some(({ done }) => !done);
  return {
    status: worked || parts.length === 0 ? "ok" : "skipped",
    rows_in: parts.reduce((sum, { rows_in }) => sum + rows_in, 0),
    rows_out: parts.reduce((sum, { rows_out }) => sum + rows_out, 0),
    detail: parts.map(({ detail }) => detail).join("; ") || "nothing in raw/ yet",
  };
}

async function processMarkets(context: RunContext): Promise<Part | null> {
  const { store } = context;
  const { parseMarkets } = await import("../../sources/coingecko_parse.ts");
  let snapshots = 0, fresh = 0, rows = 0, refused = 0, unreadable = 0;
  for (const source of ["coingecko", "demo"]) {
    for (const { key } of await store.list(`raw/${source}/markets/`)) {
      snapshots += 1;
      const slot = dateOf(stampOf(key));
      const unit = `${source}-markets-${stampOf(key)}`;
      if (await store.head(marketPricesKey(slot)) || await isAside(context, unit)) continue;
      fresh += 1;
      const parsed = await readBody(context, { key, unit }, (body) => parseMarkets(body, { slot, source }));
      if (!parsed) {
        unreadable += 1;
        continue;
      }
      await keepRejects(context, { unit, origin: key, rejects: parsed.rejects });
      await store.put(marketPricesKey(slot), encodeNdjson(parsed.rows));
      rows += parsed.rows.length;
      refused += parsed.rejects.length;
    }
  }
  if (snapshots === 0) return null;
  if (fresh === 0) return doneBefore(`${snapshots} market snapshots were processed before`);
  const aside = unreadable > 0 ? ` (${unreadable} unreadable, put aside)` : "";
  const detail = `${fresh} new market snapshots${aside}, ${rows} coins`;
  return { done: false, rows_in: rows + refused, rows_out: rows, detail };
}

async function processCharts(context: RunContext): Promise<Part | null> {
  const { store } = context;
  const { parseMarketChart } = await import("../../sources/coingecko_parse.ts");
  const charts = await store.list("raw/coingecko/market_chart/");
  if (charts.length === 0) return null;
  let fresh = 0, samples = 0;
  for (const { key } of charts) {
    const record = `process/market_chart/${stampOf(key)}`;
    const unit = `coingecko-market_chart-${stampOf(key)}`;
    if (await readRecord(store, record) || await isAside(context, unit)) continue;
    fresh += 1;
    const parsed = await readBody(context, { key, unit }, parseMarketChart);
    if (!parsed) continue;
    await keepRejects(context, { unit, origin: key, rejects: parsed.rejects });
    const partitions = await mergeSamples(context, parsed.points);
    const notes = { samples: parsed.points.length, partitions };
    await writeRecord(store, record, { fingerprint: key, outputs: [], notes });
    samples += parsed.points.length;
  }
  if (fresh === 0) return doneBefore(`${charts.length} market charts were processed before`);
  const detail = `${samples} price samples from ${fresh} market charts`;
  return { done: false, rows_in: samples, rows_out: samples, detail };
}

function doneBefore(detail: string): Part {
  return { done: true, rows_in: 0, rows_out: 0, detail };
}

/** Parses a raw body; one that cannot be read at all goes to the dead letters, so that it fails once, not forever. */
async function readBody<T>(
  context: RunContext,
  { key, unit }: { key: string; unit: string },
  parse: (body: Uint8Array) => T,
): Promise<T | null> {
  const body = (await context.store.get(key))!;
  try {
    return parse(body);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const raw = new TextDecoder().decode(body.subarray(0, 500));
    const reject = { line: null, reason: "unreadable_body", detail: error.message, raw };
    await keepRejects(context, { unit: `${unit}-unreadable`, origin: key, rejects: [reject] });
    return null;
  }
}

/** Whether a unit waits among the dead letters as a whole; one that only lost some rows does not. */
async function isAside(context: RunContext, unit: string): Promise<boolean> {
  return await context.store.head(`dead_letters/process/${unit}-unreadable.json`) !== null;
}

interface Sample {
  epoch_ms: number;
  iso_ts: string;
  price_usd: number;
  source: string;
}

/** Adds samples to their years; a sample of the same instant is replaced by the later answer. */
async function mergeSamples(
  context: RunContext,
  points: { time: number; price: number }[],
): Promise<string[]> {
  const keys: string[] = [];
  const years = Map.groupBy(points, ({ time }) => String(new Date(time).getUTCFullYear()));
  for (const [year, fresh] of years) {
    const key = priceHistoryKey(SYMBOL, year);
    const before = await context.store.get(key);
    const rows = new Map(
      (before ? decodeNdjson(before, key) as Sample[] : []).map((row) => [row.epoch_ms, row]),
    );
    for (const { time, price } of fresh) {
      rows.set(time, {
        epoch_ms: time,
        iso_ts: new Date(time).toISOString(),
        price_usd: price,
        source: "coingecko",
      });
    }
    await context.store.put(key, encodeNdjson([...rows.values()].sort((a, b) => a.epoch_ms - b.epoch_ms)));
    keys.push(key);
  }
  return keys;
}

async function processCandles(context: RunContext): Promise<Part | null> {
  const { store } = context;
  const records = await context.candleRecords();
  if (records.length === 0) return null;
  const inputs = await candleFingerprint(context);
  const rowsIn = records.reduce((sum, { rows }) => sum + rows, 0);
  const before = await isDone(store, "process/candles", inputs);
  if (before) {
    return {
      done: true,
      rows_in: 0,
      rows_out: 0,
      detail: `${records.length} candle files were processed before`,
    };
  }
  const series = await context.sealedSeries();
  for (const { symbol, source, timeframe, conflicts } of series) {
    const unit = `${symbol}-${source}-${timeframe}-conflicts`;
    await keepRejects(context, {
      unit,
      origin: `raw/ohlcv/symbol=${symbol}/source=${source}/timeframe=${timeframe}/`,
      rejects: conflicts,
    });
  }
  const rowsOut = series.reduce((sum, { rows }) => sum + rows, 0);
  await writeRecord(store, "process/candles", { fingerprint: inputs, outputs: [], notes: { rows: rowsOut } });
  return {
    done: false,
    rows_in: rowsIn,
    rows_out: rowsOut,
    detail: series.map(({ source, timeframe, rows, duplicates }) =>
      `${rows} ${source} ${timeframe} candles${duplicates ? ` (${duplicates} exact repeats dropped)` : ""}`
    ).join(", "),
  };
}

/** What the candles of this lake are made from. */
export async function candleFingerprint(context: RunContext): Promise<string> {
  const records = await context.candleRecords();
  return fingerprint([
    PROCESS_VERSION,
    records.map(({ key, sha256, timeframe }) => [key, sha256, timeframe]),
  ]);
}

async function keepRejects(
  context: RunContext,
  { unit, origin, rejects }: { unit: string; origin: string; rejects: readonly Reject[] },
): Promise<void> {
  if (rejects.length === 0) return;
  const key = await keepDeadLetter(context.store, { step: "process", unit, origin, rejects });
  context.effects.log.warn(
    `${rejects.length} rows of ${origin} were put aside (${countReasons(rejects)}): ${key}`,
  );
}

/** `…/20260102T030500Z.json` holds the slot of 2026-01-02T03:05:00Z. */
function stampOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(/\.json$/, "");
}

function dateOf(stamp: string): Date {
  return new Date(stamp.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
