import { assertEquals, assertStringIncludes } from "@std/assert";
import { claimLake, openStore } from "../lake/open_lake.ts";
import { Workplace } from "./_test_cli.ts";
import { daily } from "./_test_daily.ts";
import { candleSource } from "./candle_source.ts";
import type { CommandIo } from "./command_io.ts";

const IO = { env: {}, effects: { log: { info() {}, warn() {} } } } as unknown as CommandIo;

Deno.test("candleSource() gives each kind of lake its registry, and a file the one of real prices", async () => {
  await using work = await Workplace.make();
  const [live, demo] = [`${work.folder}/live`, `${work.folder}/demo`];
  await claimLake(await openStore(live), "live");
  await claimLake(await openStore(demo), "demo");
  assertEquals(await candleSource({ lake: live }, IO), { source: "live", lake: live, models: "models" });
  assertEquals(await candleSource({ lake: demo }, IO), { source: "demo", lake: demo, models: "models/demo" });
  assertEquals(await candleSource({ ohlcv: "days.csv" }, IO), {
    source: "file",
    lake: undefined,
    models: "models",
  });
});

Deno.test("train and leaderboard --cards say of a demo lake that its prices are simulated, and of no other", async () => {
  await using work = await Workplace.make();
  const taken = await work.run([
    "backfill",
    "--ohlcv",
    await work.file("d.csv", daily(500)),
    "--lake",
    work.lake,
  ]);
  assertEquals(taken.code, 0, taken.stderr);
  const cardsOf = async () => {
    const trained = await work.run(
      ["train", "--model", "har", "--lake", work.lake, "--models", `${work.folder}/models`, "--json"],
    );
    assertEquals(trained.code, 0, trained.stderr);
    const { artefact } = JSON.parse(trained.stdout);
    const models = ["--models", "persistence,har", "--cards", `${work.folder}/cards`];
    const compared = await work.run(["leaderboard", "--lake", work.lake, ...models]);
    assertEquals(compared.code, 0, compared.stderr);
    const { source } = JSON.parse(await Deno.readTextFile(`${artefact}/metrics.json`));
    const paths = [`${artefact}/card.md`, `${work.folder}/cards/har.md`];
    return { source, cards: await Promise.all(paths.map((path) => Deno.readTextFile(path))) };
  };
  const live = await cardsOf();
  assertEquals(live.source, "live");
  for (const card of live.cards) {
    assertStringIncludes(card, "Public market data");
    assertEquals(/demo|simulated/i.test(card), false);
  }
  await Deno.writeTextFile(`${work.lake}/_lake.json`, '{"kind":"demo"}\n');
  const demo = await cardsOf();
  assertEquals(demo.source, "demo");
  for (const card of demo.cards) {
    assertStringIncludes(card, "**Demo market: simulated prices, not real ones.");
    assertStringIncludes(card, "those of the demo market (simulated)");
    assertEquals(card.includes("Public market data"), false);
  }
});
