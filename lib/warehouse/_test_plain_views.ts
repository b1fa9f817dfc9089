/** What the views and the hourly materialization should give, computed without SQL. */
import { HOUR_MS } from "../core/time.ts";
import type { TestCoin, TestSnapshot } from "./_test_lakes.ts";

/** A typed record. */
export interface PlainRow {
  id: string;
  symbol: string;
  name: string;
  current_price: number | null;
  market_cap: bigint | null;
  market_cap_rank: number | null;
  volume_24h: bigint | null;
  price_change_pct_1h: number | null;
  price_change_pct_24h: number | null;
  price_change_pct_7d: number | null;
  timestamp: number;
  source: string;
}

/** Rows of a view, values in the order of its columns. */
export type PlainRows = unknown[][];

const number = (value: TestCoin[string] | undefined): number | null => {
  const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
  return typeof text === "string" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
};

const integer = (value: TestCoin[string] | undefined, bits: number): bigint | null => {
  const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
  if (typeof text !== "string" || !/^-?[0-9]+$/.test(text)) return null;
  const whole = BigInt(text);
  return BigInt.asIntN(bits, whole) === whole ? whole : null;
};

/** A record with its values cast, null where they cannot be. */
export function typedRow(coin: TestCoin, slot_ms: number): PlainRow {
  const rank = integer(coin["market_cap_rank"], 32);
  return {
    id: String(coin["id"]),
    symbol: String(coin["symbol"]),
    name: String(coin["name"]),
    current_price: number(coin["current_price"]),
    market_cap: integer(coin["market_cap"], 64),
    market_cap_rank: rank === null ? null : Number(rank),
    volume_24h: integer(coin["volume_24h"], 64),
    price_change_pct_1h: number(coin["price_change_pct_1h"]),
    price_change_pct_24h: number(coin["price_change_pct_24h"]),
    price_change_pct_7d: number(coin["price_change_pct_7d"]),
    timestamp: slot_ms / 1000,
    source: String(coin["source"]),
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Order of texts by their UTF-8, as both engines have it. */
export function byText(a: string, b: string): number {
  const [x, y] = [bytes(a), bytes(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

type Key = keyof PlainRow;

/** Larger first, null last; texts and ranks the other way round. */
function comparing(...keys: Key[]): (a: PlainRow, b: PlainRow) => number {
  return (a, b) => {
    for (const key of keys) {
      const [x, y] = [a[key], b[key]];
      if (x === y || x === null && y === null) continue;
      if (x === null || y === null) return x === null ? 1 : -1;
      if (typeof x === "string") {
        if (byText(x, y as string) !== 0) return byText(x, y as string);
        continue;
      }
      const larger = x > (y as number | bigint) ? -1 : x < (y as number | bigint) ? 1 : 0;
      if (larger !== 0) return key === "market_cap_rank" ? -larger : larger;
    }
    return 0;
  };
}

const BEST = comparing(
  ...["market_cap", "current_price", "volume_24h", "market_cap_rank", "price_change_pct_1h"] as const,
  ...["price_change_pct_24h", "price_change_pct_7d", "symbol", "name"] as const,
);

/** A snapshot's records, one an id. */
function distinct({ slot_ms, coins }: TestSnapshot): PlainRow[] {
  const rows = coins.map((coin) => typedRow(coin, slot_ms));
  return [...Map.groupBy(rows, ({ id }) => id).values()].map((same) => same.sort(BEST)[0]!);
}

/** The rows of an hour's partition of `analytics_prices`, as values in column order. */
export function plainHour(snapshots: readonly TestSnapshot[], start_ms: number): PlainRows {
  return snapshots.filter(({ slot_ms }) => hourOf(slot_ms) === start_ms)
    .flatMap(distinct)
    .sort((a, b) => a.timestamp - b.timestamp || byText(a.id, b.id))
    .map((row) => Object.values(row));
}

const hourOf = (slot_ms: number) => slot_ms - slot_ms % HOUR_MS;

/**
 * Rows of every view over snapshots, by the view's name, in the order of `position` or of time and id.
 *
 * @param materialized Whether an hour, by its start, is in `analytics_prices`.
 */
export function plainViews(
  snapshots: readonly TestSnapshot[],
  materialized: (start_ms: number) => boolean,
): Record<string, PlainRows> {
  const filled = snapshots.filter(({ coins }) => coins.length > 0);
  const newest = filled.toSorted((a, b) => b.slot_ms - a.slot_ms)[0];
  const latest = newest ? distinct(newest).sort((a, b) => byText(a.id, b.id)) : [];
  const hour = newest ? hourOf(newest.slot_ms) : 0;
  const date = new Date(hour);
  const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()];
  const ranked = (key: Key, columns: Key[]): PlainRows =>
    latest.filter((row) => row[key] !== null).sort(comparing(key, "id"))
      .map((row, i) => [i + 1, ...columns.map((column) => row[column])]);
  const recent = filled
    .map((snapshot) => ({ snapshot, back: (hour - hourOf(snapshot.slot_ms)) / HOUR_MS }))
    .filter(({ snapshot, back }) => back < 2 || back < 168 && materialized(hourOf(snapshot.slot_ms)))
    .flatMap(({ snapshot, back }) => distinct(snapshot).map((row) => ({ row, back })));
  const core = recent.filter(({ row }) =>
    ["bitcoin", "ethereum", "tether", "solana"].includes(row.id) && row.current_price !== null
  );
  const hourly = Map.groupBy(core, ({ row, back }) => `${back} ${row.id}`);
  const sum = (key: "market_cap" | "volume_24h") => {
    const known = latest.map((row) => row[key]).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0n);
  };
  const time = (back: number) => new Date(hour - back * HOUR_MS);
  return {
    v_latest_partition: newest ? [[...parts, newest.slot_ms / 1000]] : [],
    v_latest_snapshot: latest.map((row) => [...Object.values(row), ...parts]),
    v_market_cap: ranked("market_cap", ["id", "symbol", "name", "current_price", "market_cap", "volume_24h"]),
    v_top_100: ranked("market_cap", [
      ...["id", "symbol", "name", "current_price", "price_change_pct_1h", "price_change_pct_24h"] as const,
      ...[
        "price_change_pct_7d",
        "market_cap",
        "market_cap_rank",
        "volume_24h",
        "timestamp",
        "source",
      ] as const,
    ]).slice(0, 100),
    v_top_gainers: ranked("price_change_pct_24h", [
      ...[
        "id",
        "symbol",
        "name",
        "current_price",
        "price_change_pct_24h",
        "market_cap",
        "volume_24h",
      ] as const,
    ]),
    v_trending: ranked("price_change_pct_7d", [
      ...[
        "id",
        "symbol",
        "name",
        "current_price",
        "price_change_pct_7d",
        "market_cap",
        "volume_24h",
      ] as const,
    ]),
    v_volume_24h: ranked("volume_24h", ["id", "symbol", "name", "current_price", "volume_24h", "market_cap"]),
    v_total_market_cap: [[
      newest ? newest.slot_ms / 1000 : null,
      latest.length,
      sum("market_cap"),
      sum("volume_24h"),
    ]],
    v_recent_prices: recent
      .sort((a, b) => a.row.timestamp - b.row.timestamp || byText(a.row.id, b.row.id))
      .map(({ row, back }) => [
        ...[
          back,
          time(back),
          row.id,
          row.symbol,
          row.name,
          row.current_price,
          row.market_cap,
          row.volume_24h,
        ],
        ...[row.price_change_pct_24h, row.timestamp, row.source],
      ]),
    v_trendline_core: [...hourly.values()]
      .map((rows) => rows.sort((a, b) => b.row.timestamp - a.row.timestamp)[0]!)
      .sort((a, b) => b.back - a.back || byText(a.row.id, b.row.id))
      .map(({ row, back }) => [
        ...[time(back), row.id, row.symbol, row.name, row.current_price, row.market_cap, row.volume_24h],
        row.timestamp,
      ]),
    v_btc_24h: recent
      .filter(({ row }) =>
        row.id === "bitcoin" && row.current_price !== null && row.timestamp > newest!.slot_ms / 1000 - 86_400
      )
      .sort((a, b) => a.row.timestamp - b.row.timestamp)
      .map(({ row }) => [
        ...[new Date(row.timestamp * 1000), row.current_price, row.volume_24h, row.price_change_pct_24h],
        row.timestamp,
      ]),
  };
}
