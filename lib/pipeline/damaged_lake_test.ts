import { assertEquals, assertStringIncludes } from "@std/assert";
import { HOUR_MS } from "../core/time.ts";
import { candleCsv, Workplace } from "./_test_cli.ts";

Deno.test("train, leaderboard, leaks and gaps name a damaged object and what to do, and end with exit code 8", async () => {
  await using work = await Workplace.make();
  const hours = await work.file("hours.csv", candleCsv(Date.UTC(2020, 0, 1), 400 * 24, HOUR_MS));
  assertEquals((await work.run(["backfill", "--ohlcv", hours, "--lake", work.lake])).code, 0);
  const hour = "processed/ohlcv_hourly/symbol=BTCUSD/year=2020/month=03/part-0.parquet";
  const day = "analytics/ohlcv_daily/symbol=BTCUSD/year=2020/part-0.parquet";
  const table: [damaged: string, args: string[]][] = [
    [day, ["train", "--model", "persistence", "--models", `${work.folder}/models`]],
    [day, ["leaderboard", "--models", "persistence"]],
    [day, ["leaks"]],
    [day, ["gaps"]],
    [hour, ["gaps", "--interval", "1h"]],
  ];
  for (const [key, args] of table) {
    const path = `${work.lake}/${key}`, whole = await Deno.readFile(path);
    await Deno.writeFile(path, whole.slice(0, -30));
    const { code, stdout, stderr } = await work.run([...args, "--lake", work.lake]);
    assertEquals([args[0], code, stdout], [args[0], 8, ""], stderr);
    assertStringIncludes(stderr, `Cannot read "${key}": damaged, move it aside with \`deno task doctor`);
    assertStringIncludes(stderr, `--quarantine --lake ${work.lake}\``);
    await Deno.writeFile(path, whole);
  }
});
