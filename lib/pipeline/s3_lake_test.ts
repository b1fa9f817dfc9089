import { assertEquals, assertStringIncludes } from "@std/assert";
import { TestS3 } from "../lake/_test_s3_server.ts";
import { TestExchange } from "../sources/_test_exchange_server.ts";
import { candleCsv, Workplace } from "./_test_cli.ts";

const PAGE =
  '[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":1.5,"market_cap":9007199254740993}]';

/** Runs on a lake in an S3 server in memory. */
async function onS3(
  run: (work: Workplace, lake: string, env: Record<string, string>, s3: TestS3) => Promise<void>,
) {
  await using s3 = await TestS3.start({ pageSize: 5 });
  s3.bucket("bucket");
  await using work = await Workplace.make(() => Promise.resolve(new Response(PAGE)));
  const env = {
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL_S3: s3.url,
    LAKEBOOK_S3_SCRATCH: `${work.folder}/scratch`,
  };
  await run(work, "s3://bucket/lakes/one", env, s3);
}

Deno.test("pipeline, query and doctor work on an S3 lake, and a second run changes nothing", async () => {
  await onS3(async (work, lake, env) => {
    const file = await work.file("day.csv", candleCsv(Date.UTC(2024, 1, 28), 1440));
    const args = [
      "pipeline",
      "--ohlcv",
      file,
      "--lake",
      lake,
      "--only",
      "ingest,process,materialize,quality",
    ];
    const first = await work.run([...args, "--json"], env);
    assertEquals([first.code, first.stderr.includes("Error")], [0, false]);
    const again = JSON.parse((await work.run([...args, "--json"], env)).stdout);
    assertEquals(again.steps.map(({ status }: { status: string }) => status), Array(4).fill("skipped"));
    const sql = "SELECT day, year FROM processed_partitioned";
    const { stdout } = await work.run(["query", sql, "--lake", lake, "--format", "csv"], env);
    assertEquals(stdout, "day,year\n2024-02-28,2024\n");
    const raw = await work.run([
      "query",
      "SELECT count(*) AS n FROM btcusd_raw",
      "--lake",
      lake,
      "--format",
      "csv",
    ], env);
    assertEquals(raw.stdout, "n\n1440\n");
    assertEquals((await work.run(["doctor", "--lake", lake], env)).code, 0);
  });
});

Deno.test("backfill from an exchange keeps its history on an S3 lake, and asks for nothing twice", async () => {
  await onS3(async (work, lake, env) => {
    const now = "2024-06-15T12:00:30Z";
    const exchange = new TestExchange({ now: new Date(now) });
    work.fetch = (input, init) => exchange.handler(new Request(input, init));
    const market = [
      "--exchange",
      "bitstamp",
      "--symbol",
      "BTC/USD",
      "--timeframe",
      "1h",
      "--since",
      "2023-11-01",
    ];
    const args = ["backfill", ...market, "--lake", lake, "--now", now];
    const first = await work.run(args, env);
    assertEquals(first.code, 0, first.stderr);
    const asked = exchange.given.length;
    assertEquals([(await work.run(args, env)).code, exchange.given.length], [0, asked]);
    const sql = "SELECT count(*) AS n FROM ohlcv_hourly";
    const { stdout } = await work.run(["query", sql, "--lake", lake, "--format", "csv"], env);
    assertEquals(stdout, `n\n${(61 + 166) * 24 + 12}\n`);
    assertEquals((await work.run(["doctor", "--lake", lake, "--now", now], env)).code, 0);
  });
});

Deno.test("ingest keeps slots on an S3 lake, with every digit, and runs beside a holder of the lock", async () => {
  await onS3(async (work, lake, env) => {
    const { openStore } = await import("../lake/open_lake.ts");
    const store = await openStore(lake, { env });
    const lock = await store.lock("a pipeline");
    const now = ["--now", "2026-01-04T10:07:30Z"];
    assertEquals((await work.run(["ingest", "--lake", lake, ...now], env)).code, 0);
    const busy = await work.run(["replay", "--lake", lake, ...now], env);
    assertEquals(busy.code, 6);
    assertStringIncludes(busy.stderr, "a pipeline is writing to it");
    await lock[Symbol.asyncDispose]();
    await store.close();
    const sql = "SELECT market_cap FROM v_market_cap";
    const { stdout } = await work.run(["query", sql, "--lake", lake, "--format", "json"], env);
    assertEquals(JSON.parse(stdout), [{ market_cap: "9007199254740993" }]);
  });
});

Deno.test("every command says what is wrong with an S3 lake", async () => {
  await onS3(async (work, _lake, env) => {
    const missing = "s3://no-such-bucket/lake";
    for (
      const args of [["ingest"], ["replay"], ["doctor"], ["query", "SELECT 1"], [
        "pipeline",
        "--source",
        "demo",
      ]]
    ) {
      const { code, stderr } = await work.run([...args, "--lake", missing], env);
      assertEquals([args[0], code], [args[0], 3]);
      assertStringIncludes(
        stderr,
        'bucket "no-such-bucket" does not exist, create it or name another one with --lake',
      );
    }
  });
});

