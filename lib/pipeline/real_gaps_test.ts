import { assert, assertEquals } from "@std/assert";
import { openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { GapsLake } from "./_test_gaps.ts";

const FILE = new URL(
  "../../../shared/data/ohlcv/btcusd_bitfinex_1m_2013-2017.csv.gz",
  import.meta.url,
);
const here = await Deno.stat(FILE).then(() => true, () => false);
const NAME = "streamLedgers() finds the 902,842 missing minutes of Bitfinex and its four long holes exactly";

Deno.test({ name: here ? NAME : `${NAME} (skipped: ../shared/data is absent)`, ignore: !here, fn: realFile });
if (!here) console.log("skipped: ../shared/data is absent");

async function realFile(): Promise<void> {
  await using lake = await GapsLake.make();
  using engine = await openDuckDb();
  const { rows } = await engine.read(
    `SELECT time::DOUBLE FROM read_csv(${quote(decodeURIComponent(FILE.pathname))}, header = true)`,
  );
  await lake.minutes(rows.map(([time]) => time as number), { source: "bitfinex" });
  const [ledger] = await lake.ledgers();
  const { gaps } = ledger!;
  assertEquals([ledger!.expected, ledger!.present, ledger!.absent, gaps.count], [
    2_499_833,
    1_596_991,
    902_842,
    260_207,
  ]);
  const holes = gaps.longest(4).map((i) => gaps.at(i));
  assertEquals(
    holes.map(({ from_ms, missing, cause }) => [new Date(from_ms).toISOString(), missing, cause]),
    [
      ["2016-04-01T00:01:00.000Z", 87_839, "source_offline"],
      ["2014-11-21T23:04:00.000Z", 57_656, "source_offline"],
      ["2015-05-01T04:00:00.000Z", 44_400, "source_offline"],
      ["2016-08-02T18:03:00.000Z", 11_390, "source_offline"],
    ],
  );
  // Beyond the four holes, which the file's description names, outages are few: minutes without trades are not errors.
  const others = gaps.by_cause.source_offline - holes.reduce((sum, { missing }) => sum + missing, 0);
  assert(others > 1000 && others < 10_000, `${others} minutes in shorter outages`);
}
