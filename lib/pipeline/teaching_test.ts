import {
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import pl from "nodejs-polars";
import { QualityError, SourceError } from "../core/errors.ts";
import { materializeDataset } from "../dataset/materialize.ts";
import { BitcoinSchema } from "../dataset/unischema.ts";
import {
  calculateMovingAverage,
  calculateVolatility,
  generateReport,
  getParquetColumns,
  loadAllCsvsFromFolder,
  loadFromParquet,
  loadPetastormBatches,
  plotPriceTrend,
  plotVolatility,
  prepareBitcoinFrame,
} from "./teaching.ts";

/** Twelve hours apart, from 100 dollars up. */
const SOURCE = Array.from(
  { length: 10 },
  (_, at) => ({ timestamp: 1_700_000_000 + 43_200 * at, price: 100 + at }),
);

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A column's values, which may be null and dates. */
function column(frame: pl.DataFrame, name: string): unknown[] {
  return frame.getColumn(name).toArray();
}

Deno.test("a dataset goes into a frame, a report and two charts", () =>
  inFolder(async (folder) => {
    await materializeDataset(folder, BitcoinSchema, SOURCE, { rowGroupRows: 4 });
    for (const place of [folder, `file://${folder}`]) {
      assertEquals(await getParquetColumns(place), ["timestamp", "price"]);
      const frame = await loadPetastormBatches(place);
      assertEquals([frame.height, frame.columns], [10, ["timestamp", "price"]]);
    }
    const report = generateReport(await loadPetastormBatches(folder));
    assertEquals([report.rows, report.min, report.median, report.max, report.mean], [
      10,
      100,
      104.5,
      109,
      104.5,
    ]);
    assertAlmostEquals(report.std!, 3.0276503540974917, 1e-12);
    assertAlmostEquals(report.change_24h!, 109 / 107 - 1, 1e-12);
    assertStringIncludes(String(report), "latest $109.00, 1.87% in 24 hours");
    assertEquals(report.frame.columns, ["timestamp", "price_usd", "ma_7", "volatility_7"]);
    assertStringIncludes(await report.charts.price.toSvg(), "Mean of 7");
    assertStringIncludes(await report.charts.volatility.toSvg(), "<svg");
  }));

Deno.test("loadFromParquet() gives batch after batch", () =>
  inFolder(async (folder) => {
    await materializeDataset(folder, BitcoinSchema, SOURCE, { rowGroupRows: 4 });
    const rows = await Array.fromAsync(loadFromParquet(folder), (batch) => batch.numRows);
    assertEquals(rows, [4, 4, 2]);
    const none = await loadPetastormBatches(folder, { filters: [["price", ">", 1e6]] });
    assertEquals([none.height, none.columns], [0, ["timestamp", "price"]]);
  }));

Deno.test("loadAllCsvsFromFolder() joins files with other columns and skips what is no CSV", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/1.csv`, "timestamp,price_usd\n2024-01-01,43000\n");
    await Deno.writeTextFile(`${folder}/2.csv`, "timestamp,price_usd,source\n2024-01-02,43000.5,demo\n");
    await Deno.writeTextFile(`${folder}/3.csv`, "  \n");
    await Deno.writeFile(`${folder}/4.csv`, Uint8Array.of(0xff, 0xfe, 0, 1));
    await Deno.writeTextFile(`${folder}/notes.txt`, "x");
    const { frame, skipped } = await loadAllCsvsFromFolder(folder);
    assertEquals(column(frame, "price_usd"), [43000, 43000.5]);
    assertEquals(column(frame, "source"), [null, "demo"]);
    assertEquals(skipped.map(({ file }) => file), ["3.csv", "4.csv"]);
    assertEquals((await loadAllCsvsFromFolder(`${folder}/`)).frame.height, 2);
    await assertRejects(() => loadAllCsvsFromFolder(`${folder}/none`), SourceError, "check the path");
    await Deno.remove(`${folder}/1.csv`);
    await Deno.remove(`${folder}/2.csv`);
    assertEquals((await loadAllCsvsFromFolder(folder)).frame.height, 0);
  }));

Deno.test("prepareBitcoinFrame() reads times of any unit, sorts, and drops what cannot be used", () => {
  const day = Date.UTC(2024, 0, 1);
  for (const perMs of [1e-3, 1, 1e3]) {
    const frame = prepareBitcoinFrame(
      pl.DataFrame({ timestamp: [(day + 1000) * perMs, day * perMs], price: [2, 1] }),
    );
    assertEquals(column(frame, "timestamp"), [new Date(day), new Date(day + 1000)]);
    assertEquals(column(frame, "price_usd"), [1, 2]);
  }
  const odd = pl.DataFrame({
    timestamp: ["2024-01-01 00:00:00", "yesterday", null, "2024-01-01T02:00:00+02:00", "2024-01-02"],
    price_usd: ["1", "2", "3", "", "-1"],
  });
  assertEquals(column(prepareBitcoinFrame(odd), "timestamp"), [new Date(day)]);
  assertThrows(
    () => prepareBitcoinFrame(pl.DataFrame({ time: [1] })),
    QualityError,
    'no column "timestamp" among time',
  );
  assertThrows(
    () => prepareBitcoinFrame(pl.DataFrame({ timestamp: [1] })),
    QualityError,
    'no column "price_usd"',
  );
  assertThrows(
    () => generateReport(odd.filter(pl.col("price_usd").eq(pl.lit("2")))),
    SourceError,
    "no row has a time",
  );
});

Deno.test("moving average and volatility are pandas' rolling mean and std of pct_change", () => {
  // pandas 3.0: s.rolling(3).mean() and s.pct_change().rolling(3).std().
  const frame = calculateVolatility(
    calculateMovingAverage(pl.DataFrame({ price_usd: [10, 12, 9, 9, 15] }), 3),
    3,
  );
  const close = (name: string, expected: (number | null)[]) =>
    column(frame, name).forEach((value, row) => {
      if (expected[row] === null) assertEquals(value, null);
      else assertAlmostEquals(value as number, expected[row]!, 1e-12);
    });
  close("ma_3", [null, null, 31 / 3, 10, 11]);
  close("volatility_3", [null, null, null, 0.22546248764114468, 0.47385339192311066]);
  assertThrows(() => calculateMovingAverage(frame, 0), RangeError, "from 1 on");
  assertThrows(() => calculateVolatility(frame, 1), RangeError, "from 2 on");
});

Deno.test("plots say what they show, and need a point in time", () => {
  const frame = prepareBitcoinFrame(
    pl.DataFrame({ timestamp: ["2024-01-01", "2024-01-02"], price_usd: [1, 2] }),
  );
  assertEquals(
    String(plotPriceTrend(frame)),
    "Bitcoin price: 2024-01-01T00:00Z to 2024-01-02T00:00Z · 2 points",
  );
  assertStringIncludes(String(plotVolatility(frame)), "Volatility of Bitcoin's price");
  assertThrows(() => plotPriceTrend(frame.head(0)), RangeError, "there is no point in time");
});
