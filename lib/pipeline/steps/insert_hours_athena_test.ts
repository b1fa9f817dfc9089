import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AthenaLake } from "../_test_athena_lake.ts";
import { TestParameters } from "../../warehouse/_test_parameter_server.ts";
import { hourPlaces, insertHourSql } from "../../warehouse/market_hours.ts";
import { fillTemplate } from "../../warehouse/translate.ts";
import { hourBatches } from "./hours_to_make.ts";

const FOLDER = "analytics/market_prices/year=2026/month=01/day=04";
const rows = (...times: string[]) =>
  times.flatMap((time) => ["bitcoin", "ethereum"].map((id) => `${time} ${id} ${Number(time.split(":")[1])}`));

Deno.test("pipeline --engine athena inserts the hours that are over; a rerun inserts nothing and asks nobody", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "09:55", "10:00", "11:05");
  const { code, step, stderr } = await lake.materialize("11:10");
  assertEquals([code, step?.status], [0, "ok"], stderr);
  assertStringIncludes(
    step.detail,
    "2 hours of market snapshots, 6 rows inserted by Athena, 1.5 MB scanned, query query-3",
  );
  assertEquals(
    lake.goldKeys,
    [9, 10].map((hour) => `${FOLDER}/hour=${String(hour).padStart(2, "0")}/query-3_ab12`),
  );
  assertEquals(await lake.gold(), rows("9:00", "9:55", "10:00"));
  assertEquals(lake.inserts.length, 1);
  assertStringIncludes(lake.inserts[0]!, "hour BETWEEN 9 AND 10");
  const asked = lake.athena.requests.length;
  const again = await lake.materialize("11:15");
  assertEquals([again.code, again.step.status, lake.athena.requests.length], [0, "skipped", asked]);
  assertStringIncludes(
    again.step.detail,
    "0 rows inserted, the hours of market snapshots were materialized before",
  );
  const { code: health, findings } = await lake.doctor();
  assertEquals([health, findings.filter(({ status }) => status !== "ok" && status !== "warn")], [0, []]);
  const log = `SELECT detail, outputs FROM runs WHERE step = 'materialize' AND status = 'ok'`;
  const logged = await lake.work.run(["query", log, "--lake", lake.url, "--format", "json"], lake.env);
  const [entry] = JSON.parse(logged.stdout);
  assertStringIncludes(entry.detail, "query query-3");
  assertStringIncludes(JSON.stringify(entry.outputs), `${FOLDER}/hour=09/query-3_ab12`);
});

Deno.test("pipeline --engine athena asks once a day of snapshots, and adds what came late to hours that are there", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "22:00", "2026-01-05T01:00");
  assertStringIncludes(
    (await lake.materialize("2026-01-05T02:10")).step.detail,
    "3 hours of market snapshots, 6 rows",
  );
  assertEquals(lake.inserts.map((sql) => /day = (\d+) AND hour (BETWEEN .*)/.exec(sql)!.slice(1)), [
    ["4", "BETWEEN 9 AND 22"],
    ["5", "BETWEEN 1 AND 1"],
  ]);
  await lake.ingest("09:30");
  const { step } = await lake.materialize("2026-01-05T02:20");
  assertStringIncludes(step.detail, "1 hour of market snapshots, 2 rows inserted by Athena");
  assertStringIncludes(lake.inserts[2]!, "day = 4 AND hour BETWEEN 9 AND 9");
  assertEquals(await lake.gold(), rows("9:00", "9:30", "22:00", "1:00"));
  assertEquals((await lake.doctor()).findings.filter(({ status }) => status === "fail"), []);
});

