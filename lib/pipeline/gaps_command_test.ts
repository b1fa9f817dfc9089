import { assertEquals, assertStringIncludes } from "@std/assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import { claimLake, openStore } from "../lake/open_lake.ts";
import { readFills } from "../warehouse/fill_records.ts";
import { candleCsv, Workplace } from "./_test_cli.ts";
import { GapsLake, minutesFrom } from "./_test_gaps.ts";

const START = Date.UTC(2025, 2, 1);
const at = (minute: number) => START + minute * MINUTE_MS;

/** Runs `gaps` on a lake. */
async function gaps(lake: string, ...args: string[]) {
  await using work = await Workplace.make();
  return await work.run(["gaps", "--lake", lake, ...args]);
}

/** A day of minutes with an outage and a silent minute. */
async function dayWithOutage(lake: GapsLake, from = 300, until = 420): Promise<void> {
  const times = minutesFrom(START, 1440, (minute) => minute === 30 || (minute >= from && minute < until));
  await lake.minutes(times, { source: "bitstamp" });
  await lake.file(times, { source: "bitstamp" });
}

Deno.test("gaps --json prints each gap with cause and evidence", async () => {
  await using lake = await GapsLake.make();
  await dayWithOutage(lake);
  const { code, stdout } = await gaps(lake.folder, "--symbol", "BTCUSD", "--interval", "1m", "--json");
  const [stream] = JSON.parse(stdout).streams;
  assertEquals([code, stream.gaps.length], [0, 2]);
  const { gaps: listed, ...counts } = stream;
  assertEquals(counts, {
    symbol: "BTCUSD",
    interval: "1m",
    from: "2025-03-01T00:00:00Z",
    to: "2025-03-02T00:00:00Z",
    expected: 1440,
    present: 1319,
    filled: 0,
    absent: 121,
    not_yet_due: 0,
    absent_by_cause: { no_trade: 1, source_offline: 120, our_failure: 0, plan_limit: 0 },
  });
  assertEquals({ ...listed[1], evidence: "" }, {
    from: "2025-03-01T05:00:00Z",
    to: "2025-03-01T07:00:00Z",
    missing: 120,
    cause: "source_offline",
    evidence: "",
  });
  assertStringIncludes(listed[1].evidence, "inferred: the market around it would leave");
});

Deno.test("gaps shows a person the totals, the causes, the longest gaps and how to see all", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes(minutesFrom(START, 300, (minute) => minute % 20 === 7));
  const { stdout } = await gaps(lake.folder);
  assertStringIncludes(stdout, "BTCUSD 1m: 2025-03-01T00:00:00Z to 2025-03-01T05:00:00Z");
  assertStringIncludes(stdout, "expected 300, present 285, filled 0, absent 15 (5.00 %)");
  assertStringIncludes(stdout, "the longest 10 of 15 gaps:");
  assertStringIncludes(stdout, `--symbol BTCUSD --interval 1m --json`);
  const range = ["--from", "2025-03-01T00:00:00Z", "--to", "2025-03-01T04:50:00Z"];
  const some = await gaps(lake.folder, ...range);
  assertStringIncludes(some.stdout, `--symbol BTCUSD --interval 1m ${range.join(" ")} --json`);
});

Deno.test("gaps says of a lake without candles how to take some in", async () => {
  await using work = await Workplace.make();
  await claimLake(await openStore(work.lake), "live");
  const { code, stderr } = await work.run(["gaps", "--lake", work.lake]);
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    `Cannot show gaps of lake "${work.lake}": it has no candles, take some in with `,
  );
});

Deno.test("gaps lists what is not over yet at the end, and does not count it as absent", async () => {
  await using lake = await GapsLake.make();
  await lake.minutes(minutesFrom(START, 10, () => false));
  const { stdout } = await gaps(
    lake.folder,
    ...["--to", "2025-03-01T00:30:00Z", "--now", "2025-03-01T00:12:30Z", "--json"],
  );
  const [stream] = JSON.parse(stdout).streams;
  assertEquals([stream.absent, stream.not_yet_due], [2, 18]);
  assertEquals(stream.gaps.at(-1).cause, "not_yet_due");
});

