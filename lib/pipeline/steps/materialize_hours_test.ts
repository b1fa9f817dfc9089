import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FaultyDisk } from "../../lake/_test_faulty_disk.ts";
import { Workplace } from "../_test_cli.ts";

const DAY = "2026-01-04";
const FOLDER = `market_prices/year=2026/month=01/day=04`;

/** A market of two coins whose price is the minute of the hour. */
function market(now: () => string): typeof fetch {
  return ((input: string | URL | Request) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const price = new Date(now()).getUTCMinutes();
    const coin = (id: string) => ({
      id,
      symbol: id,
      name: id,
      current_price: price,
      market_cap: 5,
      last_updated: now(),
    });
    const body = pathname.endsWith("/simple/price")
      ? { bitcoin: { usd: price, usd_24h_change: 0, last_updated_at: Date.parse(now()) / 1000 } }
      : [coin("bitcoin"), coin("ethereum")];
    return Promise.resolve(new Response(JSON.stringify(body)));
  }) as typeof fetch;
}

/** A workplace whose clock is set by hand. */
async function workplace(io = {}) {
  let now = "";
  const work = await Workplace.make(market(() => now), io);
  return Object.assign(work, {
    async ingest(time: string) {
      now = `${DAY}T${time}:30Z`;
      const { code, stderr } = await work.run(["ingest", "--lake", work.lake, "--now", now]);
      assertEquals([time, code, code === 0 ? "" : stderr], [time, 0, ""]);
    },
    async materialize(time: string) {
      const { code, summary, stderr } = await work.pipeline(
        ...["--source", "coingecko", "--only", "process,materialize", "--now", `${DAY}T${time}:00Z`],
      );
      return { code, stderr, step: summary?.steps[1] };
    },
    async gold() {
      return Object.fromEntries(
        Object.entries(await work.objects()).filter(([key]) => key.startsWith("analytics/market_prices/"))
          .sort(([a], [b]) => a < b ? -1 : 1),
      );
    },
  });
}

Deno.test("materialize makes the hours that are over, one object each; a rerun changes nothing", async () => {
  await using work = await workplace();
  for (const time of ["09:00", "09:55", "10:00", "11:05"]) await work.ingest(time);
  const first = await work.materialize("11:10");
  assertEquals([first.code, first.step.status], [0, "ok"]);
  assertStringIncludes(first.step.detail, "2 hours of market snapshots, 6 rows");
  const gold = await work.gold();
  assertEquals(Object.keys(gold), [
    `analytics/${FOLDER}/hour=09/part-0.parquet`,
    `analytics/${FOLDER}/hour=10/part-0.parquet`,
  ]);
  const again = await work.materialize("11:15");
  assertEquals([again.code, again.step.status, await work.gold()], [0, "skipped", gold]);
  assertEquals(
    await work.query(
      `SELECT id, current_price, "timestamp", hour FROM analytics_prices ORDER BY "timestamp", id`,
    ),
    [[9, 0], [9, 55], [10, 0]].flatMap(([hour, minute]) =>
      ["bitcoin", "ethereum"].map((id) => ({
        ...{ id, current_price: minute, hour },
        timestamp: Date.parse(`${DAY}T00:00:00Z`) / 1000 + hour! * 3600 + minute! * 60,
      }))
    ),
  );
  const [entry] = await work.query(
    `SELECT status, rows_out, outputs FROM runs WHERE step = 'materialize' AND status = 'ok'`,
  );
  assertEquals(
    JSON.parse(String(entry!["outputs"])).map(({ key }: { key: string }) => key)
      .filter((key: string) => key.includes("/market_prices/")),
    Object.keys(gold),
  );
});

Deno.test("materialize takes in snapshots that came late, as if they had been there; other hours stay", async () => {
  await using late = await workplace();
  await using clean = await workplace();
  for (const time of ["08:00", "09:00", "09:55"]) await clean.ingest(time);
  for (const time of ["08:00", "09:55"]) await late.ingest(time);
  assertStringIncludes((await late.materialize("11:00")).step.detail, "2 hours of market snapshots, 4 rows");
  const before = await late.gold();
  await late.ingest("09:00");
  const { step } = await late.materialize("11:05");
  assertStringIncludes(step.detail, "1 hour of market snapshots, 4 rows");
  await clean.materialize("11:05");
  const after = await late.gold();
  assertEquals(after, await clean.gold());
  const eight = `analytics/${FOLDER}/hour=08/part-0.parquet`;
  assertEquals(after[eight], before[eight]);
});

Deno.test("materialize sees a snapshot that comes for a day that is through", async () => {
  await using work = await workplace();
  await work.ingest("08:00");
  const later = async (day: string) =>
    (await work.pipeline(
      ...["--source", "coingecko", "--only", "process,materialize", "--now", `2026-01-${day}T00:30:00Z`],
    )).summary.steps[1];
  assertEquals((await later("04")).detail.includes("market snapshots"), false);
  assertStringIncludes((await later("08")).detail, "1 hour of market snapshots, 2 rows");
  assertStringIncludes((await later("09")).detail, "materialized before");
  // The newest day that holds snapshots is looked at on and on: one of another day makes it an old one.
  const { code } = await work.run(["ingest", "--lake", work.lake, "--now", "2026-01-08T23:00:30Z"]);
  assertEquals([code, (await later("10")).rows_out], [0, 2]);
  await work.ingest("08:05");
  assertStringIncludes((await later("11")).detail, "1 hour of market snapshots, 4 rows");
});

