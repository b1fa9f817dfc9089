import { assert, assertEquals } from "@std/assert";
import type { BarColumns } from "../core/rows.ts";
import { inspectCandles } from "../sources/candles_csv.ts";
import { randomWalk } from "../warehouse/_test_candles.ts";
import { readBars } from "../warehouse/bar_columns.ts";
import { CandleStage } from "../warehouse/candle_stage.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { piecesOf } from "./_test_columns.ts";
import { OutlierFinder } from "./outlier_finder.ts";

const SETTINGS = { neighbours: 10, robust_z: 8, floor: 0.02, within: 2, returned: 0.5 };
const MINUTE = 60_000;

interface Bar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
}

/** Quiet bars around a level, with changes. */
function bars(count: number, change: (bar: Bar, i: number) => Partial<Bar>): Bar[] {
  return Array.from({ length: count }, (_, i) => {
    const bar = { time: i * MINUTE, open: 100, high: 100.5, low: 99.5, close: 100 + (i % 3) / 10 };
    return { ...bar, ...change(bar, i) };
  });
}

async function find(
  pieces: Iterable<BarColumns> | AsyncIterable<BarColumns>,
  options?: { examples: number },
) {
  const finder = new OutlierFinder(SETTINGS, options);
  for await (const bars of pieces) finder.add(bars);
  return finder.end();
}

const at = (...where: number[]) => (change: Partial<Bar>) => (_: Bar, i: number) =>
  where.includes(i) ? change : {};

const TABLE: [name: string, rows: Bar[], found: [minute: number, prices: string][]][] = [
  ["quiet bars", bars(40, () => ({})), []],
  ["a low of 0.06", bars(40, at(20)({ low: 0.06 })), [[20, "low"]]],
  ["a high ten times too high", bars(40, at(20)({ high: 1000 })), [[20, "high"]]],
  ["a low of zero", bars(40, at(20)({ low: 0 })), [[20, "low"]]],
  ["a whole bar", bars(40, at(20)({ open: 1, high: 1, low: 1, close: 1 })), [[20, "open,high,low,close"]]],
  ["a bar that closes on the print, and the next that opens on it", [
    ...bars(20, (_, i) => (i === 19 ? { low: 19.9, close: 19.9 } : {})),
    ...bars(20, (bar, i) => ({ time: bar.time + 20 * MINUTE, ...i === 0 ? { open: 19.9, low: 19.9 } : {} })),
  ], [[19, "low,close"], [20, "open,low"]]],
  ["an open below low and high", bars(40, at(20)({ open: 10 })), [[20, "open"]]],
  ["a level that stays", bars(40, (bar, i) => i < 20 ? {} : scaled(bar, 2)), []],
  ["a level that stays for five bars", bars(40, (bar, i) => i < 20 || i > 24 ? {} : scaled(bar, 2)), []],
  [
    "a slide of 5 % a bar, and back",
    bars(60, (bar, i) => scaled(bar, 0.95 ** Math.max(0, 12 - Math.abs(i - 30)))),
    [],
  ],
  ["the first and the last bar", bars(40, at(0, 39)({ low: 1 })), []],
  ["the second and the last but one", bars(40, at(1, 38)({ low: 1 })), [[1, "low"], [38, "low"]]],
  ["15 %, below the floor's reach", bars(40, at(20)({ low: 85.5 })), []],
  ["18 %, within it", bars(40, at(20)({ low: 82 })), [[20, "low"]]],
  ["a swing that is usual here", bars(40, (bar, i) => scaled(bar, [1, 1.2, 0.9, 1.1][i % 4]!)), []],
  ["one bar", bars(1, () => ({})), []],
  ["no bar", [], []],
];

function scaled({ open, high, low, close }: Bar, factor: number): Partial<Bar> {
  return { open: open * factor, high: high * factor, low: low * factor, close: close * factor };
}

Deno.test("OutlierFinder flags prices that stand alone, and no new level", async () => {
  for (const [name, rows, found] of TABLE) {
    const { flagged, examples } = await find(piecesOf(rows));
    const got = examples.map(({ time, prices }) => [time / MINUTE, prices.join()] as [number, string])
      .sort(([a], [b]) => a - b);
    assertEquals([name, flagged, got], [name, found.length, found]);
  }
});

