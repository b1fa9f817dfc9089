import { assertEquals } from "@std/assert";
import type { Candle } from "../core/rows.ts";
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import { inspectCandles } from "../sources/candles_csv.ts";
import { readBars } from "../warehouse/bar_columns.ts";
import { CandleStage } from "../warehouse/candle_stage.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { piecesOf } from "./_test_columns.ts";
import { SeriesCounter } from "./series_counter.ts";

/** 2017-12-31T23:55Z. */
const START = Date.UTC(2017, 11, 31, 23, 55);
const bar = (minute: number, values: Partial<Candle> = {}) => (
  { time: START + minute * MINUTE_MS, open: 10, close: 11, high: 12, low: 9, volume: 5, ...values }
);

const ODD = [
  bar(0),
  bar(1, { volume: 0 }),
  bar(2, { volume: NaN }),
  bar(6, { close: 13 }),
  bar(7, { open: 8 }),
  bar(7.5),
  bar(8, { open: 1, close: 1, high: 1, low: 1, volume: 0 }),
  bar(12, { low: -1 }),
  bar(13),
];

Deno.test("SeriesCounter counts every kind of oddity, cut anywhere", () => {
  for (let cut = 0; cut <= ODD.length; cut++) {
    const counter = new SeriesCounter(MINUTE_MS);
    for (const bars of piecesOf(ODD, [cut])) counter.add(bars);
    assertEquals(counter.end(), {
      rows: 9,
      from_ms: START,
      to_ms: START + 13 * MINUTE_MS,
      null_volume: 1,
      zero_volume: 2,
      negative: 1,
      ohlc_inconsistent: 2,
      off_grid: 1,
      gaps: 2,
      missing_bars: 6,
      longest_gaps: [
        { from_ms: START + 2 * MINUTE_MS, to_ms: START + 6 * MINUTE_MS, missing: 3 },
        { from_ms: START + 8 * MINUTE_MS, to_ms: START + 12 * MINUTE_MS, missing: 3 },
      ],
      months: [
        { month: "2017-12", rows: 3, zero_volume: 1, filled: 0 },
        { month: "2018-01", rows: 6, zero_volume: 1, filled: 1 },
      ],
    });
  }
});

Deno.test("SeriesCounter measures gaps in the series' own bar length", () => {
  const counter = new SeriesCounter(DAY_MS);
  for (const bars of piecesOf([0, 1, 4, 5].map((day) => ({ time: day * DAY_MS })))) counter.add(bars);
  const { gaps, missing_bars, longest_gaps } = counter.end();
  assertEquals([gaps, missing_bars, longest_gaps[0]?.missing], [1, 2, 2]);
});

Deno.test("SeriesCounter of nothing", () => {
  const { rows, from_ms, months } = new SeriesCounter(DAY_MS).end();
  assertEquals([rows, from_ms, months], [0, NaN, []]);
});

const DATA = new URL("../../../shared/data/ohlcv/", import.meta.url);

const REAL: [name: string, rows: number, gaps: number, missing: number, longest: number][] = [
  ["btcusd_bitfinex_1m_2017-12.csv", 44_593, 9, 47, 26],
  ["btcusd_bitfinex_1m_2013-2017.csv.gz", 1_596_991, 260_207, 902_842, 87_839],
];

for (const [name, rows, gaps, missing, longest] of REAL) {
  Deno.test(`SeriesCounter counts the rows and gaps of ${name}`, async () => {
    const url = new URL(name, DATA);
    if (!await Deno.stat(url).then(() => true, () => false)) {
      return console.log("skipped: ../shared/data is absent");
    }
    const scratch = await Deno.makeTempDir();
    using engine = await openDuckDb();
    const stage = new CandleStage(engine, { scratch, latestMs: Date.UTC(2100, 0) });
    const file = await inspectCandles(decodeURIComponent(url.pathname));
    const { rejects } = await stage.load(file, { symbol: "BTCUSD", source: "bitfinex" });
    const [series] = await stage.seal();
    const counter = new SeriesCounter(MINUTE_MS);
    for await (const bars of readBars(engine, series!.table)) counter.add(bars);
    const audit = counter.end();
    assertEquals([rejects.length, audit.rows, audit.gaps, audit.missing_bars], [0, rows, gaps, missing]);
    assertEquals(audit.longest_gaps[0]?.missing, longest);
    const oddities = [
      audit.null_volume,
      audit.zero_volume,
      audit.negative,
      audit.ohlc_inconsistent,
      audit.off_grid,
    ];
    assertEquals(oddities, Array(5).fill(0));
    await Deno.remove(scratch, { recursive: true });
  });
}