Deno.test("a crash at any request of an INSERT doubles no row and loses none; the same query is found again", async () => {
  await using clean = await AthenaLake.make();
  await clean.ingest("09:00", "09:55", "10:00");
  let requests = 0;
  clean.s3.faults.before = () => void requests++;
  assertEquals((await clean.materialize("11:10")).code, 0);
  assert(requests > 60);
  let crashes = 0, found = 0;
  for (let at = 1; at < requests; at += 5) {
    await using lake = await AthenaLake.make();
    await lake.ingest("09:00", "09:55", "10:00");
    let count = 0;
    lake.s3.faults.before = () => void (count++ >= at && (lake.s3.faults.refuse = "ExpiredToken"));
    const { code } = await lake.materialize("11:10");
    lake.s3.faults = {};
    const lease = lake.objects.get("lakes/one/_lock");
    if (lease) lease.modified -= 120_000;
    if (code !== 0) crashes++;
    // Late for one of the hours that may be on their way.
    await lake.ingest("09:30");
    const before = lake.inserts.length;
    const second = await lake.materialize("11:20");
    assertEquals([at, second.code], [at, 0], second.stderr);
    if (before === 1 && code !== 0) found++;
    assert(lake.inserts.length <= 2, `${at}: one query for the hours, one for what came late`);
    assertEquals([at, await lake.gold()], [at, rows("9:00", "9:30", "9:55", "10:00")]);
    assertEquals([at, (await lake.doctor()).findings.filter(({ status }) => status === "fail")], [at, []]);
  }
  assert(crashes > 10 && found > 2, `${crashes} crashes, ${found} of them with a query under way`);
});

Deno.test("an INSERT whose answer is lost is sent again with its token, and runs once", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  // SHOW CREATE TABLE twice (start, three looks, page), then the INSERT.
  lake.athena.refusals.push(...Array<"pass">(10).fill("pass"), "reset");
  const { code, stderr } = await lake.materialize("10:10");
  assertEquals(code, 0, stderr);
  const starts = lake.athena.asked("StartQueryExecution").filter(({ QueryString }) =>
    /^INSERT/m.test(String(QueryString))
  );
  assertEquals([starts.length, lake.inserts.length], [2, 1]);
  const token = String(starts[0]!.ClientRequestToken);
  assertEquals([starts[1]!.ClientRequestToken, /^[0-9a-f]{64}$/.test(token)], [token, true]);
  assertEquals(await lake.gold(), rows("9:00"));
});

Deno.test("what a failed INSERT left behind is named by run and doctor, never deleted, and out of the way once moved aside", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "10:00");
  lake.fails = {
    states: ["RUNNING", "FAILED"],
    reason: "HIVE_WRITER_CLOSE_ERROR: no more room",
    category: 1,
  };
  const first = await lake.materialize("11:10");
  assertEquals(first.code, 4);
  assertStringIncludes(first.stderr, "HIVE_WRITER_CLOSE_ERROR");
  const orphan = `${FOLDER}/hour=09/query-3_ab12`;
  assertEquals(lake.goldKeys, [orphan]);
  const second = await lake.materialize("11:20");
  assertEquals([second.code, lake.inserts.length], [8, 1]);
  assertStringIncludes(
    second.stderr,
    `(the first is ${orphan}, left by query query-3), move them aside with`,
  );
  const { code, findings } = await lake.doctor();
  assertEquals(code, 7);
  assertEquals(findings.filter(({ status }) => status === "fail"), [{
    check: "athena_insert",
    status: "fail",
    detail: `${orphan} is read as part of analytics_prices, but query query-3 failed and left it`,
    fix:
      `move it aside with --quarantine, then: deno task pipeline --only materialize --engine athena --lake ${lake.url}`,
  }]);
  const moved = (await lake.doctor("--quarantine")).findings.find(({ check }) => check === "athena_insert")!;
  assertMatch(moved.detail, /; moved to quarantine\/analytics\/market_prices\/.*query-3_ab12\.[0-9a-f]{8}$/);
  assertEquals([lake.goldKeys, (await lake.doctor()).code], [[], 0]);
  const third = await lake.materialize("11:30");
  assertEquals(
    [third.code, lake.inserts.length, lake.inserts[0] === lake.inserts[1]],
    [0, 2, true],
    third.stderr,
  );
  assertEquals(await lake.gold(), rows("9:00", "10:00"));
});

Deno.test("doctor does not miss a damaged object of Athena's whose rows came again under another name", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "10:00");
  await lake.materialize("11:10");
  const [damaged, sound] = lake.goldKeys;
  lake.objects.get(`lakes/one/${damaged}`)!.bytes.fill(0);
  const { code, findings } = await lake.doctor("--quarantine");
  assertEquals(code, 8);
  assertStringIncludes(
    findings.find(({ check }) => check === "integrity")!.detail,
    `${damaged} does not hold`,
  );
  assertEquals([lake.goldKeys, (await lake.materialize("11:20")).code], [[sound], 0]);
  assertEquals(await lake.gold(), rows("9:00", "10:00"));
  assertEquals([lake.goldKeys.includes(damaged!), (await lake.doctor()).code], [false, 0]);
});

