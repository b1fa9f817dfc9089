import { assertEquals, assertStringIncludes } from "@std/assert";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { serveMemoryS3 } from "../lake/_test_s3_server.ts";
import { candleCsv, Workplace } from "./_test_cli.ts";

const PAGE =
  '[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","current_price":1.5,"market_cap":9007199254740993}]';

/** Runs on a lake in an S3 server in memory; the SDK takes its credentials from the environment, as for anybody. */
async function onS3(run: (work: Workplace, lake: string, env: Record<string, string>) => Promise<void>) {
  const server = serveMemoryS3();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new S3Client({
    endpoint: server.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
  });
  await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
  client.destroy();
  const before = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((name) =>
    [name, Deno.env.get(name)] as const
  );
  for (const [name] of before) Deno.env.set(name, "test");
  await using work = await Workplace.make(() => Promise.resolve(new Response(PAGE)));
  try {
    await run(work, "s3://bucket/lakes/one", { AWS_ENDPOINT_URL_S3: server.url });
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await server.stop();
  }
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
      assertStringIncludes(stderr, "the bucket does not exist, make it or name another one with --lake");
    }
  });
});