Deno.test("gaps refuses what it cannot do, and says what to do instead", async () => {
  await using lake = await GapsLake.make();
  await dayWithOutage(lake);
  const cases: [args: string[], code: number, words: string][] = [
    [["--symbol", "XRPUSD"], 2, "the lake has BTCUSD 1m, choose among them"],
    [["--from", "2025-04-01"], 2, "BTCUSD 1m goes from 2025-03-01T00:00:00Z to 2025-03-02T00:00:00Z, ask"],
    [
      ["--to", "2025-02-01", "--interval", "1m"],
      2,
      "Cannot show gaps to 2025-02-01T00:00:00Z: BTCUSD 1m goes",
    ],
    [["--from", "yesterday"], 2, "Cannot use --from"],
    [["--from", "2025-03-02", "--to", "2025-03-01"], 2, "the end is not later"],
    [["--dry-run"], 2, "add --fill SOURCE"],
    [["--fill", "kraken"], 2, "say which stream with --symbol and --interval"],
    [
      ["--fill", "kraken", "--symbol", "BTCUSD", "--interval", "1m"],
      2,
      "first run `deno task backfill --exchange kraken --symbol BTC/USD --timeframe 1m --since 2025-03-01`",
    ],
  ];
  for (const [args, code, words] of cases) {
    const result = await gaps(lake.folder, ...args);
    assertEquals([args.join(" "), result.code, result.stdout], [args.join(" "), code, ""]);
    assertStringIncludes(result.stderr, words);
  }
  const nowhere = await gaps(`${lake.folder}/nowhere`);
  assertEquals(nowhere.code, 3);
});

Deno.test("gaps --fill decides on the ranges in which the source has bars, and never on minutes without trades", async () => {
  await using lake = await GapsLake.make();
  await dayWithOutage(lake, 305, 355);
  await lake.file(minutesFrom(at(0), 340, () => false), { source: "kraken", name: "kraken.csv" });
  const args = ["--symbol", "BTCUSD", "--interval", "1m", "--fill", "kraken", "--json"];
  const dry = await gaps(lake.folder, ...args, "--dry-run");
  assertEquals(JSON.parse(dry.stdout), {
    symbol: "BTCUSD",
    interval: "1m",
    source: "kraken",
    fillable: 50,
    available: 35,
    filled: null,
    remaining: null,
  });
  assertEquals(await readFills(lake.store), []);
  const done = await gaps(lake.folder, ...args, "--now", "2025-04-01");
  assertEquals([done.code, JSON.parse(done.stdout).available], [0, 35], done.stderr);
  assertEquals(await readFills(lake.store), [{
    symbol: "BTCUSD",
    timeframe: "1m",
    source: "kraken",
    ranges: [[at(305), at(355)]],
    decided_at: "2025-04-01T00:00:00.000Z",
  }]);
});

Deno.test("a run writes the ledger as tables and a view, leaves it alone when nothing changed, and follows a change", async () => {
  await using work = await Workplace.make();
  const hours = candleCsv(START, 240, 3_600_000).split("\n");
  const file = await work.file("hours.csv", hours.filter((_, i) => i < 60 || i > 84).join("\n"));
  await work.pipeline("--ohlcv", file, "--only", "ingest,process,materialize,quality");
  const view = () => work.query("SELECT * FROM v_completeness WHERE timeframe = '1h'");
  const expected = {
    symbol: "BTCUSD",
    timeframe: "1h",
    from_day: "2025-03-01",
    to_day: "2025-03-10",
    expected: 240,
    present: 215,
    filled: 0,
    absent: 25,
    no_trade: 0,
    source_offline: 25,
    our_failure: 0,
    plan_limit: 0,
  };
  assertEquals(await view(), [expected]);
  assertEquals(
    await work.query("SELECT gap_from, gap_to, missing, cause FROM lakebook.gaps WHERE timeframe = '1h'"),
    [{
      gap_from: "2025-03-03T11:00:00.000Z",
      gap_to: "2025-03-04T12:00:00.000Z",
      missing: 25,
      cause: "source_offline",
    }],
  );
  const before = await work.objects();
  await work.pipeline("--only", "quality", "--source", "csv");
  assertEquals(await work.objects(), before);
  const rest = await work.file("rest.csv", [hours[0], ...hours.slice(60, 85)].join("\n"));
  await work.pipeline("--ohlcv", rest, "--only", "ingest,process,materialize,quality");
  assertEquals(await view(), [{ ...expected, present: 240, absent: 0, source_offline: 0 }]);
  assertEquals(await work.query("SELECT * FROM lakebook.gaps WHERE timeframe = '1h'"), []);
});

