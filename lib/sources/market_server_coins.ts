/** `/coins/markets` and `/simple/price` of the served market, both from one snapshot of the minute. */
import { DAY_MS } from "../core/time.ts";
import type { DemoMarket } from "./demo_market.ts";
import { DEMO_EPOCH_MS } from "./demo_paths.ts";
import { type MarketQuery, refuse, refuseUnserved, required, requireUsd } from "./market_server_answer.ts";

/** A coin's record with the API's keys. */
export type CoinRecord = Record<string, string | number | null>;

const LARGEST_PAGE = 250;
const DEFAULT_PAGE = 100;

/** Spans that the snapshot has, and those for which the past is looked up, in days. */
const SNAPSHOT_SPANS = ["1h", "24h", "7d"];
const LONG_SPANS: readonly [string, number][] = [["14d", 14], ["30d", 30], ["200d", 200], ["1y", 365]];

const ORDERS: Readonly<Record<string, (a: CoinRecord, b: CoinRecord) => number>> = {
  market_cap_desc: (a, b) => Number(b.market_cap) - Number(a.market_cap),
  market_cap_asc: (a, b) => Number(a.market_cap) - Number(b.market_cap),
  volume_desc: (a, b) => Number(b.total_volume) - Number(a.total_volume),
  volume_asc: (a, b) => Number(a.total_volume) - Number(b.total_volume),
  id_asc: (a, b) => String(a.id) < String(b.id) ? -1 : 1,
  id_desc: (a, b) => String(a.id) < String(b.id) ? 1 : -1,
};

/** The page that is asked for; `records` is the whole snapshot. */
export function coinsMarkets(
  market: DemoMarket,
  records: readonly CoinRecord[],
  { parameters, now }: MarketQuery,
): CoinRecord[] {
  requireUsd(parameters);
  refuseUnserved(parameters, ["names", "symbols", "category", "sparkline", "precision"]);
  const per_page = whole(parameters, "per_page", { least: 1, most: LARGEST_PAGE, otherwise: DEFAULT_PAGE });
  const page = whole(parameters, "page", { least: 1, most: 1_000_000, otherwise: 1 });
  const order = parameters.get("order") || "market_cap_desc";
  const compare = Object.hasOwn(ORDERS, order) ? ORDERS[order]! : refuse(400, "Invalid order parameter");
  const ids = parameters.get("ids") ? new Set(parameters.get("ids")!.split(",")) : null;
  const spans = readSpans(parameters);
  return records.filter(({ id }) => ids === null || ids.has(String(id)))
    .toSorted(compare)
    .slice((page - 1) * per_page, page * per_page)
    .map((record) => withSpans(market, record, { spans, now }));
}

/** Prices by coin; what is unknown is left out without a word, as in the API: a coin, a currency, ` ethereum`. */
export function simplePrice(
  records: readonly CoinRecord[],
  { parameters }: MarketQuery,
): Record<string, Record<string, number | null>> {
  refuseUnserved(parameters, ["names", "symbols"]);
  const ids = required(parameters, "ids").split(",");
  const currencies = required(parameters, "vs_currencies").toLowerCase().split(",");
  const asked = (flag: string) => parameters.get(flag) === "true";
  const known = new Map(records.map((record) => [record.id, record]));
  const prices = ids.flatMap((id): [string, Record<string, number | null>][] => {
    const record = known.get(id);
    if (record === undefined) return [];
    const price: Record<string, number | null> = {};
    if (currencies.includes("usd")) {
      price.usd = Number(record.current_price);
      if (asked("include_market_cap")) price.usd_market_cap = Number(record.market_cap);
      if (asked("include_24hr_vol")) price.usd_24h_vol = Number(record.total_volume);
      if (asked("include_24hr_change")) {
        price.usd_24h_change = record.price_change_percentage_24h_in_currency as number | null;
      }
    }
    if (asked("include_last_updated_at")) {
      price.last_updated_at = Math.floor(Date.parse(String(record.last_updated)) / 1000);
    }
    return [[id, price]];
  });
  return Object.fromEntries(prices);
}

function whole(
  parameters: URLSearchParams,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = parameters.get(name);
  if (text === null || text === "") return otherwise;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  return refuse(400, `${name} must be a whole number from ${least} to ${most}`);
}

function readSpans(parameters: URLSearchParams): ReadonlySet<string> {
  const text = parameters.get("price_change_percentage");
  const spans = new Set(text ? text.split(",") : []);
  const known = [...SNAPSHOT_SPANS, ...LONG_SPANS.map(([span]) => span)];
  for (const span of spans) {
    if (!known.includes(span)) refuse(400, "Invalid price_change_percentage parameter");
  }
  return spans;
}

/** The record with the changes that were asked for, and no others. */
function withSpans(
  market: DemoMarket,
  record: CoinRecord,
  { spans, now }: { spans: ReadonlySet<string>; now: Date },
): CoinRecord {
  const result = { ...record };
  for (const span of SNAPSHOT_SPANS) {
    if (!spans.has(span)) delete result[`price_change_percentage_${span}_in_currency`];
  }
  for (const [span, days] of LONG_SPANS) {
    if (!spans.has(span)) continue;
    const past = now.getTime() - days * DAY_MS;
    const [before, at] = past < DEMO_EPOCH_MS
      ? []
      : market.samples(String(record.id), [past, now.getTime()]).map((sample) => sample.price_usd);
    result[`price_change_percentage_${span}_in_currency`] = before === undefined
      ? null
      : (at! / before - 1) * 100;
  }
  return result;
}