Deno.test("doctor names an object in hourly gold that nobody knows, and a query that was not seen to its end", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  assertEquals((await lake.materialize("10:10")).code, 0);
  const whole = lake.objects.get(`lakes/one/${lake.goldKeys[0]}`)!;
  lake.objects.set(`lakes/one/${FOLDER}/hour=09/stranger`, whole);
  const { findings } = await lake.doctor();
  assertStringIncludes(
    findings.at(-1)!.detail,
    "hour=09/stranger is read as part of analytics_prices, but no query",
  );
  lake.objects.delete(`lakes/one/${FOLDER}/hour=09/stranger`);
  await lake.ingest("10:00");
  const breaks = Array.from({ length: 6 }, () => ({ code: "ThrottlingException" }));
  lake.athena.refusals.push(...Array<"pass">(11).fill("pass"), ...breaks);
  assertEquals((await lake.materialize("11:10")).code, 4);
  const open = await lake.doctor();
  assertEquals([open.code, open.findings.at(-1)!.status], [0, "warn"]);
  assertStringIncludes(
    open.findings.at(-1)!.detail,
    "an INSERT was sent and not seen to its end, query query-6",
  );
  assertEquals([(await lake.materialize("11:20")).code, lake.inserts.length], [0, 2]);
  assertEquals(await lake.gold(), rows("9:00", "10:00"));
});

/** Lets an INSERT start, and the process lose sight of it. */
async function loseSight(lake: AthenaLake, time: string): Promise<void> {
  const breaks = Array.from({ length: 6 }, () => ({ code: "ThrottlingException" }));
  lake.athena.refusals.push(...Array<"pass">(11).fill("pass"), ...breaks);
  assertEquals((await lake.materialize(time)).code, 4);
  lake.athena.refusals.length = 0;
}

/** Takes objects of gold out of sight, as they are before Athena's query ends; gives what brings them back. */
function hide(lake: AthenaLake, keys: string[]): () => void {
  const hidden = keys.map((key) => [`lakes/one/${key}`, lake.objects.get(`lakes/one/${key}`)!] as const);
  for (const [key] of hidden) lake.objects.delete(key);
  return () => hidden.forEach(([key, object]) => lake.objects.set(key, object));
}

Deno.test("DuckDB writes no hourly gold while an INSERT is open, whose objects nobody sees yet", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  await loseSight(lake, "10:10");
  const show = hide(lake, lake.goldKeys);
  const { code, stderr } = await lake.materialize("10:20", { engine: "duckdb" });
  assertEquals([code, lake.goldKeys], [8, []]);
  assertStringIncludes(
    stderr,
    "not seen to its end (query query-3), run once more with --engine athena",
  );
  show();
  assertEquals([(await lake.materialize("10:30")).code, lake.inserts.length], [0, 1]);
  assertEquals(await lake.gold(), rows("9:00"));
  assertEquals((await lake.materialize("10:40", { engine: "duckdb" })).step.status, "skipped");
});

Deno.test("doctor --quarantine takes what a failed INSERT left, and leaves what an open one is writing", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  assertEquals((await lake.materialize("10:10")).code, 0);
  await lake.ingest("2026-01-05T01:30");
  lake.fails = {
    states: ["RUNNING", "FAILED"],
    reason: "HIVE_WRITER_CLOSE_ERROR: no more room",
    category: 1,
  };
  assertEquals((await lake.materialize("2026-01-05T02:10")).code, 4);
  await lake.ingest("09:30");
  await loseSight(lake, "2026-01-05T02:20");
  const before = lake.goldKeys, failed = before.filter((key) => key.includes("day=05"));
  assertEquals([before.length, failed.length], [3, 1]);
  const findings = (await lake.doctor("--quarantine")).findings
    .filter(({ check }) => check === "athena_insert");
  assertEquals(findings.map(({ status }) => status), ["warn", "fail"]);
  assertStringIncludes(findings[1]!.detail, "failed and left it; moved to quarantine/");
  assertEquals(lake.goldKeys, before.filter((key) => !failed.includes(key)));
  assertEquals((await lake.materialize("2026-01-05T02:30")).code, 0);
  assertEquals(await lake.gold(), rows("9:00", "9:30", "1:30"));
});