Deno.test("materialize makes up for a crash at any act on the disk, to the same bytes", async () => {
  const prepare = async (disk: FaultyDisk | undefined) => {
    const work = await workplace(disk ? { disk } : {});
    for (const time of ["09:00", "10:00"]) await work.ingest(time);
    return work;
  };
  await using clean = await prepare(undefined);
  await clean.materialize("11:10");
  const expected = await clean.gold();
  assertEquals(Object.keys(expected).length, 2);
  const counting = new FaultyDisk();
  await using counted = await prepare(counting);
  const before = counting.acts.length;
  await counted.materialize("11:10");
  const acts = counting.acts.length - before;
  assert(acts > 10);
  for (let at = 1; at <= acts; at += 7) {
    let dead = false, over = false;
    // Objects are committed side by side: a run may need an act less than the one that was counted.
    const strike = () => {
      if (over) return;
      dead = true;
      throw new Error("the process is dead");
    };
    const disk = new FaultyDisk({ at: before + at, moment: at % 2 === 0 ? "before" : "within", strike }, {
      dead: () => dead,
    });
    await using work = await prepare(disk);
    await work.materialize("11:10").catch(() => {});
    dead = false;
    over = true;
    const { code, stderr } = await work.materialize("11:10");
    assertEquals([at, code], [at, 0], stderr);
    assertEquals([at, await work.gold()], [at, expected]);
  }
});

Deno.test("materialize names a damaged snapshot, makes the other hours, and ends with exit code 8; doctor heals it", async () => {
  await using work = await workplace();
  for (const time of ["09:00", "09:05", "10:00"]) await work.ingest(time);
  const key = `processed/${FOLDER}/hour=09/20260104T090500Z.ndjson.gz`;
  const whole = await Deno.readFile(`${work.lake}/${key}`);
  await Deno.writeFile(`${work.lake}/${key}`, whole.slice(0, -20));
  const { code, stderr } = await work.materialize("11:10");
  assertEquals(code, 8);
  assertStringIncludes(stderr, `Cannot materialize "${key}": damaged, move it aside`);
  assertEquals(Object.keys(await work.gold()), [`analytics/${FOLDER}/hour=10/part-0.parquet`]);
  const healed = await work.run(["doctor", "--quarantine", "--lake", work.lake, "--now", `${DAY}T11:12:00Z`]);
  assertEquals(healed.code, 8);
  assertEquals((await work.materialize("11:15")).code, 0);
  assertEquals(
    await work.query("SELECT hour, count(*) AS n FROM analytics_prices GROUP BY hour ORDER BY hour"),
    [
      { hour: 9, n: 4 },
      { hour: 10, n: 2 },
    ],
  );
});

Deno.test("query answers from the rest where objects are damaged, and names them", async () => {
  await using work = await workplace();
  for (const time of ["08:00", "09:00", "10:00", "11:00"]) await work.ingest(time);
  await work.materialize("11:10");
  const damaged = [8, 10].map((hour) =>
    `analytics/${FOLDER}/hour=${String(hour).padStart(2, "0")}/part-0.parquet`
  );
  const bytes = await Deno.readFile(`${work.lake}/${damaged[0]}`);
  await Deno.writeFile(`${work.lake}/${damaged[0]}`, bytes.slice(0, -30));
  // A footer that is there and says nonsense: the engine does not say in which file.
  await Deno.writeFile(
    `${work.lake}/${damaged[1]}`,
    bytes.map((byte, i) => i > bytes.length - 200 && i < bytes.length - 80 ? byte ^ 0xff : byte),
  );
  const sql = "SELECT hour, count(*) AS n FROM analytics_prices GROUP BY hour";
  const { code, stdout, stderr } = await work.run(["query", sql, "--lake", work.lake, "--format", "json"]);
  assertEquals([code, JSON.parse(stdout)], [0, [{ hour: 9, n: 2 }]]);
  for (const key of damaged) assertStringIncludes(stderr, `${key} is damaged and left out of the answer`);

  const newest = `processed/${FOLDER}/hour=11/20260104T110000Z.ndjson.gz`;
  await Deno.writeFile(`${work.lake}/${newest}`, new Uint8Array(100).fill(7));
  const top = await work.run([
    "query",
    "SELECT id FROM v_top_100 ORDER BY position",
    "--lake",
    work.lake,
    "--format",
    "json",
  ]);
  assertEquals([top.code, JSON.parse(top.stdout)], [0, [{ id: "bitcoin" }, { id: "ethereum" }]]);
  assertStringIncludes(top.stderr, `${newest} is damaged`);
});

Deno.test("query shows a plan line by line, and which partitions the keys leave to it", async () => {
  await using work = await workplace();
  for (const time of ["08:00", "09:00", "10:00"]) await work.ingest(time);
  await work.materialize("11:10");
  const explain = async (sql: string) => await work.run(["query", `EXPLAIN ${sql}`, "--lake", work.lake]);
  const table = await explain("SELECT count(*) FROM analytics_prices WHERE hour = 9");
  assertEquals(table.code, 0);
  const lines = table.stdout.split("\n");
  assertEquals(lines[0], "Query Plan");
  assert(lines.some((line) => /^│\s+Scanning Files: 1\/3\s+│$/.test(line)), table.stdout);
  assert(lines.every((line) => line.length < 60), "one line of the plan is one line on the terminal");
  const span = (from: string, to: string) =>
    `year=2026/month=01/day=04/hour=${from}` + (to ? ` to year=2026/month=01/day=04/hour=${to}` : "");
  assertEquals(
    table.stderr,
    `crypto_gold.analytics_prices: 3 objects in 3 partitions at most, ${span("08", "10")}\n`,
  );
  assertEquals(
    (await explain("SELECT * FROM v_top_100")).stderr,
    `crypto_analytics.processed_prices: 1 object in 1 partition at most, ${span("10", "")}\n`,
  );
});
