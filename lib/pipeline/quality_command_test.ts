import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { candleCsv, Workplace } from "./_test_cli.ts";

const START = Date.UTC(2024, 1, 28);
const NOW = ["--now", "2024-03-10T12:00:00Z"];

/** A lake of one day of minutes, the 700th of which has a bad print. */
async function lakeWithPrint(work: Workplace): Promise<void> {
  const lines = candleCsv(START, 1440).trimEnd().split("\n");
  const cells = lines[700]!.split(",");
  cells[4] = "0.06";
  lines[700] = cells.join(",");
  const file = await work.file("day.csv", lines.join("\n"));
  await work.pipeline("--ohlcv", file, "--only", "ingest,process,materialize", ...NOW);
}

Deno.test("quality checks a lake anew each time, prints the findings worst first, and writes report and page", async () => {
  await using work = await Workplace.make();
  await lakeWithPrint(work);
  const first = await work.run(["quality", "--lake", work.lake, ...NOW]);
  assertEquals([first.code, first.stderr], [0, ""]);
  assertMatch(first.stdout, /^warn: 0 fail · 2 warn · \d+ pass, checked 2024-03-10T12:00:00\.000Z by run /);
  assertMatch(
    first.stdout,
    /warn {2}outliers +1 {2}1 of 1440 bars \(0\.069 %\) has a price that stands alone: 2024-02-28T11:39Z low 0\.06/,
  );
  const path = /Page: (.*\.html)\n$/.exec(first.stdout)![1]!;
  assertStringIncludes(await Deno.readTextFile(path), "low 0.06 beside");
  const second = await work.run(["quality", "--lake", work.lake, "--json", ...NOW]);
  const report = JSON.parse(second.stdout);
  assertEquals([second.code, report.status, report.thresholds.series.outliers.robust_z], [0, "warn", 8]);
  assert(!first.stdout.includes(report.run_id));
  const finding = report.findings.find(({ check }: { check: string }) => check.endsWith("outliers"));
  assertEquals(finding.examples[0].values.low, 0.06);
  assertEquals(report.series[0].months, [
    { month: "2024-02", rows: 1440, zero_volume: 13, filled: 0, outliers: 1 },
  ]);
});

Deno.test("quality closes the gate with exit code 5 where a check fails, and the report is there", async () => {
  await using work = await Workplace.make();
  await lakeWithPrint(work);
  await Deno.writeTextFile(`${work.lake}/_quality.json`, '{"series":{"outliers":{"level":"fail"}}}');
  const result = await work.run(["quality", "--lake", work.lake, "--json", ...NOW]);
  assertEquals([result.code, JSON.parse(result.stdout).status], [5, "fail"]);
  assertStringIncludes(result.stderr, "1 quality checks failed (BTCUSD csv 1m: outliers");
  const again = await work.pipeline("--source", "csv", "--from", "quality", ...NOW);
  assertEquals([again.code, again.summary.steps[0].status, again.summary.steps[1].status], [
    5,
    "failed",
    "not_run",
  ]);
  const shown = await work.run(["quality", "--lake", work.lake, "--date", "2024-03-10"]);
  assertEquals(shown.code, 0);
  assertMatch(shown.stdout, /^fail: 1 fail/);
});

Deno.test("quality names the setting of _quality.json that it cannot use, with exit code 3", async () => {
  await using work = await Workplace.make();
  await lakeWithPrint(work);
  const table: [text: string, words: string][] = [
    ['{"series":{"outlier":{}}}', 'there is no setting "series.outlier"'],
    ['{"series":{"outliers":{"robust_z":-1}}}', '"series.outliers.robust_z" is not usable'],
    ["{", "it is not JSON"],
  ];
  for (const [text, words] of table) {
    await Deno.writeTextFile(`${work.lake}/_quality.json`, text);
    const result = await work.run(["quality", "--lake", work.lake, ...NOW]);
    assertEquals([text, result.code, result.stdout], [text, 3, ""]);
    assertStringIncludes(result.stderr, words);
  }
});

Deno.test("quality --date prints the report of a day and checks nothing; wrong days and lakes are refused", async () => {
  await using work = await Workplace.make();
  const args = ["quality", "--lake", work.lake];
  const nowhere = await work.run(args);
  assertEquals([nowhere.code, nowhere.stdout], [3, ""]);
  assertStringIncludes(nowhere.stderr, "there is no lake, make one with `deno task pipeline --lake");
  await lakeWithPrint(work);
  const none = await work.run([...args, "--date", "2024-03-10"]);
  assertEquals(none.code, 2);
  assertStringIncludes(none.stderr, "there is none, make one with `deno task quality`");
  await work.run([...args, "--now", "2024-03-10T12:00:00Z"]);
  await work.run([...args, "--now", "2024-03-10T13:00:00Z"]);
  const before = await work.objects();
  const shown = await work.run([...args, "--date", "2024-03-10", "--json"]);
  assertEquals([shown.code, JSON.parse(shown.stdout).checked_at], [0, "2024-03-10T13:00:00.000Z"]);
  assertEquals(await work.objects(), before);
  const other = await work.run([...args, "--date", "2024-03-11"]);
  assertEquals(other.code, 2);
  assertStringIncludes(other.stderr, "there is none, the newest is of 2024-03-10");
  for (const day of ["2024-02-30", "yesterday", "2024-3-1"]) {
    const wrong = await work.run([...args, "--date", day]);
    assertEquals([day, wrong.code], [day, 2]);
    assertStringIncludes(wrong.stderr, "it is not a day");
  }
});

Deno.test("pipeline makes a new report when the snapshot grows old, and otherwise skips", async () => {
  await using work = await Workplace.make();
  const run = (now: string, ...steps: string[]) =>
    work.pipeline("--source", "demo", "--only", steps.join(","), "--now", now);
  await run("2024-03-10T12:00:00Z", "ingest", "process", "materialize", "quality");
  const status = async (now: string) => (await run(now, "quality")).summary.steps[0].status;
  assertEquals(await status("2024-03-10T20:00:00Z"), "skipped");
  assertEquals(await status("2024-03-11T13:00:00Z"), "warn");
  assertEquals(await status("2024-03-12T13:00:00Z"), "skipped");
  const { stdout } = await work.run(["quality", "--lake", work.lake, "--date", "2024-03-11"]);
  assertMatch(
    stdout,
    /market snapshot\n +warn +freshness +1 +the newest is of 2024-03-10T.* before this check, more than 24 hours/,
  );
});

Deno.test("quality runs within its permissions", async () => {
  await using work = await Workplace.make();
  await lakeWithPrint(work);
  const child = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=quality", new URL("cli.ts", import.meta.url).pathname]
      .concat(["quality", "--lake", work.lake, "--json", ...NOW]),
    cwd: new URL("../../", import.meta.url).pathname,
    stdout: "piped",
    stderr: "piped",
  }).output();
  assertEquals([child.code, new TextDecoder().decode(child.stderr)], [0, ""]);
  assertEquals(JSON.parse(new TextDecoder().decode(child.stdout)).status, "warn");
});