Deno.test("an INSERT that Athena does not know any more counts as failed a day after it was sent", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  await loseSight(lake, "10:10");
  const unknown = { code: "InvalidRequestException", message: "QueryExecution query-3 was not found" };
  lake.athena.refusals.push(unknown);
  // It may be running in another region.
  const young = await lake.materialize("10:20");
  assertEquals([young.code, lake.athena.asked("StopQueryExecution")], [8, []]);
  assertStringIncludes(young.stderr, "run again with the region and credentials that it was sent with");
  lake.athena.refusals.push(unknown);
  const old = await lake.materialize("2026-01-05T10:20");
  assertEquals([old.code, lake.inserts.length], [8, 1]);
  assertStringIncludes(old.stderr, "Athena does not know it any more, so it counts as failed");
  assertStringIncludes(old.stderr, "written by no successful query");
  assertEquals((await lake.doctor("--quarantine")).code, 7);
  const next = await lake.materialize("2026-01-05T10:30");
  assertEquals([next.code, lake.inserts.length], [0, 2], next.stderr);
  assertEquals(await lake.gold(), rows("9:00"));
});

Deno.test("an INSERT whose objects are not all in the lake counts as failed, and is sent again once the rest is moved aside", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "10:00");
  await loseSight(lake, "11:10");
  hide(lake, lake.goldKeys.slice(0, 1));
  const { code, stderr } = await lake.materialize("11:20");
  assertEquals([code, lake.inserts.length], [8, 1]);
  assertStringIncludes(stderr, "of its objects 1 of 2 are in lake");
  assertStringIncludes(stderr, "left by query query-3), move them aside");
  assertEquals((await lake.doctor("--quarantine")).code, 7);
  assertEquals([(await lake.materialize("11:30")).code, lake.inserts.length], [0, 2]);
  assertEquals(await lake.gold(), rows("9:00", "10:00"));
});

Deno.test("pipeline --engine athena stops at the byte budget; what was inserted before is done", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "2026-01-05T01:00");
  const env = { LAKEBOOK_ATHENA_BYTE_BUDGET: "1MB" };
  const { code, stderr } = await lake.materialize("2026-01-05T02:10", { env });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "1.5 MB were scanned of a budget of 1 MB");
  assertEquals(lake.inserts.length, 1);
  const again = await lake.materialize("2026-01-05T02:20");
  assertEquals([again.code, lake.inserts.length], [0, 2], again.stderr);
  assertEquals(await lake.gold(), rows("9:00", "1:00"));
});

Deno.test("an INSERT that runs over the byte budget is cancelled; the next run sees that, and what it left", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  lake.scanned = [1_500_000];
  const { code, stderr } = await lake.materialize("10:10", { env: { LAKEBOOK_ATHENA_BYTE_BUDGET: "1MB" } });
  assertEquals([code, lake.athena.asked("StopQueryExecution").length], [2, 1]);
  assertStringIncludes(stderr, "Athena was told to cancel it");
  const next = await lake.materialize("10:20");
  assertEquals(next.code, 8);
  assertStringIncludes(next.stderr, "an earlier run's query failed: Cannot finish");
  assertStringIncludes(next.stderr, "left by query query-3), move them aside");
  assertEquals((await lake.doctor("--quarantine")).code, 7);
  assertEquals([(await lake.materialize("10:30")).code, await lake.gold()], [0, rows("9:00")]);
});

Deno.test("pipeline --engine athena refuses lakes on disk, settings that lack, and tables over another lake", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  const only = ["pipeline", "--only", "materialize", "--engine", "athena", "--lake"];
  const local = await lake.work.run([...only, lake.work.lake], lake.env);
  assertEquals(local.code, 2);
  assertStringIncludes(local.stderr, "Athena reads S3, name a lake there with --lake s3://bucket/prefix");
  const unset = await lake.work.run([...only, lake.url], { ...lake.env, LAKEBOOK_ATHENA_OUTPUT: "" });
  assertEquals(unset.code, 3);
  assertStringIncludes(unset.stderr, "neither LAKEBOOK_ATHENA_OUTPUT nor LAKEBOOK_ATHENA_WORKGROUP is set");
  lake.tables = "s3://bucket/lakes/two";
  const { code, stderr } = await lake.materialize("10:10");
  assertEquals([code, lake.inserts], [3, []]);
  assertStringIncludes(stderr, `processed_prices_raw does not lie at ${lake.url}/processed/market_prices/`);
});

