import { assertEquals, assertStringIncludes } from "@std/assert";
import { HOUR_MS } from "../core/time.ts";
import { candleCsv, type CliResult, Workplace } from "./_test_cli.ts";
import { daily } from "./_test_daily.ts";

const START = Date.UTC(2020, 0, 1);

/** What `train --model persistence` forecasts from a lake or a file, and the newest day of it: the day after. */
async function forecastDay(work: Workplace, ...source: string[]): Promise<string> {
  const args = ["train", "--model", "persistence", "--models", `${work.folder}/models`, "--json"];
  const { code, stdout, stderr } = await work.run([...args, ...source]);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout).forecast[0].day;
}

/** Takes a file into the workplace's lake. */
async function backfill(work: Workplace, file: string, ...more: string[]): Promise<CliResult> {
  const result = await work.run(["backfill", "--ohlcv", file, "--lake", work.lake, ...more]);
  assertEquals(result.code, 0, result.stderr);
  return result;
}

Deno.test("train and leaderboard leave a last day out whose hours stop early, whatever another market has", async () => {
  await using work = await Workplace.make();
  // 300 whole days, and two hours of the next one.
  const file = await work.file("hours.csv", candleCsv(START, 300 * 24 + 2, HOUR_MS));
  await backfill(work, file);
  const longer = await work.file("longer.csv", candleCsv(START, 301 * 24, HOUR_MS));
  await backfill(work, longer, "--symbol", "ETHUSD");
  assertEquals(await forecastDay(work, "--lake", work.lake), "2020-10-27");
  assertEquals(await forecastDay(work, "--ohlcv", file), "2020-10-27");
  assertEquals(await forecastDay(work, "--lake", work.lake, "--symbol", "ETHUSD"), "2020-10-28");
  const baselines = ["--models", "persistence", "--start", "2020-10-01", "--json"];
  const { stdout } = await work.run(["leaderboard", "--lake", work.lake, ...baselines]);
  assertEquals(JSON.parse(stdout).to, "2020-10-25");
});

Deno.test("train, leaderboard and leaks take nothing from the day of --now onward, of a lake or a file", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(500));
  await backfill(work, file);
  const now = ["--now", "2021-01-20T12:00:00Z"], start = ["--start", "2020-12-01"];
  for (const source of [["--lake", work.lake], ["--ohlcv", file]]) {
    assertEquals(await forecastDay(work, ...source, ...now), "2021-01-20");
    const args = ["leaderboard", ...source, ...start, "--models", "persistence", "--json"];
    const board = JSON.parse((await work.run([...args, ...now])).stdout);
    // The target of the last day forecast from is the last day that is over.
    assertEquals([board.from, board.to], ["2020-12-01", "2021-01-18"]);
    const days = async (...more: string[]) =>
      JSON.parse((await work.run(["leaks", ...source, "--json", ...more])).stdout).checked.days;
    // 366 + 19 days, 29 of which fill the first window.
    assertEquals(await days(...now), 366 + 19 - 29);
  }
  const early = await work.run(["leaderboard", "--lake", work.lake, "--now", "2020-01-01T12:00:00Z"]);
  assertEquals(early.code, 5);
  assertStringIncludes(early.stderr, "no day of them is over at 2020-01-01T12:00:00.000Z");
});