Deno.test("OutlierFinder tells centre and distance, by month, the worst ones first", async () => {
  const change = (_: Bar, i: number) => i === 20 ? { low: 50 } : i === 60 ? { low: 10 } : {};
  const start = Date.UTC(2020, 0, 31, 23, 20);
  const rows = bars(100, change).map((bar) => ({ ...bar, time: start + bar.time }));
  const { flagged, by_month, examples } = await find(piecesOf(rows), { examples: 1 });
  assertEquals([flagged, by_month], [2, { "2020-01": 1, "2020-02": 1 }]);
  const [worst] = examples;
  assertEquals(examples.length, 1);
  assertEquals([worst!.time, worst!.low], [start + 60 * MINUTE, 10]);
  // The neighbours close at 100, 100.1 and 100.2 in turn; 100.1 is their median and the floor is the scale.
  assert(Math.abs(worst!.centre - 100.1) < 1e-9 && Math.abs(worst!.z - Math.log(10.01) / 0.02) < 1e-9);
});

Deno.test("OutlierFinder gives the same for bars in pieces, cut anywhere, as for all at once", async () => {
  const walk = randomWalk(0, 3_000 * MINUTE, { sparse: 1e9 });
  const rows = walk.map((bar, i) => i % 97 === 50 ? { ...bar, low: bar.low / 2 } : bar);
  const whole = await find(piecesOf(rows), { examples: 1000 });
  assertEquals(whole.flagged, rows.filter((_, i) => i % 97 === 50).length);
  for (const size of [1, 7, 10, 11, 30, 2047]) {
    const cuts = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => i * size);
    assertEquals(await find(piecesOf(rows, cuts), { examples: 1000 }), whole);
  }
});

const DATA = new URL("../../../shared/data/ohlcv/", import.meta.url);

/** All that is flagged in the real files: an independent computation over every row gives the same. */
const REAL: [name: string, flagged: Record<string, string>][] = [
  ["btcusd_bitfinex_1m_2013-2017.csv.gz", {
    "2013-04-10T17:36": "low 19.9, close 19.9",
    "2013-04-10T17:37": "open 19.9, low 19.9",
    "2013-04-10T19:49": "open 130, high 130, low 130, close 130",
    "2013-04-10T23:02": "open 231.5, high 231.5",
    "2013-04-10T23:14": "high 232.75, close 232.75",
    "2013-04-11T12:34": "open 15, high 15, low 15, close 15",
    "2013-04-11T18:12": "open 1.06, high 1.06, low 1.06, close 1.06",
    "2013-04-12T02:55": "open 90, low 90",
    "2013-04-14T02:44": "open 20, high 20, low 20, close 20",
    "2013-04-16T04:38": "open 0.01, low 0.01",
    "2013-04-16T17:55": "low 60",
    "2013-04-26T08:21": "open 13, low 13",
    "2013-04-29T12:36": "low 113.42",
    "2013-05-02T02:38": "open 90.414, low 90.414",
    "2013-07-01T18:01": "open 1, low 1",
    "2014-02-10T10:59": "low 451, close 451",
    "2014-02-10T11:00": "open 450.13, low 200",
  }],
  ["btcusd_bitstamp_coinbase_1d_2011-2023.csv", {
    "2011-11-25T00:00": "high 15",
    "2013-10-02T00:00": "low 85",
    "2013-10-03T00:00": "open 103.85, low 102",
    "2017-04-15T00:00": "low 0.06",
  }],
  ["btcusd_coinbase_1h_2017-2019.csv", {}],
  ["btcusd_bitfinex_1m_2017-12.csv", {}],
];

for (const [name, expected] of REAL) {
  Deno.test(`OutlierFinder flags the bad prints of ${name} and hardly anything else`, async () => {
    const url = new URL(name, DATA);
    if (!await Deno.stat(url).then(() => true, () => false)) {
      return console.log("skipped: ../shared/data is absent");
    }
    const scratch = await Deno.makeTempDir();
    using engine = await openDuckDb();
    const stage = new CandleStage(engine, { scratch, latestMs: Date.UTC(2100, 0) });
    await stage.load(await inspectCandles(decodeURIComponent(url.pathname)), {
      symbol: "BTCUSD",
      source: "x",
    });
    const [series] = await stage.seal();
    const { examples } = await find(readBars(engine, series!.table), { examples: 100 });
    const got = examples.toSorted((a, b) => a.time - b.time).map((bar) => [
      new Date(bar.time).toISOString().slice(0, 16),
      bar.prices.map((price) => `${price} ${bar[price as "low"]}`).join(", "),
    ]);
    assertEquals(Object.fromEntries(got), expected);
    await Deno.remove(scratch, { recursive: true });
  });
}
