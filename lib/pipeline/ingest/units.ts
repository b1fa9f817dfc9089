/**
 * The units of work of ingestion: one question to CoinGecko for one slot, and what its answer becomes. What a body
 * becomes depends on that body and its header alone, so settling it again, after a crash or by another run, gives the
 * same objects.
 */
import type { Reject } from "../../core/rows.ts";
import { MINUTE_MS, slotStart } from "../../core/time.ts";
import type { IncomingHeader } from "../../lake/incoming.ts";
import { marketPricesKey, rawMarketChartKey, rawMarketsKey, rawTickKey } from "../../lake/keys.ts";
import { encodeNdjson } from "../../lake/ndjson.ts";
import { sha256 } from "../../lake/ledger.ts";
import { type ObjectHash, objectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import {
  bitcoinTick,
  type ParsedMarkets,
  parseMarketChart,
  parseMarkets,
  parseSimplePrice,
  type PriceTick,
} from "../../sources/coingecko_parse.ts";

/** What a settled body became. */
export interface Settled {
  rows_in: number;
  rows_out: number;
  outputs: ObjectHash[];
  rejects: readonly Reject[];
  detail: string;
}

type Settle = (store: ObjectStore, body: Uint8Array, header: IncomingHeader) => Promise<Settled>;

/** How each kind of answer is settled. Each one throws a {@linkcode SourceError} for a body that is no answer. */
export const SETTLERS: Readonly<Record<string, Settle>> = {
  markets: settleMarkets,
  tick: settleTick,
  market_chart: settleMarketChart,
};

/** A market page: exact bytes to `raw/`, typed rows to `processed/`, and Bitcoin's tick on the side. */
async function settleMarkets(store: ObjectStore, body: Uint8Array, header: IncomingHeader): Promise<Settled> {
  const slot = new Date(header.slot);
  const options = { slot, source: header.source };
  const ours = parseMarkets(body, options);
  const raw = await putFirst(store, rawMarketsKey(header.source, slot), body);
  // Where another run was first, its answer stands and ours is dropped: a slot has one, and so has its tick.
  const first = raw.object.sha256 === sha256(body);
  const settled = await putRows(store, first ? ours : parseMarkets(raw.bytes, options), slot);
  const outputs = [raw.object, ...settled.outputs];
  const tick = first ? bitcoinTick(body, header.source) : null;
  if (tick) outputs.push(await putTick(store, tick, new Date(header.fetched_at)));
  return { ...settled, outputs };
}

/** The typed rows of a market page that is in `raw/`. */
export async function processMarkets(
  store: ObjectStore,
  body: Uint8Array,
  { slot, source }: { slot: Date; source: string },
): Promise<Settled> {
  return await putRows(store, parseMarkets(body, { slot, source }), slot);
}

async function putRows(store: ObjectStore, { rows, rejects }: ParsedMarkets, slot: Date): Promise<Settled> {
  const key = marketPricesKey(slot);
  const bytes = encodeNdjson(rows);
  await store.put(key, bytes);
  return {
    rows_in: rows.length + rejects.length,
    rows_out: rows.length,
    outputs: [objectHash(key, bytes)],
    rejects,
    detail: `${rows.length} coins`,
  };
}

/** Bitcoin's price of a minute. */
async function settleTick(store: ObjectStore, body: Uint8Array, header: IncomingHeader): Promise<Settled> {
  const tick = parseSimplePrice(body, { source: header.source });
  const object = await putTick(store, tick, new Date(header.slot));
  return {
    rows_in: 1,
    rows_out: 1,
    outputs: [object],
    rejects: [],
    detail: `Bitcoin at ${tick.price_usd} USD (${signed(tick.price_change_24h)} in 24 h)`,
  };
}

/** A price history: only its exact bytes; the `process` step merges it into what is there. */
async function settleMarketChart(
  store: ObjectStore,
  body: Uint8Array,
  header: IncomingHeader,
): Promise<Settled> {
  const { points } = parseMarketChart(body);
  const { coin, days } = chartOf(header.unit);
  const raw = await putFirst(store, rawMarketChartKey(coin, days, new Date(header.slot)), body);
  return {
    rows_in: points.length,
    rows_out: points.length,
    outputs: [raw.object],
    rejects: [],
    detail: `${points.length} prices`,
  };
}

/** `market_chart-bitcoin-365-20260102T030500Z` asks for 365 days of bitcoin. */
function chartOf(unit: string): { coin: string; days: number } {
  const [, coin, days] = /^market_chart-(.+)-(\d+)-\w+$/.exec(unit)!;
  return { coin: coin!, days: Number(days) };
}

/** Commits bytes where nothing is yet; gives what stands there afterwards. */
async function putFirst(
  store: ObjectStore,
  key: string,
  body: Uint8Array,
): Promise<{ object: ObjectHash; bytes: Uint8Array }> {
  const bytes = await store.putNew(key, body) === "created" ? body : (await store.get(key))!;
  return { object: objectHash(key, bytes), bytes };
}

async function putTick(store: ObjectStore, tick: PriceTick, asked: Date): Promise<ObjectHash> {
  const key = rawTickKey(slotStart(asked, MINUTE_MS), new Date(tick.epoch_ms));
  const line = `${tick.epoch_ms},${tick.iso_ts},${tick.price_usd},${tick.source}`;
  const csv = new TextEncoder().encode(`epoch_ms,iso_ts,price_usd,source\n${line}\n`);
  return (await putFirst(store, key, csv)).object;
}

function signed(percent: number | null): string {
  return percent === null ? "change unknown" : `${percent < 0 ? "" : "+"}${percent.toFixed(2)} %`;
}
