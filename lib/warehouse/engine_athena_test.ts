import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError, LakebookError, SourceError, SqlError } from "../core/errors.ts";
import { TestAthena } from "./_test_athena_server.ts";
import { athenaSettings } from "./athena_settings.ts";
import { AthenaEngine, requestToken } from "./engine_athena.ts";

/** An engine on a server of its own, with the waits that it made. */
async function onServer(
  run: (engine: AthenaEngine, athena: TestAthena, waits: number[]) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  await using athena = await TestAthena.start();
  const waits: number[] = [];
  const sleep = (ms: number, signal?: AbortSignal) => {
    waits.push(ms);
    signal?.throwIfAborted();
    return Promise.resolve();
  };
  using engine = new AthenaEngine(athenaSettings({ ...athena.env, ...env }), { sleep, random: () => 1 });
  await run(engine, athena, waits);
}

Deno.test("query() gives typed rows of all pages; only the first page of a query has a header", () =>
  onServer(async (engine, athena) => {
    athena.pageSize = 3;
    const rows = Array.from({ length: 10 }, (_, i) => [String(i), i % 2 ? `coin ${i}` : null]);
    // A row that looks like the header, first on a later page.
    rows[5] = ["n", "name"];
    athena.answers.set("SELECT n, name FROM t", { columns: [["n", "bigint"], ["name", "varchar"]], rows });
    const result = await engine.query("SELECT n, name FROM t");
    assertEquals(result.columns, [{ name: "n", type: "BIGINT" }, { name: "name", type: "VARCHAR" }]);
    assertEquals(result.rows.length, 10);
    assertEquals(result.rows.slice(0, 2), [[0n, null], [1n, "coin 1"]]);
    assertEquals(result.rows[5], ["n", "name"]);
    assertEquals(athena.asked("GetQueryResults").map(({ NextToken }) => NextToken), [
      undefined,
      "3",
      "6",
      "9",
    ]);
  }));

Deno.test("query() has no header to drop where a statement describes", () =>
  onServer(async (engine, athena) => {
    athena.answers.set("SHOW TABLES", {
      kind: "UTILITY",
      columns: [["tab_name", "string"]],
      rows: [["tab_name"], ["runs"]],
    });
    assertEquals((await engine.query("SHOW TABLES")).rows, [["tab_name"], ["runs"]]);
    athena.answers.set("SELECT 1 AS a", { columns: [["a", "integer"]], rows: [] });
    assertEquals((await engine.query("SELECT 1 AS a")).rows, []);
  }));

Deno.test("query() looks at a running query with growing waits, up to three seconds", () =>
  onServer(async (engine, athena, waits) => {
    const states = [...Array(12).fill("QUEUED"), "RUNNING", "SUCCEEDED"];
    athena.answers.set("SELECT 1", { states, columns: [["a", "integer"]], rows: [["1"]] });
    await engine.query("SELECT 1");
    assertEquals(waits.slice(0, 4), [100, 150, 225, 337.5]);
    assertEquals(waits.at(-1), 3000);
    assertEquals(waits.length, 13);
  }));

Deno.test("query() says what it scanned and what that costs", () =>
  onServer(async (engine, athena) => {
    const table: [scanned: number, billed: number, usd: number][] = [
      [0, 10e6, 0.00005],
      [10_000_001, 11e6, 0.000055],
      [2e12, 2e12, 10],
    ];
    for (const [scanned, billed, usd] of table) {
      athena.answers.set(`SELECT ${scanned}`, { scanned: [scanned] });
      const { summary } = await engine.query(`SELECT ${scanned}`);
      assertEquals([summary.bytes_scanned, summary.bytes_billed, summary.usd], [scanned, billed, usd]);
      assertEquals([summary.reused, summary.duration_ms], [false, 1234]);
      assertEquals(summary.output, `s3://results/here/${summary.query_id}.csv`);
    }
    assertEquals(engine.bytes_scanned, 2e12 + 10_000_001);
    athena.answers.set("SELECT 'again'", { scanned: [0], reused: true });
    assertEquals((await engine.query("SELECT 'again'")).summary.usd, 0);
    athena.answers.set("CREATE DATABASE IF NOT EXISTS x", { kind: "DDL" });
    assertEquals((await engine.run("CREATE DATABASE IF NOT EXISTS x")).usd, 0);
  }, { LAKEBOOK_ATHENA_BYTE_BUDGET: "5TB" }));