Deno.test("pipeline --dry-run shows the INSERTs and asks nobody", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "10:00", "2026-01-05T01:00");
  const { code, stdout } = await lake.materialize("2026-01-05T02:10", { flags: ["--dry-run"] });
  const plan = JSON.parse(stdout).steps[1];
  assertEquals([code, plan.statements.length, lake.athena.requests.length], [0, 2, 0]);
  assertStringIncludes(plan.detail, "would insert 3 hours of market snapshots on Athena in 2 statements");
  assertStringIncludes(plan.statements[0], "day = 4 AND hour BETWEEN 9 AND 10");
});

Deno.test("DuckDB does not write beside what Athena wrote; Athena adds to what DuckDB wrote", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00");
  assertEquals((await lake.materialize("10:10", { engine: "duckdb" })).code, 0);
  await lake.ingest("09:30");
  assertStringIncludes((await lake.materialize("10:20")).step.detail, "2 rows inserted by Athena");
  assertEquals(await lake.gold(), rows("9:00", "9:30"));
  assertEquals((await lake.materialize("10:30", { engine: "duckdb" })).step.status, "skipped");
  await lake.ingest("09:40");
  const { code, stderr } = await lake.materialize("10:40", { engine: "duckdb" });
  assertEquals(code, 8);
  assertStringIncludes(stderr, "would double its rows; go on with --engine athena");
  assertEquals(await lake.gold(), rows("9:00", "9:30"));
});

Deno.test("pipeline --sql-from takes another template, for an hour at a time where it knows no more, and asks for all hours by it", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "10:00");
  assertEquals((await lake.materialize("11:10")).code, 0);
  const own = (await insertHourSql()).replaceAll("BETWEEN ${first_hour} AND ${last_hour}", "= ${hour}");
  const flags = ["--sql-from", await lake.work.file("insert.sql", own)];
  const { code, step, stderr } = await lake.materialize("11:20", { flags });
  assertEquals([code, lake.inserts.length], [0, 3], stderr);
  assertStringIncludes(step.detail, "2 hours of market snapshots, 0 rows inserted by Athena");
  assertMatch(lake.inserts[2]!, /day = 4 AND hour = 10/);
  assertEquals((await lake.materialize("11:30", { flags })).step.status, "skipped");
  for (
    const [name, words] of [
      [
        await lake.work.file("other.sql", "INSERT INTO runs SELECT 1"),
        "it does not insert into crypto_gold.analytics_prices",
      ],
      [await lake.work.file("place.sql", own.replace("${hour}", "${our}")), "it has the place ${our}"],
      [await lake.work.file("comment.sql", `-- made by \${me}\n${own}`), "it has the place ${me}"],
      [`${lake.work.folder}/absent.sql`, "it cannot be read"],
    ] as const
  ) {
    const refused = await lake.materialize("11:40", { flags: ["--sql-from", name] });
    assertEquals([name, refused.code, refused.stdout], [name, 2, ""]);
    assertStringIncludes(refused.stderr, words);
  }
});

Deno.test("pipeline --sql-from makes the hours of all days again, also of those that are through", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("2026-01-01T09:00", "2026-01-02T09:00", "2026-01-05T09:00");
  const run = (time: string, flags: string[] = []) => lake.materialize(time, { engine: "duckdb", flags });
  assertStringIncludes((await run("2026-01-05T11:00")).step.detail, "3 hours of market snapshots");
  const own = (await insertHourSql()).replace("SELECT id, symbol,", "SELECT id, upper(symbol) AS symbol,");
  const flags = ["--sql-from", await lake.work.file("insert.sql", own)];
  // A late snapshot moves the mark back; what the days before it were made by stands there as before.
  const mark = () => {
    const { bytes } = lake.objects.get("lakes/one/_ledger/units/materialize/market_hours.json")!;
    return JSON.parse(new TextDecoder().decode(bytes)).notes;
  };
  const { whole_until, made_by } = mark();
  await lake.ingest("2026-01-02T09:30");
  assertEquals([whole_until, mark()], ["2026-01-04", { whole_until: "2026-01-02", made_by }]);
  assertStringIncludes((await run("2026-01-05T11:10")).step.detail, "1 hour of market snapshots, 4 rows");
  assertStringIncludes(
    (await run("2026-01-05T11:20", flags)).step.detail,
    "3 hours of market snapshots, 8 rows",
  );
  assertEquals((await run("2026-01-05T11:30", flags)).step.status, "skipped");
  const sql = "SELECT DISTINCT symbol FROM analytics_prices ORDER BY symbol";
  const { stdout } = await lake.work.run(["query", sql, "--lake", lake.url, "--format", "json"], lake.env);
  assertEquals(JSON.parse(stdout), [{ symbol: "BITCOIN" }, { symbol: "ETHEREUM" }]);
});

