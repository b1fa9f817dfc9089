import { assertEquals } from "@std/assert";
import { PROCESSED_PARTITIONED } from "../core/tables.ts";
import { inspectCandles } from "../sources/candles_csv.ts";
import { staged, START } from "./_test_candles.ts";
import type { StagedSeries } from "./candle_stage.ts";
import { auditSeries, auditTable } from "./audit.ts";
import { CandleStage } from "./candle_stage.ts";
import { openDuckDb } from "./engine_duckdb.ts";

const MINUTE = 60_000;
const bar = (minute: number, values = "10,11,12,9,5") => `${START + minute * MINUTE},${values}`;

const settled = (series: StagedSeries) => ({ ...series, conflicts: series.conflicts.length });

Deno.test("auditSeries() counts every kind of oddity of a series", async () => {
  using stage = await staged([{
    lines: [
      bar(0),
      bar(0),
      bar(2, "10,11,12,9,"),
      bar(1, "10,11,12,9,0"),
      bar(6, "10,13,12,9,5"),
      bar(7, "8,11,12,9,5"),
      `${START + 7.5 * MINUTE},10,11,12,9,5`,
      bar(8),
      bar(12),
      bar(13),
      bar(13, "1,1,1,1,1"),
    ],
  }]);
  const series = stage.series[0]!;
  assertEquals(await auditSeries(stage.engine, settled(series), { not_a_number: 2 }), {
    symbol: "BTCUSD",
    source: "csv",
    timeframe: "1m",
    rows: 9,
    from_ms: START,
    to_ms: START + 13 * MINUTE,
    rejected: { not_a_number: 2 },
    null_volume: 1,
    zero_volume: 1,
    negative: 0,
    ohlc_inconsistent: 2,
    off_grid: 1,
    out_of_order: 1,
    duplicates: 1,
    conflicts: 1,
    gaps: 2,
    missing_bars: 6,
    longest_gaps: [
      { from_ms: START + 2 * MINUTE, to_ms: START + 6 * MINUTE, missing: 3 },
      { from_ms: START + 8 * MINUTE, to_ms: START + 12 * MINUTE, missing: 3 },
    ],
  });
});

Deno.test("auditSeries() measures gaps in the series' own bar length", async () => {
  const day = 86_400_000;
  const lines = [0, 1, 4, 5].map((i) => `${START + i * day},1,1,1,1,1`);
  using stage = await staged([{ lines }]);
  const { gaps, missing_bars, longest_gaps } = await auditSeries(stage.engine, settled(stage.series[0]!), {});
  assertEquals([gaps, missing_bars, longest_gaps[0]?.missing], [1, 2, 2]);
});

Deno.test("auditTable() counts rows, nulls, repeats and inverted ranges, and gives the columns' types", async () => {
  using engine = await openDuckDb();
  await engine.run(`CREATE TABLE crypto_gold.processed_partitioned AS SELECT DATE '2020-01-01' + i AS day,
    avg::DOUBLE AS avg_price_usd, low::DOUBLE AS min_price_usd, high::DOUBLE AS max_price_usd, 2020 AS year
    FROM (VALUES (0, 2, 1, 3), (1, NULL, 1, 3), (2, 2, 4, 3), (2, 2, 1, NULL), (3, 1, 1, 1)) AS t (i, avg, low, high)`);
  const about = { key: ["day"], low: "min_price_usd", high: "max_price_usd" };
  assertEquals(await auditTable(engine, PROCESSED_PARTITIONED, about), {
    columns: {
      day: "date",
      avg_price_usd: "double",
      min_price_usd: "double",
      max_price_usd: "double",
      year: "integer",
    },
    rows: 5,
    nulls: 2,
    duplicates: 1,
    inverted: 1,
  });
});

const DATA = new URL("../../../shared/data/ohlcv/", import.meta.url);

const REAL: [name: string, rows: number, gaps: number, missing: number, longest: number][] = [
  ["btcusd_bitfinex_1m_2017-12.csv", 44_593, 9, 47, 26],
  ["btcusd_bitfinex_1m_2013-2017.csv.gz", 1_596_991, 260_207, 902_842, 87_839],
];

for (const [name, rows, gaps, missing, longest] of REAL) {
  Deno.test(`auditSeries() counts the rows and gaps of ${name}`, async () => {
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
    const audit = await auditSeries(engine, settled(series!), {});
    assertEquals([rejects.length, audit.rows, audit.gaps, audit.missing_bars], [0, rows, gaps, missing]);
    assertEquals(audit.longest_gaps[0]?.missing, longest);
    const oddities = [
      audit.null_volume,
      audit.zero_volume,
      audit.negative,
      audit.ohlc_inconsistent,
      audit.off_grid,
    ];
    assertEquals([...oddities, audit.out_of_order, audit.duplicates, audit.conflicts], Array(8).fill(0));
    await Deno.remove(scratch, { recursive: true });
  });
}
