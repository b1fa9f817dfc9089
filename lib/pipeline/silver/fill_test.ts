import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../core/time.ts";
import { LocalStore } from "../../lake/store_local.ts";
import { TestExchange } from "../../sources/_test_exchange_server.ts";
import { readFills } from "../../warehouse/fill_records.ts";
import { Workplace } from "../_test_cli.ts";

const NOW = "2024-06-15T12:00:30Z";
const DAY = Date.UTC(2024, 4, 3), UNTIL = Date.UTC(2024, 4, 5);
/** The file's source was away for three hours and half a minute's walk of single minutes. */
const HOLE: [number, number] = [DAY + 5 * HOUR_MS + 10 * MINUTE_MS, DAY + 8 * HOUR_MS + 10 * MINUTE_MS];

Deno.test("gaps --fill takes a second source's bars where the first has none: each row says whose it is, and it can be done again", async () => {
  const exchange = new TestExchange({ now: new Date(NOW) });
  await using work = await Workplace.make((input, init) => exchange.handler(new Request(input, init)));
  const run = async (...args: string[]) => {
    const result = await work.run([...args, "--lake", work.lake, "--now", NOW], {
      LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "1000000",
    });
    assertEquals(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
    return result;
  };
  const lines = exchange.truth(DAY, UNTIL)
    .filter(({ time }) => time < HOLE[0] || time >= HOLE[1])
    // Another exchange's prices are a little higher.
    .map(({ time, open, close, high, low, volume }) =>
      [time, ...[open, close, high, low].map((price) => price * 1.001), volume].join(",")
    );
  const file = await work.file("mine.csv", `time,open,close,high,low,volume\n${lines.join("\n")}\n`);
  await run("backfill", "--ohlcv", file);

  const early = await work.run([
    "gaps",
    "--symbol",
    "BTCUSD",
    "--interval",
    "1m",
    "--fill",
    "coinbase",
    "--lake",
    work.lake,
  ]);
  assertEquals(early.code, 2);
  assertStringIncludes(
    early.stderr,
    "deno task backfill --exchange coinbase --symbol BTC/USD --timeframe 1m",
  );

  // The second source's bars are in the lake now, and silver does not mix them in by itself.
  await run(
    "backfill",
    "--exchange",
    "coinbase",
    "--symbol",
    "BTC/USD",
    "--timeframe",
    "1m",
    "--since",
    "2024-05-03",
    "--until",
    "2024-05-05",
  );
  const sources = () =>
    work.query(
      "SELECT source, count(*) AS bars, min(minute_start) AS first, max(minute_start) AS last FROM ohlcv_minute GROUP BY source ORDER BY source",
    );
  assertEquals((await sources()).map(({ source, bars }) => [source, bars]), [["csv", 2 * 1440 - 180]]);

  const fill = ["gaps", "--symbol", "BTCUSD", "--interval", "1m", "--fill", "coinbase"];
  assertStringIncludes((await run(...fill, "--dry-run")).stdout, "coinbase has 180 of them");
  assertEquals((await sources()).length, 1);
  assertStringIncludes((await run(...fill)).stdout, "filled 180 from coinbase, 0 remain");
  assertEquals(await sources(), [
    {
      source: "coinbase",
      bars: 180,
      first: new Date(HOLE[0]).toISOString(),
      last: new Date(HOLE[1] - MINUTE_MS).toISOString(),
    },
    { source: "csv", bars: 2700, first: "2024-05-03T00:00:00.000Z", last: "2024-05-04T23:59:00.000Z" },
  ]);
  assertEquals(
    await work.query(
      "SELECT hour(hour_start) AS hour, source FROM ohlcv_hourly WHERE source <> 'csv' ORDER BY hour_start",
    ),
    [
      { hour: 5, source: "coinbase+csv" },
      { hour: 6, source: "coinbase" },
      { hour: 7, source: "coinbase" },
      { hour: 8, source: "coinbase+csv" },
    ],
  );
  const { streams: [stream] } = JSON.parse(
    (await run("gaps", "--symbol", "BTCUSD", "--interval", "1m", "--json")).stdout,
  );
  assertEquals([stream.expected, stream.present, stream.filled, stream.absent], [2880, 2700, 180, 0]);
  assertEquals(
    await work.query(
      "SELECT present, filled, absent FROM v_completeness WHERE symbol = 'BTCUSD' AND timeframe = '1m'",
    ),
    [{ present: 2700, filled: 180, absent: 0 }],
  );

  const before = await work.objects();
  await run(...fill);
  await run("backfill", "--ohlcv", file);
  const after = await work.objects();
  const changed = Object.keys(after).filter((key) =>
    before[key] !== after[key] && !key.startsWith("quality_reports/")
  );
  assertEquals(changed, []);
  assert(Object.keys(after).length >= Object.keys(before).length);

  // Bars of its own that come late take the place of those that were filled in.
  const late = exchange.truth(HOLE[0], HOLE[0] + 60 * MINUTE_MS).map((
    { time, open, close, high, low, volume },
  ) => [time, ...[open, close, high, low].map((price) => price * 1.001), volume].join(","));
  await run(
    "backfill",
    "--ohlcv",
    await work.file("late.csv", `time,open,close,high,low,volume\n${late.join("\n")}\n`),
  );
  assertEquals((await sources()).map(({ source, bars }) => [source, bars]), [["coinbase", 120], [
    "csv",
    2760,
  ]]);
  assertEquals(
    await work.query("SELECT count(*) AS rows FROM lakebook.replaced WHERE table_name = 'ohlcv_minute'"),
    [{ rows: 60 }],
  );
});

Deno.test("gaps --fill takes its decision back where the quality checks refuse the other source's bars", async () => {
  const exchange = new TestExchange({ now: new Date(NOW) });
  await using work = await Workplace.make((input, init) => exchange.handler(new Request(input, init)));
  const run = (...args: string[]) =>
    work.run([...args, "--lake", work.lake, "--now", NOW], {
      LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "1000000",
    });
  // Four days, away for an hour each at noon and in the evening; in cents of a dollar, one would think.
  const until = DAY + 4 * DAY_MS;
  const away = [12, 20].map((hour) => hour * HOUR_MS);
  const lines = exchange.truth(DAY, until)
    .filter(({ time }) => !away.some((from) => time % DAY_MS >= from && time % DAY_MS < from + HOUR_MS))
    .map(({ time, open, close, high, low, volume }) =>
      [time, ...[open, close, high, low].map((price) => price / 100), volume].join(",")
    );
  const file = await work.file("mine.csv", `time,open,close,high,low,volume\n${lines.join("\n")}\n`);
  await run("backfill", "--ohlcv", file);
  const market = ["--exchange", "coinbase", "--symbol", "BTC/USD", "--timeframe", "1m"];
  await run("backfill", ...market, "--since", "2024-05-03", "--until", "2024-05-07");
  const minutes = () => work.query("SELECT source, count(*) AS bars FROM ohlcv_minute GROUP BY source");
  const before = await minutes();
  assertEquals(before, [{ source: "csv", bars: 4 * 1320 }]);

  const fill = ["gaps", "--symbol", "BTCUSD", "--interval", "1m", "--fill", "coinbase"];
  const store = new LocalStore(work.lake);
  const { code, stdout, stderr } = await run(...fill);
  assertEquals(code, 5, stderr);
  assertStringIncludes(stdout, "filled 0 from coinbase, 480 remain");
  assertStringIncludes(stderr, "failed its quality checks, so the decision was taken back");
  assertEquals(await readFills(store), []);
  assertEquals(await minutes(), before);
  const models = ["--models", `${work.folder}/models`];
  const steps = ["--only", "process,materialize,quality", "--source", "csv"];
  const next = await run("pipeline", ...steps, ...models);
  assertEquals(next.code, 0, next.stderr);

  // A decision that stood before, over ten minutes, stands again.
  const part = [...fill, "--to", "2024-05-03T12:10:00Z"];
  const first = await run(...part);
  assertEquals(first.code, 0, first.stderr);
  const decided = await readFills(store);
  assertEquals(decided.map(({ ranges }) => ranges), [[[DAY + away[0]!, DAY + away[0]! + 10 * MINUTE_MS]]]);
  assertEquals((await run(...fill)).code, 5);
  assertEquals(await readFills(store), decided);
});