Deno.test("query() names databases, workgroup, place for results and reuse in its request", async () => {
  await onServer(async (engine, athena) => {
    await engine.query("SELECT * FROM v_top_100, runs");
    const [body] = athena.asked("StartQueryExecution");
    assertEquals(body!.QueryString, "SELECT * FROM crypto_gold.v_top_100, lakebook.runs");
    assertEquals(body!.WorkGroup, "analysts");
    assertEquals(body!.ResultConfiguration, { OutputLocation: "s3://results/here/" });
    assertEquals(body!.ResultReuseConfiguration, {
      ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: 60 },
    });
    await engine.run("CREATE DATABASE IF NOT EXISTS x");
    assertEquals(athena.asked("StartQueryExecution")[1]!.ResultReuseConfiguration, undefined);
  }, { LAKEBOOK_ATHENA_WORKGROUP: "analysts", LAKEBOOK_ATHENA_REUSE_MINUTES: "60" });
  await onServer(async (engine, athena) => {
    await engine.query("SELECT 1");
    assertEquals(athena.asked("StartQueryExecution")[0]!.ResultReuseConfiguration, undefined);
  });
});

Deno.test("query() points into the reader's own text where Athena names line and column", () =>
  onServer(async (engine, athena) => {
    const sql = "SELECT id\nFROM runs r WHERE pric > 1";
    athena.answers.set("SELECT id\nFROM lakebook.runs r WHERE pric > 1", {
      states: ["FAILED"],
      reason: "COLUMN_NOT_FOUND: line 2:28: Column 'pric' cannot be resolved or requester is not authorized",
    });
    const error = await assertRejects(() => engine.query(sql), SqlError);
    assertEquals(
      error.message,
      "COLUMN_NOT_FOUND: Column 'pric' cannot be resolved or requester is not authorized (line 2, column 19)\n\n" +
        "LINE 2: FROM runs r WHERE pric > 1\n                          ^\nAthena query query-1",
    );
  }));

Deno.test("query() tells a wrong statement from Athena's own failures and from somebody's cancelling", () =>
  onServer(async (engine, athena) => {
    const fail = { states: ["RUNNING", "FAILED"] };
    athena.answers.set("SELECT 1", { ...fail, reason: "HIVE_BAD_DATA: not a number", category: 2 });
    athena.answers.set("SELECT 2", {
      ...fail,
      reason: "GENERIC_INTERNAL_ERROR",
      category: 1,
      retryable: true,
    });
    athena.answers.set("SELECT 3", { ...fail, reason: "Query exhausted resources", category: 1 });
    athena.answers.set("SELECT 4", { states: ["CANCELLED"] });
    const cutoff = "Query cancelled! : Bytes scanned limit was exceeded";
    athena.answers.set("SELECT 5", { states: ["CANCELLED"], reason: cutoff });
    const table: [sql: string, Kind: typeof LakebookError, retryable: boolean, text: string][] = [
      ["SELECT 1", SqlError, false, "HIVE_BAD_DATA: not a number"],
      ["SELECT 2", SourceError, true, "Athena failed (GENERIC_INTERNAL_ERROR), run it again"],
      ["SELECT 3", SourceError, false, "Athena failed (Query exhausted resources), ask for less at once"],
      ["SELECT 4", SqlError, true, "somebody cancelled it (Query cancelled by user), run it again"],
      ["SELECT 5", SqlError, false, "it would scan more than its workgroup allows, ask for fewer"],
    ];
    for (const [sql, Kind, retryable, text] of table) {
      const error = await assertRejects(() => engine.query(sql), Kind, text);
      assertEquals([sql, error.retryable], [sql, retryable]);
      assertStringIncludes(error.message, "Athena query query-");
    }
  }));

