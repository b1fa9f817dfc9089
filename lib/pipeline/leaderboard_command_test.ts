import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Workplace } from "./_test_cli.ts";
import { daily } from "./_test_daily.ts";

Deno.test("leaderboard compares the baselines of a file, the same each time, with a chart", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(500));
  const baselines = ["--models", "persistence,ewma,har,log_har,garch"];
  const args = ["leaderboard", "--ohlcv", file, "--start", "2020-12-01", "--refit", "20", ...baselines];
  const first = await work.run([...args, "--json", "--chart", `${work.folder}/board.svg`]);
  assertEquals(first.code, 0, first.stderr);
  const board = JSON.parse(first.stdout);
  assertEquals([board.target, board.horizon, board.from], ["volatility", 1, "2020-12-01"]);
  assertEquals(board.models.length, 5);
  assertEquals(board.champion, board.models[0].model);
  const again = JSON.parse((await work.run([...args, "--json"])).stdout);
  const still = (models: { seconds: number }[]) => models.map(({ seconds: _, ...entry }) => entry);
  assertEquals(still(again.models), still(board.models));
  assertStringIncludes(await Deno.readTextFile(`${work.folder}/board.svg`), "mean absolute error");
  const { stdout } = await work.run(args);
  assertStringIncludes(stdout, "Only baselines took part");
  assert(stdout.split("\n").length > 10);
});

Deno.test("leaderboard walks a random model with several seeds, and a baseline is served where it does not win", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(300));
  const args = [
    "leaderboard",
    "--ohlcv",
    file,
    "--start",
    "2020-10-01",
    "--models",
    "log_har_median,random_forest",
  ];
  const { code, stdout, stderr } = await work.run([
    ...args,
    "--seeds",
    "2",
    "--json",
    "--cards",
    `${work.folder}/cards`,
  ]);
  assertEquals(code, 0, stderr);
  const board = JSON.parse(stdout);
  const forest = board.models.find(({ model }: { model: string }) => model === "random_forest");
  assertEquals([forest.seeds, forest.baseline], [2, false]);
  assert(forest.mae_std > 0);
  const card = await Deno.readTextFile(`${work.folder}/cards/random_forest.md`);
  for (const words of ["seeds 1 to 2", board.verdict, forest.mae.toFixed(5), "## Caveats"]) {
    assertStringIncludes(card, words);
  }
  assertStringIncludes(
    await Deno.readTextFile(`${work.folder}/cards/log_har_median.md`),
    "the best baseline itself",
  );
  assertEquals(board.champion, "log_har_median");
  assertStringIncludes(board.verdict, "No model beats log_har_median, the best baseline, beyond doubt");
});

Deno.test("leaderboard lets the LSTM take part on request", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(330));
  const args = ["--models", "har,lstm", "--refit", "100", "--seeds", "1", "--json"];
  const { code, stdout, stderr } = await work.run(["leaderboard", "--ohlcv", file, ...args]);
  assertEquals(code, 0, stderr);
  const models = JSON.parse(stdout).models as { model: string; mae: number; baseline: boolean }[];
  const [har, lstm] = ["har", "lstm"].map((name) => models.find(({ model }) => model === name)!);
  assertEquals([har!.baseline, lstm!.baseline], [true, false]);
  assert(lstm!.mae < 2 * har!.mae);
});

Deno.test("leaks finds what is planted, and nothing in our own", async () => {
  await using work = await Workplace.make();
  const { code, stdout, stderr } = await work.run([
    "leaks",
    "--ohlcv",
    await work.file("days.csv", daily(400)),
    "--json",
  ]);
  assertEquals(code, 0, stderr);
  const { self_test, checked, leaks } = JSON.parse(stdout);
  assertEquals(self_test.filter(({ caught_in }: { caught_in: string[] }) => caught_in.length > 0).length, 8);
  assertEquals([checked.models.length, checked.features.length, leaks], [9, 14, []]);
});

Deno.test("leaderboard and leaks refuse what they cannot use in plain words", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(200));
  const table: [args: string[], code: number, message: string][] = [
    [["leaderboard", "--ohlcv", file], 2, "171 days can be forecast from"],
    [["leaderboard", "--ohlcv", file, "--models", "har,magic"], 2, 'Cannot find model "magic"'],
    [["leaderboard", "--ohlcv", file, "--horizon", "0"], 2, "--horizon"],
    [["leaderboard", "--ohlcv", file, "--lake", work.lake], 2, "give one of them"],
    [["leaderboard", "--lake", work.lake], 3, "there is no lake"],
    [["leaderboard", "--ohlcv", `${file}x`], 4, "there is no such file"],
    [
      ["leaderboard", "--ohlcv", file, "--start", "2030-01-01"],
      2,
      "none from 2030-01-01 on; give a longer history or another --start",
    ],
    [["leaks", "--ohlcv", file], 2, "give 300 or more"],
  ];
  for (const [args, code, message] of table) {
    const result = await work.run(args);
    assertEquals([args, result.code], [args, code], result.stderr);
    assertStringIncludes(result.stderr, message);
  }
});
