import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import type { QualityReport } from "../quality/mod.ts";
import { candleHandler, readCandleRows, scaleCandle, writeCandleRows } from "../sources/mod.ts";
import { candleCsv } from "./_test_cli.ts";
import { longestGaps, NotebookLake } from "./notebook_lake.ts";

const START = Date.UTC(2024, 1, 28);
const NOW = "2024-03-10T12:00:00Z";

/** A lake of its own with Bitstamp behind it, whose bars are those that are given. */
async function bench(bars: ReturnType<typeof readCandleRows>) {
  const folder = await Deno.makeTempDir();
  const handler = candleHandler(bars, { now: () => new Date(NOW) });
  const lake = new NotebookLake(`${folder}/lake`, {
    now: NOW,
    env: { LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "1000000" },
    fetch: (input, init) => handler(new Request(input, init)),
  });
  return {
    lake,
    async load(name: string, rows: typeof bars, expected = 0): Promise<void> {
      await Deno.writeTextFile(`${folder}/${name}`, writeCandleRows(rows));
      const { code, said } = await lake.run("backfill", "--ohlcv", `${folder}/${name}`);
      assertEquals(code, expected, said);
    },
    async [Symbol.asyncDispose]() {
      await lake[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("quality compares the later of a source's files with another source, as silver shows it", async () => {
  const bars = readCandleRows(candleCsv(START, 2880));
  await using work = await bench(bars);
  await work.load("too_high.csv", bars.map((bar) => scaleCandle(bar, 1.5)));
  await work.load("right.csv", bars, 7); // what it contradicts waits as a dead letter
  const days = ["--since", "2024-02-28", "--until", "2024-03-01"];
  const market = ["--exchange", "bitstamp", "--symbol", "BTC/USD", "--timeframe", "1m"];
  await work.lake.run("backfill", ...market, ...days);
  for (let again = 0; again < 5; again++) {
    const { answer } = await work.lake.run<QualityReport>("quality");
    const { count, detail } = answer.findings.find(({ check }) => check.endsWith("disagreement"))!;
    assertEquals(count, 0, detail);
    assertMatch(detail, /^28\d\d common bars differ by 0 % in the middle/);
  }
});

Deno.test("NotebookLake asks tables and views in Athena's SQL, and gives the ledger of a stream", async () => {
  const bars = readCandleRows(candleCsv(START, 1440));
  const hole = [START + 600 * MINUTE_MS, START + 700 * MINUTE_MS] as const;
  await using work = await bench([]);
  await work.load("day.csv", bars.filter(({ time }) => time < hole[0] || time >= hole[1]));
  const { rows } = await work.lake.ask<{ absent: number }>(
    "SELECT absent FROM V_COMPLETENESS WHERE timeframe = '1m'",
  );
  const ledger = await work.lake.ledger({ interval: "1m" });
  assertEquals([rows, ledger.absent >= 100], [[{ absent: ledger.absent }], true]);
  const [longest] = longestGaps(ledger, 1);
  assertEquals(longest?.cause, "source_offline");
  assertStringIncludes(longest?.evidence ?? "", "inferred");
  assertEquals(ledger.until_ms <= START + DAY_MS, true);
});

Deno.test("NotebookLake hands a command's failure over: code, no answer, and what was said", async () => {
  await using work = await bench([]);
  const { code, answer, said } = await work.lake.run("gaps", "--symbol", "NONE");
  assertEquals([code, answer], [3, null]);
  assertStringIncludes(said, "there is no lake");
});
