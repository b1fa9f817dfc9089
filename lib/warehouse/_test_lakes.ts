/** Generated lakes of market snapshots, for tests of views and materializations on any engine. */
import fc from "fast-check";
import { HOUR_MS, SLOT_MS } from "../core/time.ts";
import { marketPricesKey } from "../lake/keys.ts";
import { encodeNdjson } from "../lake/ndjson.ts";
import { claimLake } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";

/** A record of a snapshot: a value of JSON for each column but `timestamp`; what is undefined is not written. */
export type TestCoin = Record<string, string | number | bigint | boolean | null>;

/** A snapshot: its slot, epoch ms, and its records. */
export interface TestSnapshot {
  slot_ms: number;
  coins: TestCoin[];
}

const IDS = [
  "bitcoin",
  "ethereum",
  "tether",
  "solana",
  "münze",
  "硬币",
  "𝛑-coin",
  "\uFF5Ez",
  "drop'table",
  'a"b',
];
const NAMES = ["Bitcoin", 'Ünï \\ "code"', "硬币\n2", "🪙", "", "a,b;c"];

const nullable = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 4 });
/** Few values, so that there are ties. */
const PRICES = fc.constantFrom(0, 0.1, 1, 1.5, 1e-7, 123456.789, 6.02e23);
const CHANGES = fc.constantFrom(-99.9, -1.25, -0, 0, 0.3, 3.5, 1234.5);
const AMOUNTS = fc.constantFrom(
  0n,
  1n,
  5n,
  1_000_000n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 53n + 2n,
  2n ** 58n + 3n,
);

/** Records as the pipeline writes them. */
const COIN: fc.Arbitrary<TestCoin> = fc.record({
  id: fc.constantFrom(...IDS),
  symbol: fc.constantFrom("btc", "ETH", "", "ß"),
  name: fc.constantFrom(...NAMES),
  current_price: nullable(PRICES),
  market_cap: nullable(AMOUNTS),
  market_cap_rank: nullable(fc.integer({ min: 1, max: 4 })),
  volume_24h: nullable(AMOUNTS),
  price_change_pct_1h: nullable(CHANGES),
  price_change_pct_24h: nullable(CHANGES),
  price_change_pct_7d: nullable(CHANGES),
  source: fc.constant("demo"),
});

/** Texts and values that are no plain number, or numbers in quotes. */
const ODDITIES = fc.constantFrom<TestCoin[string]>(
  ...[
    "12",
    "-7",
    "9007199254740993",
    "1.5",
    "1e3",
    "0.1",
    "abc",
    "",
    " 5",
    "5 ",
    "+5",
    "1_000",
    "0x10",
    "NaN",
  ],
  ...["Infinity", "12.", ".5", "1,5", "9223372036854775807", "9223372036854775808", "２", true, 5.5],
);

/** A record, and foreign values for it, as another writer may leave them. */
const ODD_COIN = fc.tuple(
  COIN,
  fc.dictionary(
    fc.constantFrom("current_price", "market_cap", "market_cap_rank", "volume_24h", "price_change_pct_24h"),
    ODDITIES,
    { maxKeys: 3 },
  ),
);

/**
 * Lakes that end at `newest_ms` (the start of an hour) or before: a few slots in each of a few hours of the last eight
 * days, with hours missing, ties, nulls, ids that stand twice, and snapshots without a row. Records `oddHours` hours
 * before the newest ones and more, which only a materialization reads, hold foreign values too.
 */
export function snapshotLakes(newest_ms: number, { oddHours = 2 } = {}): fc.Arbitrary<TestSnapshot[]> {
  const back = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(22, 23, 24, 25, 166, 167, 168, 190));
  const slot_ms = fc.tuple(back, fc.constantFrom(0, 1, 6, 11))
    .map(([hours, slot]) => newest_ms - hours * HOUR_MS + slot * SLOT_MS);
  const snapshot = fc.record({ slot_ms, coins: fc.array(ODD_COIN, { maxLength: 7 }) });
  return fc.uniqueArray(snapshot, { maxLength: 9, selector: ({ slot_ms }) => slot_ms }).map((snapshots) => {
    const filled = snapshots.filter(({ coins }) => coins.length > 0).map(({ slot_ms }) => slot_ms);
    const newest = Math.floor(Math.max(...filled) / HOUR_MS);
    return snapshots.map(({ slot_ms, coins }) => {
      const foreign = newest - Math.floor(slot_ms / HOUR_MS) >= oddHours;
      return { slot_ms, coins: coins.map(([coin, values]) => foreign ? { ...coin, ...values } : coin) };
    });
  });
}

/** Writes snapshots as the pipeline does: one object a slot. */
export async function writeSnapshots(store: ObjectStore, snapshots: readonly TestSnapshot[]): Promise<void> {
  await claimLake(store, "demo");
  for (const { slot_ms, coins } of snapshots) {
    const rows = coins.map((coin) => ({ ...coin, timestamp: slot_ms / 1000 }));
    await store.put(marketPricesKey(new Date(slot_ms)), encodeNdjson(rows));
  }
}