Deno.test("the tables that a run writes hold what gaps finds afterwards, also of bars beside the minutes", async () => {
  for (const beside of [0, 30_000]) {
    await using work = await Workplace.make();
    const minutes = candleCsv(START, 2880, MINUTE_MS).trimEnd().split("\n");
    const kept = minutes.filter((_, i) => i % 7 !== 3 && (i < 900 || i > 1100));
    // One bar half a minute late: nobody else's minute, so the minutes are the same.
    const moved = kept.map((line, i) =>
      i === 50 ? line.replace(/^\d+/, (time) => `${Number(time) + beside}`) : line
    );
    const file = await work.file("minutes.csv", moved.join("\n"));
    await work.pipeline("--ohlcv", file, "--only", "ingest,process,materialize,quality");
    const { stdout } = await work.run(["gaps", "--lake", work.lake, "--interval", "1m", "--json"]);
    const time = (text: string) => new Date(text).toISOString();
    const found = (JSON.parse(stdout).streams[0].gaps as { from: string; to: string }[])
      .map(({ from, to, ...gap }) => ({ gap_from: time(from), gap_to: time(to), ...gap }));
    const written = await work.query(
      "SELECT gap_from, gap_to, missing, cause, evidence FROM lakebook.gaps WHERE timeframe = '1m' ORDER BY gap_from",
    );
    assertEquals(written.length > 300, true);
    assertEquals(written, found);
  }
});

Deno.test("the tables that a run writes expect hours and days as soon as these are over, though no minute came", async () => {
  await using work = await Workplace.make();
  const file = await work.file("minutes.csv", candleCsv(START, 690, MINUTE_MS));
  const steps = ["--ohlcv", file, "--only", "ingest,process,materialize,quality"];
  const expected = async (now: string) => {
    await work.pipeline(...steps, "--now", now);
    const { stdout } = await work.run(["gaps", "--lake", work.lake, "--now", now, "--json"]);
    const found = (JSON.parse(stdout).streams as { interval: string; expected: number }[])
      .map(({ interval, expected }) => ({ timeframe: interval, expected }));
    assertEquals(
      await work.query(
        "SELECT timeframe, expected FROM v_completeness ORDER BY array_position(['1m', '1h', '1d'], timeframe)",
      ),
      found.filter(({ expected }) => expected > 0),
    );
    return found.map(({ expected }) => expected);
  };
  // The last minute is that of 11:29: at 11:30:30 its hour is not over.
  assertEquals(await expected("2025-03-01T11:30:30Z"), [690, 11, 0]);
  const before = await work.objects();
  assertEquals(await expected("2025-03-01T11:50:00Z"), [690, 11, 0]);
  assertEquals(await work.objects(), before);
  assertEquals(await expected("2025-03-01T12:00:30Z"), [690, 12, 0]);
  assertEquals(await expected("2025-03-03T12:00:00Z"), [690, 12, 1]);
});

Deno.test("the tables that a run writes hold what gaps finds afterwards, where bars of several lengths share a symbol", async () => {
  await using work = await Workplace.make();
  const csv = (name: string, from: number, bars: number, step: number, lost: number) =>
    work.file(name, candleCsv(from, bars, step).split("\n").filter((_, i) => i !== lost).join("\n"));
  // Three days of minutes, then two of hours, then six of days; each lacks a bar.
  const files = [
    await csv("minutes.csv", START, 3 * 1440, MINUTE_MS, 700),
    await csv("hours.csv", START + 3 * DAY_MS, 48, HOUR_MS, 30),
    await csv("days.csv", START + 5 * DAY_MS, 6, DAY_MS, 3),
  ];
  for (const file of files) {
    await work.pipeline("--ohlcv", file, "--only", "ingest,process,materialize,quality");
  }
  const counts = ["timeframe", "expected", "present", "filled", "absent"];
  const { stdout } = await work.run(["gaps", "--lake", work.lake, "--json"]);
  const streams = JSON.parse(stdout).streams as Record<string, unknown>[];
  assertEquals(
    await work.query(
      `SELECT ${
        counts.join(", ")
      } FROM v_completeness ORDER BY array_position(['1m', '1h', '1d'], timeframe)`,
    ),
    streams.map(({ interval, ...stream }) =>
      Object.fromEntries(counts.map((name) => [name, { ...stream, timeframe: interval }[name]]))
    ),
  );
  assertEquals(streams.map(({ interval, absent }) => [interval, absent]), [["1m", 1], ["1h", 1], ["1d", 1]]);
  assertEquals(
    await work.query("SELECT timeframe, missing FROM lakebook.gaps ORDER BY gap_from"),
    [["1m", 1], ["1h", 1], ["1d", 1]].map(([timeframe, missing]) => ({ timeframe, missing })),
  );
});
