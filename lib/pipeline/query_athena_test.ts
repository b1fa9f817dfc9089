import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { TestS3 } from "../lake/_test_s3_server.ts";
import { claimLake, openStore } from "../lake/open_lake.ts";
import { LocalStore } from "../lake/store_local.ts";
import { TestAthena } from "../warehouse/_test_athena_server.ts";
import { Workplace } from "./_test_cli.ts";

const daily = (symbol: string, year: number) =>
  `analytics/ohlcv_daily/symbol=${symbol}/year=${year}/part-0.parquet`;
const athenaQuery = ["query", "--engine", "athena"];

Deno.test("query --dry-run prints the definitions, then the query with its databases, and asks nobody", async () => {
  await using work = await Workplace.make();
  const store = new LocalStore(work.lake);
  await claimLake(store, "demo");
  await store.put(daily("ETHUSD", 2026), new Uint8Array(1_500_000));
  const sql = "SELECT day FROM ohlcv_daily WHERE symbol = 'ETHUSD'";
  const { code, stdout, stderr } = await work.run([...athenaQuery, "--dry-run", "--lake", work.lake, sql]);
  assertEquals(code, 0);
  const statements = stdout.split(/;\n\n?/).slice(0, -1);
  assertEquals(statements.map((text) => text.split(/[\n(]/)[0]!.trim()), [
    "CREATE DATABASE IF NOT EXISTS crypto_gold",
    "CREATE EXTERNAL TABLE IF NOT EXISTS crypto_gold.ohlcv_daily",
    "SELECT day FROM crypto_gold.ohlcv_daily WHERE symbol = 'ETHUSD'",
  ]);
  assertStringIncludes(stdout, "'projection.symbol.values' = 'BTCUSD,ETHUSD'");
  assertStringIncludes(stdout, "LOCATION 's3://your-bucket/lake/analytics/ohlcv_daily/'");
  assertStringIncludes(stderr, "Its tables hold 1.5 MB here: the query would cost about USD 0.00005 at most");
});

Deno.test("query --dry-run does not look into a lake on S3, and gives its statements as rows where asked to", async () => {
  await using work = await Workplace.make();
  const args = [...athenaQuery, "--dry-run", "--lake", "s3://some-bucket/lake", "--format", "json"];
  const { code, stdout, stderr } = await work.run([...args, "SELECT * FROM v_market_cap;"]);
  assertEquals(code, 0);
  const rows: { name: string; sql: string }[] = JSON.parse(stdout);
  assertEquals(rows.map(({ name }) => name).slice(-4), [
    "crypto_gold.v_latest_partition",
    "crypto_gold.v_latest_snapshot",
    "crypto_gold.v_market_cap",
    "query",
  ]);
  assertEquals(rows.at(-1)!.sql, "SELECT * FROM crypto_gold.v_market_cap");
  assertStringIncludes(stderr, "A dry run does not look into the lake");
  const all = JSON.parse((await work.run([...args, "--create"])).stdout) as { sql: string }[];
  assertEquals(all.filter(({ sql }) => sql.startsWith("ALTER TABLE ")).length, 17);
});

Deno.test("query --dry-run warns of ranges that end, of objects outside of them, and of names that are not there", async () => {
  await using work = await Workplace.make(undefined, { now: () => new Date("2035-06-01T00:00:00Z") });
  const store = new LocalStore(work.lake);
  await claimLake(store, "demo");
  await store.put(daily("BTCUSD", 2008), new Uint8Array(1));
  const sql = "SELECT * FROM ohlcv_daily, ohlcv_dayly";
  const local = await work.run([...athenaQuery, "--dry-run", "--lake", work.lake, sql]);
  assertEquals(local.code, 0);
  assertStringIncludes(
    local.stderr,
    `1 object lies outside of its partitions, so Athena leaves them out; the first is`,
  );
  assertStringIncludes(local.stderr, "warning: crypto_gold.ohlcv_daily: its years end with 2035");
  assertStringIncludes(local.stderr, 'there is no table or view "ohlcv_dayly", did you mean "ohlcv_daily"?');
  const s3 = await work.run([...athenaQuery, "--dry-run", "--lake", "s3://some-bucket", sql]);
  assertStringIncludes(s3.stderr, "warning: crypto_gold.ohlcv_daily: its years end with 2035");
});

Deno.test("query --dry-run refuses what would write and more than one statement, and warns of what it cannot parse", async () => {
  await using work = await Workplace.make();
  const dry = (sql: string) =>
    work.run([...athenaQuery, "--dry-run", "--lake", "s3://some-bucket/lake", sql]);
  for (
    const [sql, words] of [
      ["INSERT INTO ohlcv_daily VALUES (1)", "it would change something, only reading statements"],
      ["SELECT 1; DROP TABLE ohlcv_daily", "it holds 2 statements, give exactly one"],
      [
        "SELECT * FROM v_top_100 WHERE id = ''; DELETE FROM runs --'",
        "it holds 2 statements, give exactly one",
      ],
    ] as const
  ) {
    const { code, stdout, stderr } = await dry(sql);
    assertEquals([sql, code, stdout], [sql, 2, ""]);
    assertStringIncludes(stderr, words);
  }
  const { code, stderr } = await dry("SELECT FROM WHERE");
  assertEquals(code, 0);
  assertStringIncludes(stderr, "warning: Athena may refuse this. Cannot parse SQL: ");
});

Deno.test("doctor warns of what Athena would leave out of a lake", async () => {
  await using work = await Workplace.make();
  const store = new LocalStore(work.lake);
  await claimLake(store, "demo");
  const findings = async () => {
    const { stdout } = await work.run(["doctor", "--lake", work.lake, "--json"]);
    return JSON.parse(stdout).findings.filter(({ check }: { check: string }) => check === "athena");
  };
  assertEquals((await findings()).map(({ status }: { status: string }) => status), ["ok"]);
  await store.put(daily("BTCUSD", 2036), new Uint8Array(1));
  const [finding] = await findings();
  assertEquals(finding.status, "warn");
  assertStringIncludes(finding.detail, daily("BTCUSD", 2036));
  assertStringIncludes(finding.fix, "lib/core/tables.ts");
});

Deno.test("doctor and --dry-run warn of raw candle files whose columns Athena would mix up", async () => {
  await using work = await Workplace.make();
  const csv = "time,open,high,low,close,volume\n1767225600000,1,3,1,2,5\n1767312000000,2,4,2,3,5\n";
  const file = await work.file("other_order.csv", csv);
  const { code } = await work.pipeline(
    "--source",
    "csv",
    "--ohlcv",
    file,
    "--only",
    "ingest",
    "--now",
    "2026-02-01",
  );
  assertEquals(code, 0);
  const words =
    "1 file has other columns than time,open,close,high,low,volume, and Athena reads them by position";
  assertStringIncludes((await work.run(["doctor", "--lake", work.lake])).stdout, words);
  const dry = [...athenaQuery, "--dry-run", "--lake", work.lake];
  assertStringIncludes((await work.run([...dry, "SELECT * FROM btcusd_raw"])).stderr, words);
  assert(!(await work.run([...dry, "SELECT * FROM runs"])).stderr.includes("by position"));
});

Deno.test("query --engine athena prints rows as the embedded engine does, and what they cost", async () => {
  await using work = await Workplace.make();
  await using athena = await TestAthena.start();
  const columns: [string, string][] = [["day", "date"], ["cap", "bigint"], ["price", "double"], [
    "name",
    "varchar",
  ]];
  athena.answers.set("SELECT * FROM crypto_gold.v_top_100", {
    columns,
    rows: [["2026-01-02", "9007199254740993", "1.5", "a,b"], [null, "7", null, ""]],
    scanned: [12_300_000],
  });
  const run = (...args: string[]) =>
    work.run([...athenaQuery, ...args, "SELECT * FROM v_top_100"], athena.env);
  const { code, stdout, stderr } = await run("--format", "json");
  assertEquals(code, 0);
  assertEquals(JSON.parse(stdout), [
    { day: "2026-01-02", cap: "9007199254740993", price: 1.5, name: "a,b" },
    { day: null, cap: 7, price: null, name: "" },
  ]);
  assertEquals(stderr, "Athena: 2 rows; 12.3 MB scanned, 13 MB billed, about USD 0.000065; 1.2 s; query-1\n");
  assertEquals(
    (await run("--format", "csv")).stdout,
    'day,cap,price,name\n2026-01-02,9007199254740993,1.5,"a,b"\n,7,,\n',
  );
});

Deno.test("query --create makes databases, tables and views over a lake on S3, with the symbols that it has", async () => {
  await using work = await Workplace.make();
  await using athena = await TestAthena.start();
  await using s3 = await TestS3.start();
  s3.bucket("some-bucket");
  const env = { ...athena.env, AWS_ENDPOINT_URL_S3: s3.url, LAKEBOOK_S3_SCRATCH: `${work.folder}/scratch` };
  const lake = "s3://some-bucket/lake";
  const args = [...athenaQuery, "--create", "--lake", lake];
  const missing = await work.run(args, env);
  assertEquals(missing.code, 3);
  assertStringIncludes(
    missing.stderr,
    "there is no lake, make one with `deno task pipeline --lake s3://some-bucket",
  );
  assertEquals(athena.statements, []);

  const store = await openStore(lake, { env });
  await claimLake(store, "demo");
  await store.put(daily("SOLUSD", 2026), new Uint8Array(1));
  await store.close();
  const { code, stdout, stderr } = await work.run([...args, "SELECT 1 FROM ohlcv_daily"], env);
  assertEquals([code, stdout.trim()], [0, "0 rows"]);
  assertEquals(athena.statements.map((sql) => sql.split(/[\n(]/)[0]!.trim()), [
    "CREATE DATABASE IF NOT EXISTS crypto_gold",
    "CREATE EXTERNAL TABLE IF NOT EXISTS crypto_gold.ohlcv_daily",
    "ALTER TABLE crypto_gold.ohlcv_daily SET TBLPROPERTIES",
    "SELECT 1 FROM crypto_gold.ohlcv_daily",
  ]);
  assertStringIncludes(athena.statements[2]!, "'projection.symbol.values' = 'BTCUSD,SOLUSD'");
  assertStringIncludes(stderr, "Athena has crypto_gold, crypto_gold.ohlcv_daily\n");

  assertEquals((await work.run(args, env)).code, 0);
  assert(athena.statements.at(-1)!.includes("CREATE OR REPLACE VIEW"));
});

Deno.test("query --engine athena says what is missing or wrong, each with its exit code, and asks nobody", async () => {
  await using work = await Workplace.make();
  const output = { LAKEBOOK_ATHENA_OUTPUT: "s3://bucket/results/" };
  const table: [args: string[], env: Record<string, string>, code: number, text: string][] = [
    [["SELECT 1"], {}, 3, "neither LAKEBOOK_ATHENA_OUTPUT nor LAKEBOOK_ATHENA_WORKGROUP is set"],
    [
      ["SELECT 1"],
      { ...output, LAKEBOOK_ATHENA_BYTE_BUDGET: "much" },
      3,
      "write an amount above 0, such as 500MB",
    ],
    [["SELECT 1", "--lake", "s3://bucket"], output, 2, "its tables know where they lie"],
    [["--create"], output, 2, "over no lake: Athena reads S3, name the lake with --lake"],
    [["--create", "--lake", "data/lake"], output, 2, 'over lake "data/lake": Athena reads S3'],
    [[], output, 2, "Cannot query: no SQL is given"],
    [["DROP TABLE runs"], output, 2, "it would change something, only reading statements"],
    [["--dry-run", "--lake", "s3://bucket/it's", "SELECT 1 FROM runs"], {}, 2, "folders of letters, digits"],
    [["--dry-run", "--lake", "s3://bucket", "SELECT 'a"], {}, 2, "LINE 1: SELECT 'a"],
  ];
  for (const [args, env, code, text] of table) {
    const result = await work.run([...athenaQuery, ...args], env);
    assertEquals([args, result.code, result.stdout], [args, code, ""]);
    assertStringIncludes(result.stderr, text);
  }
  for (const flag of ["--dry-run", "--create"]) {
    const result = await work.run(["query", flag, "SELECT 1"]);
    assertEquals(result.code, 2);
    assertStringIncludes(result.stderr, `Cannot use ${flag} with DuckDB`);
  }
  assertEquals((await work.run(["query"])).code, 2);
});

Deno.test("query suggests the nearest name on both engines, and --create where Athena lacks a table of the lake's", async () => {
  await using work = await Workplace.make();
  await claimLake(new LocalStore(work.lake), "demo");
  await using athena = await TestAthena.start();
  const fail = (name: string) => ({
    states: ["FAILED"],
    reason: `TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.${name}' does not exist`,
  });
  athena.answers.set("SELECT * FROM v_top10", fail("default.v_top10"));
  athena.answers.set("SELECT * FROM lakebook.runs", fail("lakebook.runs"));
  const [duckdb, cloud, absent] = [
    await work.run(["query", "--lake", work.lake, "SELECT * FROM v_top10"]),
    await work.run([...athenaQuery, "SELECT * FROM v_top10"], athena.env),
    await work.run([...athenaQuery, "SELECT * FROM runs"], athena.env),
  ];
  // What is not the statement's fault needs no lesson in SQL.
  athena.answers.set("SELECT 2", { states: ["CANCELLED"], reason: "Query cancelled by user" });
  athena.answers.set("SELECT 3", { states: ["FAILED"], reason: "Bytes scanned limit was exceeded" });
  athena.answers.set("SELECT 4", { scanned: [2_000_000] });
  for (const sql of ["SELECT 2", "SELECT 3", "SELECT 4"]) {
    const env = { ...athena.env, LAKEBOOK_ATHENA_BYTE_BUDGET: "1MB" };
    const { code, stderr } = await work.run([...athenaQuery, sql], env);
    assertEquals([sql, code, stderr.includes("hint:")], [sql, 2, false], stderr);
  }
  for (const { code, stderr } of [duckdb, cloud]) {
    assertEquals(code, 2);
    assertMatch(stderr, /\(line 1, column 15\)\n\nLINE 1: SELECT \* FROM v_top10\n {22}\^\n/);
    assertStringIncludes(stderr, 'hint: there is no table or view "v_top10", did you mean "v_top_100"?');
  }
  assertEquals(absent.code, 2);
  assertStringIncludes(absent.stderr, `hint: Athena's catalog does not have "runs" yet: deno task query`);

  const reason = "SCHEMA_NOT_FOUND: line 1:15: Schema 'lakebook' does not exist";
  athena.answers.set("SELECT 1 FROM lakebook.gaps", { states: ["FAILED"], reason });
  const unmade = await work.run([...athenaQuery, "SELECT 1 FROM gaps"], athena.env);
  assertStringIncludes(unmade.stderr, `hint: Athena's catalog does not have "lakebook" yet`);
  athena.answers.set("SELECT * FROM crypto_gold.gaps", fail("crypto_gold.gaps"));
  for (const engine of [["query", "--lake", work.lake], athenaQuery]) {
    const { stderr } = await work.run([...engine, "SELECT * FROM crypto_gold.gaps"], athena.env);
    assertStringIncludes(
      stderr,
      'hint: "gaps" is in database lakebook: write lakebook.gaps, or its name alone',
    );
  }
});

Deno.test("query --engine athena cancels its query when the process is interrupted, and exits with 130", async () => {
  await using athena = await TestAthena.start();
  athena.answers.set("SELECT 1", { states: ["RUNNING"] });
  await using process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=query", "lib/pipeline/cli.ts", ...athenaQuery, "SELECT 1"],
    env: { NO_COLOR: "1", ...athena.env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  while (athena.asked("GetQueryExecution").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  process.kill("SIGINT");
  const { code, stderr } = await process.output();
  assertEquals([code, new TextDecoder().decode(stderr).trim()], [
    130,
    "Interrupted: what was committed stays, run again to go on.",
  ]);
  assertEquals(athena.asked("StopQueryExecution"), [{ QueryExecutionId: "query-1" }]);
});

Deno.test("deno.json keeps query from other hosts than AWS's, and it says where to add one", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=query", "lib/pipeline/cli.ts", ...athenaQuery, "SELECT 1"],
    env: {
      NO_COLOR: "1",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "not-a-secret-at-all",
      AWS_ENDPOINT_URL_ATHENA: "https://192.0.2.1:9000",
      LAKEBOOK_ATHENA_OUTPUT: "s3://bucket/results/",
    },
    stdin: "null",
  }).output();
  assertEquals(code, 3);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    'Deno may not reach 192.0.2.1:9000, add "192.0.2.1:9000" to the net permissions',
  );
});