Deno.test("query on an S3 lake fetches the tables that it names, and no others", async () => {
  await onS3(async (work, lake, env, s3) => {
    const file = await work.file("day.csv", candleCsv(Date.UTC(2024, 1, 28), 1440));
    const only = ["--only", "ingest,process,materialize"];
    assertEquals((await work.run(["pipeline", "--ohlcv", file, "--lake", lake, ...only], env)).code, 0);
    const fetched = async (sql: string) => {
      s3.requests.length = 0;
      const { stdout } = await work.run(["query", sql, "--lake", lake, "--format", "csv"], env);
      const keys = s3.requests.flatMap((request) =>
        /^GET bucket\/lakes\/one\/([^_/]+\/[^/]+)/.exec(request)?.[1] ?? []
      );
      return [stdout, ...new Set(keys)];
    };
    assertEquals(await fetched("SELECT count(*) AS n FROM ohlcv_hourly"), [
      "n\n24\n",
      "processed/ohlcv_hourly",
    ]);
    assertEquals(await fetched("SELECT 1 AS n"), ["n\n1\n"]);
    assertEquals(await fetched("SELECT count(*) AS n FROM v_top_100"), ["n\n0\n"]);
    const hidden = "SELECT count(*) FROM query_table('ohlcv_' || 'hourly')";
    const { code, stdout, stderr } = await work.run(["query", hidden, "--lake", lake], env);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, 'Cannot read table "ohlcv_hourly": the statement does not name it');
  });
});

/** The lake's data by key; ledger, lock and page are about runs. */
function dataOf(s3: TestS3): Record<string, string> {
  const objects = [...s3.buckets.get("bucket")!].map((
    [key, { bytes }],
  ) => [key.slice("lakes/one/".length), bytes]);
  return Object.fromEntries(
    (objects as [string, Uint8Array][])
      .filter(([key]) => /^(raw|processed|analytics)\//.test(key))
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, bytes]) => [key, bytes.toHex()]),
  );
}

Deno.test("pipeline ends with exit code 3 where access is refused, and nothing of the lake is lost", async () => {
  await onS3(async (work, lake, env, s3) => {
    const day = (n: number) => work.file(`day${n}.csv`, candleCsv(Date.UTC(2024, 1, n), 1440));
    const run = async (file: string) =>
      await work.run(
        ["pipeline", "--ohlcv", file, "--lake", lake, "--only", "ingest,process,materialize"],
        env,
      );
    assertEquals((await run(await day(1))).code, 0);
    const before = dataOf(s3);
    const next = await day(2);
    for (
      const [code, words] of [
        ["AccessDenied", "access denied, give these credentials s3:ListBucket"],
        ["ExpiredToken", "the credentials have expired, renew them"],
        ["InvalidAccessKeyId", "the access key is not known there"],
      ] as const
    ) {
      s3.faults.refuse = code;
      const { code: exit, stderr } = await run(next);
      assertEquals([code, exit], [code, 3]);
      assertStringIncludes(stderr, words);
      assertEquals(dataOf(s3), before);
    }
  });
});

Deno.test("pipeline goes on where it was after credentials expired in its middle, wherever that was", async () => {
  const args = ["--only", "ingest,process,materialize"];
  let clean: Record<string, string> = {};
  let requests = 0;
  await onS3(async (work, lake, env, s3) => {
    const file = await work.file("day.csv", candleCsv(Date.UTC(2024, 1, 28), 1440));
    assertEquals((await work.run(["pipeline", "--ohlcv", file, "--lake", lake, ...args], env)).code, 0);
    clean = dataOf(s3);
    requests = s3.requests.length;
  });
  for (let at = 1; at < requests; at += 7) {
    await onS3(async (work, lake, env, s3) => {
      const file = await work.file("day.csv", candleCsv(Date.UTC(2024, 1, 28), 1440));
      let count = 0;
      s3.faults.before = () => void (count++ === at && (s3.faults.refuse = "ExpiredToken"));
      const { code } = await work.run(["pipeline", "--ohlcv", file, "--lake", lake, ...args], env);
      // What comes last is giving back the lock: without it the lease runs out by itself.
      if (code !== 0) assertEquals([at, code], [at, 3]);
      s3.faults = {};
      const lease = s3.buckets.get("bucket")!.get("lakes/one/_lock");
      if (lease) lease.modified -= 120_000;
      assertEquals((await work.run(["pipeline", "--ohlcv", file, "--lake", lake, ...args], env)).code, 0);
      assertEquals([at, dataOf(s3)], [at, clean]);
    });
  }
});
