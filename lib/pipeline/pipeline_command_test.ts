import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { marketHandler } from "../sources/market_server.ts";
import { Workplace } from "./_test_cli.ts";

const NOW = "2026-01-05T10:07:30Z", LATER = "2026-01-05T10:17:30Z";
const ENV = { COINGECKO_BASE_URL: "http://demo.market/api/v3" };

/** A workplace whose network is the demo market's server. */
async function besideMarket() {
  let now = NOW;
  const market = marketHandler({ seed: 1, now: () => new Date(now), sleep: () => Promise.resolve() });
  const work = await Workplace.make((input, init) => market(new Request(input, init)));
  const run = (command: string, at: string, ...args: string[]) => {
    now = at;
    return work.run([command, "--now", at, ...args], ENV);
  };
  const pipeline = async (at: string, ...args: string[]) => {
    const result = await run("pipeline", at, "--models", `${work.folder}/models`, "--json", ...args);
    return { ...result, summary: result.stdout === "" ? null : JSON.parse(result.stdout) };
  };
  return { work, run, pipeline, [Symbol.asyncDispose]: () => work[Symbol.asyncDispose]() };
}

Deno.test("pipeline offline says into which lake the demo market's prices go", async () => {
  await using work = await Workplace.make();
  const { stderr } = await work.pipeline("--dry-run");
  assertStringIncludes(stderr, "this run shows the DEMO MARKET: simulated prices, not real ones.");
  assertStringIncludes(stderr, `They go to the lake ${work.lake}. `);
  assertStringIncludes((await work.run(["pipeline", "--dry-run"])).stderr, "They go to the lake data/demo. ");
});

for (const source of ["auto", "coingecko"]) {
  Deno.test(`pipeline --source ${source} against the demo market makes a demo lake, which ingest goes on with`, async () => {
    await using beside = await besideMarket();
    const { work, run, pipeline } = beside;
    const { code, summary, stderr } = await pipeline(NOW, "--source", source, "--lake", work.lake);
    assertEquals([code, summary?.source], [0, "demo"], stderr);
    assertEquals(stderr.includes(`They go to the lake ${work.lake}.`), source === "auto");
    assertEquals(await Deno.readTextFile(`${work.lake}/_lake.json`), '{"kind":"demo"}\n');
    const page = await Deno.readTextFile(`${work.lake}/dashboard/index.html`);
    assertStringIncludes(page, "simulated data, not real prices");
    for (const table of ["v_top_100", "price_history"]) {
      assertEquals(await work.query(`SELECT DISTINCT source FROM ${table}`), [{ source: "demo" }]);
    }
    assertEquals((await run("ingest", LATER, "--lake", work.lake)).code, 0);
  });

  Deno.test(`pipeline --source ${source} goes on with the lake that ingest made of the demo market`, async () => {
    await using beside = await besideMarket();
    const { work, run, pipeline } = beside;
    assertEquals((await run("ingest", NOW, "--lake", work.lake)).code, 0);
    const { code, stderr } = await pipeline(LATER, "--source", source, "--lake", work.lake);
    assertEquals(code, 0, stderr);
    assertEquals(await work.query('SELECT count(DISTINCT "timestamp") AS n FROM processed_prices'), [{
      n: 2,
    }]);
  });
}

Deno.test("a run that is refused leaves no mark of a lake behind, and one of the other kind as it is", async () => {
  await using beside = await besideMarket();
  const { work, run, pipeline } = beside;
  const real = await work.file("day_1d.csv", "time,open,close,high,low,volume\n1767571200000,1,1,1,1,1\n");
  assertEquals((await pipeline(NOW, "--ohlcv", real, "--only", "ingest", "--lake", work.lake)).code, 0);
  const before = await work.objects();
  for (
    const refused of [
      await pipeline(NOW, "--source", "coingecko", "--lake", work.lake),
      await pipeline(NOW, "--lake", work.lake),
      await run("ingest", NOW, "--lake", work.lake),
    ]
  ) {
    assertEquals(refused.code, 3);
    assertStringIncludes(refused.stderr, "Cannot write demo data to lake");
    assertStringIncludes(refused.stderr, "it is a live lake");
  }
  assertEquals(await work.objects(), before);
});

Deno.test("the lake of real prices does not become one of the demo market's, which leaves no mark", async () => {
  await using beside = await besideMarket();
  const { work } = beside;
  const { claimLake, lakeKind, openStore } = await import("../lake/open_lake.ts");
  const { collect, marketsQuestion } = await import("./ingest/collect.ts");
  const { coinGeckoSettings, openCoinGecko } = await import("../sources/coingecko.ts");
  const store = await openStore(work.lake);
  const effects = {
    fetch: work.fetch,
    now: () => new Date(NOW),
    sleep: () => Promise.resolve(),
    random: () => 0,
    log: { info() {}, warn() {} },
  };
  const client = openCoinGecko(coinGeckoSettings(ENV), effects);
  const collection = { store, client, effects, run_id: "r1", command: "ingest", budget_s: 60 };
  const question = marketsQuestion(new Date(NOW));
  const refused = await collect(question, { ...collection, only: "live" }).catch((error) => error);
  assert(refused instanceof Error);
  assertStringIncludes(refused.message, "it is to be a live lake, choose another folder with --lake");
  assertEquals(await lakeKind(store), null);
  await claimLake(store, "demo");
  assertEquals((await collect(question, { ...collection, only: "demo" })).status, "ok");
  await store.close();
});