Deno.test("pipeline --sql-from ssm:NAME runs the very text of a parameter, on both engines", async () => {
  await using lake = await AthenaLake.make();
  await using store = await TestParameters.start();
  const ssm = (name: string) => ({ flags: ["--sql-from", `ssm:${name}`], env: store.env });
  await lake.ingest("09:00");
  const own = (await insertHourSql()).replace(
    "SELECT id, symbol,",
    "SELECT id, upper(symbol) AS symbol, -- loud\n",
  );
  store.parameters.set("/lakebook/insert:3", { Type: "SecureString", Value: own });
  const named = ssm("/lakebook/insert:3");
  const planned = await lake.materialize("10:05", { ...named, flags: [...named.flags, "--dry-run"] });
  const nine = fillTemplate(own, hourPlaces(Date.UTC(2026, 0, 4, 9)));
  assertEquals([planned.code, planned.step.statements], [0, [nine.trim()]], planned.stderr);
  const { code, stderr } = await lake.materialize("10:10", named);
  assertEquals([code, lake.inserts], [0, [nine]], stderr);

  await using other = await AthenaLake.make();
  await other.ingest("09:00");
  const made = await other.materialize("10:10", { ...named, engine: "duckdb" });
  assertEquals([made.code, other.inserts], [0, []], made.stderr);
  for (const { work, url, env } of [lake, other]) {
    const sql = "SELECT symbol FROM analytics_prices ORDER BY symbol";
    const { stdout } = await work.run(["query", sql, "--lake", url, "--format", "json"], env);
    assertEquals(JSON.parse(stdout), [{ symbol: "BITCOIN" }, { symbol: "ETHEREUM" }]);
  }

  store.parameters.set("other", { Type: "String", Value: "INSERT INTO runs SELECT 1" });
  store.parameters.set("place", { Type: "String", Value: own.replace("${year}", "${yeah}") });
  const table: [name: string, env: Record<string, string>, code: number, words: string][] = [
    ["absent", {}, 2, 'Cannot read "ssm:absent": there is no such parameter'],
    [
      "other",
      {},
      2,
      'Cannot use --sql-from "ssm:other": it does not insert into crypto_gold.analytics_prices',
    ],
    ["place", {}, 2, "it has the place ${yeah}"],
    ["other", { AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:1" }, 3, "nobody answers at http://127.0.0.1:1"],
  ];
  for (const [name, env, code, words] of table) {
    const refused = await lake.materialize("11:40", { ...ssm(name), env: { ...store.env, ...env } });
    assertEquals([name, refused.code, refused.stdout], [name, code, ""]);
    assertStringIncludes(refused.stderr, words);
  }
  store.refusals.push(...Array(6).fill({ code: "ThrottlingException", message: "Rate exceeded" }));
  assertEquals((await lake.materialize("11:40", named)).code, 4);
});

Deno.test("pipeline --sql-from works with DuckDB, to the same rows", async () => {
  await using lake = await AthenaLake.make();
  await lake.ingest("09:00", "10:00");
  const own = (await insertHourSql()).replaceAll("BETWEEN ${first_hour} AND ${last_hour}", "= ${hour}");
  const flags = ["--sql-from", await lake.work.file("insert.sql", own)];
  assertEquals((await lake.materialize("11:10", { engine: "duckdb", flags })).code, 0);
  assertEquals(await lake.gold(), rows("9:00", "10:00"));
});

Deno.test("hourBatches() keeps a query within a day, or within an hour where the template knows one only", () => {
  const start = Date.UTC(2026, 0, 4, 22),
    hours = Array.from({ length: 30 }, (_, i) => ({ start_ms: start + i * 3_600_000 }));
  assertEquals(hourBatches(hours, "BETWEEN ${first_hour} AND ${last_hour}").map(({ length }) => length), [
    2,
    24,
    4,
  ]);
  assertEquals(hourBatches(hours, "hour = ${hour}").length, 30);
});
