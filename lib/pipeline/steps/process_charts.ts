/** Price histories of `raw/` into `processed/price_history/`: one object a symbol and year. */
import type { Effects } from "../../core/effects.ts";
import { priceHistoryKey } from "../../lake/keys.ts";
import { readRecords, writeRecord } from "../../lake/ledger.ts";
import { decodeNdjson, encodeNdjson } from "../../lake/ndjson.ts";
import { type ObjectHash, objectHash } from "../../lake/run_log.ts";
import { lakeKind } from "../../lake/open_lake.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { parseMarketChart } from "../../sources/coingecko_parse.ts";
import { SYMBOL } from "../context.ts";
import { doneBefore, isAside, keepRejects, type Part, readBody, stampOf } from "./process_part.ts";

/** Ledger records of the charts that are merged. */
export const CHART_RECORDS = "process/market_chart/";

/** Those of the objects that they were merged into: what a later failure of the step cannot leave unsaid. */
const HISTORY_RECORDS = "process/price_history/";

/** Merges the charts that are new, in the order in which they were asked for: the later answer stands. */
export async function processCharts(store: ObjectStore, effects: Pick<Effects, "log">): Promise<Part | null> {
  const charts = (await store.list("raw/coingecko/market_chart/")).map(({ key }) => key);
  if (charts.length === 0) return null;
  const done = new Set((await readRecords(store, CHART_RECORDS)).keys());
  const isDone = (key: string) => done.has(`${CHART_RECORDS}${stampOf(key)}`);
  const waits = await Promise.all(
    charts.map(async (key) => !isDone(key) && !await isAside(store, unitOf(key))),
  );
  const fresh = charts.filter((_, i) => waits[i]);
  if (fresh.length === 0) return doneBefore(`${charts.length} market charts were processed before`);
  // One that comes late (a replay) has its place among the others: then all of them are merged anew.
  const late = charts.some((key) => isDone(key) && stampOf(key) > stampOf(fresh[0]!));
  const todo = late ? charts.filter((key, i) => isDone(key) || waits[i]) : fresh;
  const source = await lakeKind(store) === "demo" ? "demo" : "coingecko";
  const years = new Map<string, Map<number, PriceSample>>();
  let samples = 0;
  for (const key of todo) {
    const parsed = await readBody(store, effects, { key, unit: unitOf(key) }, parseMarketChart);
    if (!parsed) continue;
    await keepRejects(store, effects, { unit: unitOf(key), origin: key, rejects: parsed.rejects });
    if (fresh.includes(key)) samples += parsed.points.length;
    for (const { time, price } of parsed.points) {
      const iso_ts = new Date(time).toISOString();
      const year = iso_ts.slice(0, 4);
      if (!years.has(year)) years.set(year, late ? new Map() : await samplesOf(store, year));
      years.get(year)!.set(time, { epoch_ms: time, iso_ts, price_usd: price, source });
    }
  }
  const outputs: ObjectHash[] = [];
  for (const [year, rows] of years) {
    const sorted = [...rows.values()].sort((a, b) => a.epoch_ms - b.epoch_ms);
    const key = priceHistoryKey(SYMBOL, year);
    const bytes = encodeNdjson(sorted);
    await store.put(key, bytes);
    const object = objectHash(key, bytes);
    await writeRecord(store, `${HISTORY_RECORDS}${SYMBOL}/${year}`, {
      fingerprint: object.sha256,
      outputs: [key],
      digests: new Map([[key, object]]),
      notes: {},
    });
    outputs.push(object);
  }
  for (const key of fresh) {
    if (await isAside(store, unitOf(key))) continue;
    await writeRecord(store, `${CHART_RECORDS}${stampOf(key)}`, { fingerprint: key, outputs: [], notes: {} });
  }
  const detail = `${samples} price samples from ${fresh.length} market charts`;
  return { done: false, rows_in: samples, rows_out: samples, detail, outputs };
}

function unitOf(key: string): string {
  return `coingecko-market_chart-${stampOf(key)}`;
}

/** A row of `price_history` and of `price_ticks`. */
export interface PriceSample {
  epoch_ms: number;
  iso_ts: string;
  price_usd: number;
  source: string;
}

async function samplesOf(store: ObjectStore, year: string): Promise<Map<number, PriceSample>> {
  const key = priceHistoryKey(SYMBOL, year);
  const bytes = await store.get(key);
  const rows = bytes ? decodeNdjson(bytes, key) as PriceSample[] : [];
  return new Map(rows.map((row) => [row.epoch_ms, row]));
}