Deno.test("query() sends a request again where Athena asks for patience, and starts its statement once", () =>
  onServer(async (engine, athena, waits) => {
    athena.answers.set("SELECT 1", { states: ["SUCCEEDED"], columns: [["a", "integer"]], rows: [["1"]] });
    athena.refusals.push(
      { code: "TooManyRequestsException" },
      { code: "ThrottlingException" },
      { code: "InternalServerException", status: 500 },
      "reset",
      "pass",
      { code: "ThrottlingException" },
      "pass",
      { code: "TooManyRequestsException" },
    );
    assertEquals((await engine.query("SELECT 1")).rows, [[1]]);
    assertEquals(waits, [500, 1000, 2000, 4000, 500, 500]);
    assertEquals(athena.statements, ["SELECT 1"]);
    assertEquals(athena.asked("StartQueryExecution").length, 5);
  }));

Deno.test("query() gives up on a busy Athena after six tries, with an error that may be tried again", () =>
  onServer(async (engine, athena, waits) => {
    athena.refusals.push(...Array.from({ length: 6 }, () => ({ code: "TooManyRequestsException" })));
    const error = await assertRejects(() => engine.query("SELECT 1"), SourceError, "Athena is busy");
    assert(error.retryable);
    assertEquals(waits, [500, 1000, 2000, 4000, 8000]);
    assertEquals(athena.statements, []);
  }));

Deno.test("query() says what to do about what Athena refuses", () =>
  onServer(async (engine, athena) => {
    const table: [code: string, message: string, Kind: typeof LakebookError, text: string][] = [
      [
        "AccessDeniedException",
        "User x is not authorized",
        ConfigError,
        "access denied (User x is not authorized)",
      ],
      ["UnrecognizedClientException", "no", ConfigError, "the access key is not known there"],
      ["InvalidSignatureException", "no", ConfigError, "the secret key does not fit the access key"],
      ["ExpiredTokenException", "no", ConfigError, "the credentials have expired"],
      [
        "InvalidRequestException",
        "WorkGroup x is not found.",
        ConfigError,
        "check LAKEBOOK_ATHENA_WORKGROUP",
      ],
      [
        "InvalidRequestException",
        "Unable to verify/create output bucket x",
        ConfigError,
        "check LAKEBOOK_ATHENA_OUTPUT",
      ],
      [
        "InvalidRequestException",
        "Queries of this type are not supported",
        SqlError,
        "Athena answered InvalidReq",
      ],
    ];
    for (const [code, message, Kind, text] of table) {
      athena.refusals.push({ code, message });
      const error = await assertRejects(() => engine.query("SELECT 1"), Kind, text);
      assert(!error.retryable, code);
      assert(!JSON.stringify([error.message, String(error.cause)]).includes("not a secret"), code);
    }
    assertEquals(athena.requests.length, table.length);
  }));

