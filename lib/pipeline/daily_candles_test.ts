import { assert, assertEquals, assertStringIncludes } from "@std/assert";
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

Deno.test("train says of a file's refused lines how many were left out, and nothing of a lake that is gone", async () => {
  await using work = await Workplace.make();
  const lines = daily(200).trimEnd().split("\n");
  lines.splice(7, 0, `${START - 1},1,2,1,3,5`, `${START - 2},x,2,1,3,5`);
  const file = await work.file("dirty.csv", lines.join("\n"));
  const args = ["train", "--model", "persistence", "--models", `${work.folder}/models`, "--ohlcv", file];
  const { code, stderr } = await work.run(args);
  assertEquals(code, 0, stderr);
  const said = stderr.trimEnd().split("\n");
  assertEquals(said.length, 1, stderr);
  assertStringIncludes(said[0]!, `${file}: 2 of 202 rows were left out (`);
  assertStringIncludes(said[0]!, "for example line 8: ");
  for (const word of ["kept", "dead_letters", "replay"]) assert(!stderr.includes(word), stderr);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`leaderboard --ohlcv leaves nothing in the temporary folder when ${signal} ends it`, async () => {
    await using work = await Workplace.make();
    const file = await work.file("minutes.csv", candleCsv(START, 200_000));
    const temporary = `${work.folder}/temporary`;
    await Deno.mkdir(temporary);
    const there = () => Array.fromAsync(Deno.readDir(temporary), ({ name }) => name);
    const args = ["leaderboard", "--ohlcv", file];
    await using process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "-P=leaderboard", "lib/pipeline/cli.ts", ...args],
      env: { NO_COLOR: "1", TMPDIR: temporary },
      ...{ stdin: "null", stdout: "null", stderr: "piped" },
    }).spawn();
    while (!await Deno.stat(`${temporary}/${(await there())[0]}/lake/raw`).catch(() => null)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.kill(signal);
    const { code, stderr } = await process.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [130, "Interrupted: nothing was made.\n"]);
    assertEquals(await there(), []);
  });
}
