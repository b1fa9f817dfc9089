/**
 * The units of work of ingestion: one question to CoinGecko for one slot, and what its answer becomes. What a body
 * becomes depends on that body, its header and the lake's contract alone, so settling it again, after a crash or by
 * another run, gives the same objects.
 */
import { DEFAULT_CONTRACT } from "../../core/contract.ts";
import { QualityError } from "../../core/errors.ts";
import type { Reject } from "../../core/rows.ts";
import { MINUTE_MS, slotStart } from "../../core/time.ts";
import { keepDeadLetter } from "../../lake/dead_letters.ts";
import { noteDrift } from "../../lake/drift.ts";
import type { IncomingHeader } from "../../lake/incoming.ts";
import {
  extraValuesKey,
  marketPricesKey,
  rawMarketChartKey,
  rawMarketsKey,
  rawTickKey,
} from "../../lake/keys.ts";
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
import { lakeConfig } from "../lake_config.ts";
import { noteReplacedSnapshot, noteSnapshot } from "../steps/market_hour_units.ts";
import { frozenPage, stampOf, unreadableUnit } from "../steps/process_part.ts";

/** What a settled body became. */
export interface Settled {
  rows_in: number;
  rows_out: number;
  outputs: ObjectHash[];
  rejects: readonly Reject[];
  detail: string;
  /** The contract refused the answer as a whole: it is in `raw/`, and its letter waits. */
  refused?: boolean;
}

type Settle = (store: ObjectStore, body: Uint8Array, header: IncomingHeader) => Promise<Settled>;

/** How each kind of answer is settled. Each one throws a {@linkcode SourceError} for a body that is no answer. */
export const SETTLERS: Readonly<Record<string, Settle>> = {
  markets: settleMarkets,
  tick: settleTick,
  market_chart: settleMarketChart,
};

/**
 * A market page: exact bytes to `raw/`, typed rows to `processed/`, and Bitcoin's tick on the side. A page that the
 * lake's contract refuses stays in `raw/` and waits among the dead letters of `process`.
 */
async function settleMarkets(store: ObjectStore, body: Uint8Array, header: IncomingHeader): Promise<Settled> {
  const slot = new Date(header.slot);
  const { source } = header;
  // A body that is no page stays out of raw/; the contract speaks once it is there.
  const ours = parseMarkets(body, { slot, source });
  const raw = await putFirst(store, rawMarketsKey(source, slot), body);
  // Where another run was first, its answer stands and ours is dropped: a slot has one, and so has its tick.
  const first = raw.object.sha256 === sha256(body);
  const parsed = first ? ours : parseMarkets(raw.bytes, { slot, source });
  const settled = await takePage(store, raw.bytes, { slot, source, parsed }).catch(async (error) => {
    if (!(error instanceof QualityError)) throw error;
    const unit = unreadableUnit(`${source}-markets-${stampOf(raw.object.key)}`);
    const rejects = [frozenPage(raw.bytes, error)];
    const letter = await keepDeadLetter(store, { step: "process", unit, origin: raw.object.key, rejects });
    return {
      rows_in: 0,
      rows_out: 0,
      outputs: [],
      rejects: [],
      detail: `${error.message} (${letter})`,
      refused: true,
    };
  });
  const outputs = [raw.object, ...settled.outputs];
  const tick = first ? bitcoinTick(body, header.source) : null;
  if (tick) outputs.push(await putTick(store, tick, new Date(header.fetched_at)));
  return { ...settled, outputs };
}

/**
 * The typed rows of a market page that is in `raw/`, and its values without a column, as the lake's contract says.
 *
 * @throws {SourceError} for a body that is no page.
 * @throws {QualityError} where the contract refuses it.
 */
export async function processMarkets(
  store: ObjectStore,
  body: Uint8Array,
  { slot, source }: { slot: Date; source: string },
): Promise<Settled> {
  return await takePage(store, body, { slot, source, parsed: parseMarkets(body, { slot, source }) });
}

async function takePage(
  store: ObjectStore,
  body: Uint8Array,
  { slot, source, parsed }: {
    slot: Date;
    source: string;
    /** As the default contract reads it: so it tells what is new also in a page that the lake's own one refuses. */
    parsed: ParsedMarkets;
  },
): Promise<Settled> {
  const contract = (await lakeConfig(store)).contract.snapshots;
  const { columns, data_type } = DEFAULT_CONTRACT.snapshots;
  const usual = contract.columns === columns && contract.data_type === data_type;
  const origin = rawMarketsKey(source, slot);
  await noteDrift(store, parsed.drift, { origin, contract });
  return await putRows(store, usual ? parsed : parseMarkets(body, { slot, source, contract }), {
    slot,
    origin,
  });
}

async function putRows(
  store: ObjectStore,
  { rows, rejects, extra }: ParsedMarkets,
  { slot, origin }: { slot: Date; origin: string },
): Promise<Settled> {
  const key = marketPricesKey(slot);
  const bytes = encodeNdjson(rows);
  const outputs = [objectHash(key, bytes)];
  if (extra.length > 0) {
    const extraKey = extraValuesKey("snapshots", slot.getUTCFullYear(), stampOf(origin));
    const extraBytes = encodeNdjson(extra.map((value) => ({ ...value, origin })));
    await store.put(extraKey, extraBytes);
    outputs.push(objectHash(extraKey, extraBytes));
  }
  if (await store.head(key)) await noteReplacedSnapshot(store, slot);
  // Said before, so that no crash hides rows that came late; and after, for a run beside this one that looked in between.
  await noteSnapshot(store, slot);
  // The rows come last: they say that the page is done.
  await store.put(key, bytes);
  await noteSnapshot(store, slot);
  return {
    rows_in: rows.length + rejects.length,
    rows_out: rows.length,
    outputs,
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