Deno.test("query() cancels its query on Athena's side when it is interrupted", () =>
  onServer(async (engine, athena) => {
    athena.answers.set("SELECT 1", { states: ["RUNNING"] });
    const controller = new AbortController();
    const running = engine.query("SELECT 1", { signal: controller.signal });
    const failing = assertRejects(() => running, LakebookError, "interrupted, Athena was told to cancel it");
    while (athena.asked("GetQueryExecution").length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    controller.abort();
    await failing;
    assertEquals(athena.asked("StopQueryExecution"), [{ QueryExecutionId: "query-1" }]);
  }));

Deno.test("query() cancels a query that it cannot look at any more", () =>
  onServer(async (engine, athena) => {
    athena.refusals.push("pass", { code: "AccessDeniedException" });
    await assertRejects(() => engine.query("SELECT 1"), ConfigError, "access denied");
    assertEquals(athena.asked("StopQueryExecution").length, 1);
  }));

Deno.test("query() starts nothing on a signal that has been given", () =>
  onServer(async (engine, athena) => {
    await assertRejects(() => engine.query("SELECT 1", { signal: AbortSignal.abort() }), DOMException);
    assertEquals(athena.requests, []);
  }));

Deno.test("query() keeps to its byte budget: a running query is cancelled, and none starts afterwards", () =>
  onServer(async (engine, athena) => {
    athena.answers.set("SELECT 1", { scanned: [60e6] });
    await engine.query("SELECT 1");
    athena.answers.set("SELECT 2", { states: ["RUNNING"], scanned: [10e6, 50e6] });
    await assertRejects(
      () => engine.query("SELECT 2"),
      SqlError,
      'Cannot run "SELECT 2": 110 MB were scanned of a budget of 100 MB; Athena was told to cancel it, ask for fewer',
    );
    assertEquals(athena.asked("StopQueryExecution"), [{ QueryExecutionId: "query-2" }]);
    await assertRejects(
      () => engine.query("SELECT 3"),
      SqlError,
      'Cannot run "SELECT 3": 110 MB were scanned of a budget of 100 MB, ask for fewer partitions or columns, or raise ' +
        "LAKEBOOK_ATHENA_BYTE_BUDGET",
    );
    assertEquals(athena.statements, ["SELECT 1", "SELECT 2"]);
  }, { LAKEBOOK_ATHENA_BYTE_BUDGET: "100MB" }));

Deno.test("query() is an error where a query was faster than its budget, and says where its answer lies", () =>
  onServer(async (engine, athena) => {
    athena.answers.set("SELECT 1", { scanned: [0, 0, 200e6] });
    await assertRejects(
      () => engine.query("SELECT 1"),
      SqlError,
      "200 MB were scanned of a budget of 100 MB; the answer is paid for and lies at s3://results/here/query-1.csv",
    );
    assertEquals(athena.asked("StopQueryExecution"), []);
  }, { LAKEBOOK_ATHENA_BYTE_BUDGET: "100MB" }));

Deno.test("run() that passed the byte budget has done its act, and nothing starts afterwards", () =>
  onServer(async (engine, athena) => {
    athena.answers.set("INSERT INTO a SELECT 1", { scanned: [0, 0, 200e6] });
    assertEquals((await engine.run("INSERT INTO a SELECT 1")).bytes_billed, 200e6);
    await assertRejects(
      () => engine.run("INSERT INTO a SELECT 2"),
      SqlError,
      "200 MB were scanned of a budget",
    );
    assertEquals(athena.statements.length, 1);
  }, { LAKEBOOK_ATHENA_BYTE_BUDGET: "100MB" }));

Deno.test("run() does an act with a token once, and refuses the token for another act", () =>
  onServer(async (engine, athena) => {
    const token = requestToken("insert_last_hour", "2026-01-02T03");
    const first = await engine.run("INSERT INTO a SELECT 1", { token });
    assertEquals(await engine.run("INSERT INTO a SELECT 1", { token }), first);
    assertEquals(athena.statements, ["INSERT INTO a SELECT 1"]);
    await assertRejects(
      () => engine.run("INSERT INTO a SELECT 2", { token }),
      SqlError,
      "its token was used for another statement before",
    );
    for (const wrong of ["", "x".repeat(31), "x".repeat(129)]) {
      await assertRejects(
        () => engine.run("INSERT INTO a SELECT 3", { token: wrong }),
        RangeError,
        "give 32 to 128",
      );
    }
    await engine.query("SELECT 1");
    await engine.query("SELECT 1");
    assertEquals(athena.statements.length, 3);
  }));

Deno.test("query() refuses what would write, and what is too long, without asking Athena", () =>
  onServer(async (engine, athena) => {
    for (const sql of ["DROP TABLE t", "INSERT INTO t SELECT 1", "UNLOAD (SELECT 1) TO 's3://b/c'"]) {
      await assertRejects(() => engine.query(sql), SqlError, "it would change something, only reading");
    }
    await assertRejects(
      () => engine.run(`SELECT '${"ä".repeat(131_072)}'`),
      SqlError,
      "Athena takes 262144 at most",
    );
    assertEquals(athena.requests, []);
  }));

Deno.test("query() says that nobody answers", async () => {
  const settings = athenaSettings({
    AWS_ENDPOINT_URL_ATHENA: "http://127.0.0.1:1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "not a secret",
    LAKEBOOK_ATHENA_OUTPUT: "s3://results/",
  });
  const sleep = () => Promise.resolve();
  using engine = new AthenaEngine(settings, { sleep, random: () => 0 });
  await assertRejects(() => engine.query("SELECT 1"), ConfigError, "nobody answers at http://127.0.0.1:1");
});
