import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Workplace } from "./_test_cli.ts";
import { daily, minutesOf } from "./_test_daily.ts";

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
  const file = await work.file("days.csv", daily(500));
  const args = [
    "leaderboard",
    "--ohlcv",
    file,
    "--start",
    "2020-10-01",
    "--models",
    // The forest twice: it takes part once.
    "log_har_median,forest, random_forest",
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
  assertEquals(board.models.length, 2);
  const forest = board.models.find(({ model }: { model: string }) => model === "random_forest");
  assertEquals([forest.seeds, forest.baseline], [2, false]);
  assert(forest.mae_std > 0);
  const card = await Deno.readTextFile(`${work.folder}/cards/random_forest.md`);
  const learnt = "fitted to all targets known by then";
  for (const words of ["seeds 1 to 2", board.verdict, forest.mae.toFixed(5), learnt, "## Caveats"]) {
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

Deno.test("leaderboard compares forecasts of prices and returns, several days ahead, over a rolling window", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(500));
  const table: [target: string, models: string, champion: string][] = [
    ["price", "persistence,drift,seasonal_naive", "persistence"],
    ["return", "zero,mean,persistence", "zero"],
  ];
  for (const [target, models, champion] of table) {
    const args = ["leaderboard", "--ohlcv", file, "--target", target, "--models", models, "--horizon", "5"];
    const { code, stdout, stderr } = await work.run([...args, "--window", "200", "--embargo", "2", "--json"]);
    assertEquals(code, 0, stderr);
    const board = JSON.parse(stdout);
    assertEquals([board.target, board.horizon, board.champion, board.holdout], [target, 5, champion, null]);
    assertEquals(board.models.map(({ qlike }: { qlike: unknown }) => qlike), [null, null, null]);
    const text = await work.run(args);
    assertStringIncludes(text.stdout, "direction");
    assert(!text.stdout.includes("QLIKE") && !text.stdout.includes("NaN"));
  }
});

Deno.test("leaderboard and train forecast realised volatility where there are minutes, and say where there are none", async () => {
  await using work = await Workplace.make();
  const minutes = await work.file("minutes.csv", minutesOf(70));
  const asked = ["--target", "realised_volatility", "--json"];
  const args = ["leaderboard", "--start", "2020-02-25", "--models", "persistence,ewma", ...asked];
  const { code, stdout, stderr } = await work.run([...args, "--ohlcv", minutes]);
  assertEquals(code, 0, stderr);
  const board = JSON.parse(stdout);
  assertEquals([board.target, board.from, board.to], ["realised_volatility", "2020-02-25", "2020-03-09"]);
  // A day of 1,440 minutes that move by 0.1 % each: forecasts are off by less than a tenth of its volatility.
  const [{ mae }] = board.models.filter(({ model }: { model: string }) => model === "ewma");
  assert(mae > 0 && mae < 0.1 * 0.001 * Math.sqrt(1440), `${mae}`);
  const days = await work.file("days.csv", daily(120));
  for (const command of [[...args], ["train", "--model", "ewma", ...asked]]) {
    const refused = await work.run([...command, "--ohlcv", days]);
    assertEquals(refused.code, 5);
    assertStringIncludes(refused.stderr, "there are no minutes of it");
  }
});

Deno.test("leaderboard keeps a holdout apart, looks at it once, and says when it was looked at", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(500));
  const log = `${work.folder}/log/looks.ndjson`;
  const args = [
    "leaderboard",
    "--ohlcv",
    file,
    "--models",
    "persistence,har",
    "--holdout",
    "60d",
    "--holdout-log",
    log,
  ];
  const before = JSON.parse((await work.run([...args, "--json"])).stdout);
  assertEquals(before.holdout, { from: "2021-03-16", to: "2021-05-14", scored: null });
  assertEquals(before.to, "2021-03-14");
  await Deno.stat(log).then(() => assert(false, "nobody has looked"), () => {});

  const look = [...args, "--score-holdout", "--now", "2026-01-01T00:00:00Z"];
  // What cannot be written is refused before the look is spent.
  const taken = await work.file("taken", ""), noFolder = `${work.folder}/none/board.svg`;
  for (const [flag, path] of [["--chart", noFolder], ["--cards", taken], ["--holdout-log", `${taken}/log`]]) {
    const refused = await work.run([...look, flag!, path!]);
    assertEquals([flag, refused.code, refused.stdout], [flag, 2, ""]);
    assertStringIncludes(refused.stderr, path!.slice(0, taken.length));
    await Deno.stat(log).then(() => assert(false, "nobody has looked"), () => {});
  }
  const rolling = ["--window", "150", "--embargo", "3"];
  const first = await work.run([...look, ...rolling, "--cards", `${work.folder}/cards`]);
  assertEquals(first.code, 0, first.stderr);
  assertStringIncludes(
    first.stdout,
    "Kept apart: 2021-03-16 to 2021-05-14. har, which is served, has a mean absolute error of",
  );
  const card = await Deno.readTextFile(`${work.folder}/cards/har.md`);
  const [, verdict] = /Kept apart: \S+ to \S+\. (.*)/.exec(first.stdout)!;
  for (
    const words of [
      `from 2021-03-16 to 2021-05-14 were kept apart. ${verdict}`,
      "411 days of BTCUSD, 2020-01-30 to 2021-03-15;",
      "fitted to the 150 newest targets known 3 days before",
    ]
  ) assertStringIncludes(card, words);
  // Refused before the walk, which would end with 5.
  const second = await work.run([...look, "--embargo", "9999"]);
  assertEquals(second.code, 2);
  assertStringIncludes(second.stderr, "was looked at on 2026-01-01T00:00:00.000Z");
  const again = await work.run([...look, ...rolling, "--again", "--json"]);
  assertEquals(again.code, 0, again.stderr);
  const { holdout } = JSON.parse(again.stdout);
  assert(holdout.scored.mae.har > 0);
  const looks = (await Deno.readTextFile(log)).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(looks.map(({ from, champion, mae }) => [from, champion, mae.har]), [
    ["2021-03-16", "har", holdout.scored.mae.har],
    ["2021-03-16", "har", holdout.scored.mae.har],
  ]);
  // Days that overlap were seen, too; those of another target were not.
  const wider = args.map((each) => each === "60d" ? "90d" : each);
  assertEquals((await work.run([...wider, "--score-holdout"])).code, 2);
  const price = args.map((each) => each === "persistence,har" ? "persistence" : each);
  assertEquals((await work.run([...price, "--target", "price", "--score-holdout"])).code, 0);
});

Deno.test("leaderboard prints what a look has found before it writes, so that a failure there costs no look", async () => {
  const printed: string[] = [];
  let out = "";
  await using work = await Workplace.make(undefined, {
    stdout(text) {
      printed.push(text);
      Deno.removeSync(out, { recursive: true });
    },
  });
  out = `${work.folder}/cards`;
  const log = `${work.folder}/looks.ndjson`;
  const args = [
    "--ohlcv",
    await work.file("days.csv", daily(500)),
    "--models",
    "persistence",
    "--cards",
    out,
  ];
  const look = ["--holdout", "60d", "--score-holdout", "--holdout-log", log];
  const { code, stderr } = await work.run(["leaderboard", ...args, ...look]);
  assertEquals([code, printed.length], [8, 1], stderr);
  assertStringIncludes(printed[0]!, "has a mean absolute error of");
  assertStringIncludes(stderr, 'persistence.md": its folder does not exist');
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
  assertEquals([checked.models.length, checked.features.length, leaks], [10, 16, []]);
});

Deno.test("train, leaderboard and leaks leave days with one price out and say how many; none of it is a leak", async () => {
  await using work = await Workplace.make();
  // Lines count from the header: 2020-04-09, 2020-12-15 and 2020-12-16.
  const flat = daily(460).trimEnd().split("\n").map((line, i) => {
    const [time, , close] = line.split(",");
    return [100, 350, 351].includes(i) ? [time, close, close, close, close, 1].join() : line;
  });
  const file = await work.file("days.csv", flat.join("\n"));
  const said = "3 days with one price only (2020-04-09, 2020-12-15, 2020-12-16) have no volatility: left out";
  const models = ["--models", "persistence,log_har", "--json", "--cards", `${work.folder}/cards`];
  const board = await work.run(["leaderboard", "--ohlcv", file, ...models]);
  assertEquals(board.code, 0, board.stderr);
  assertStringIncludes(board.stderr, said);
  const persistence = JSON.parse(board.stdout).models.find(({ model }: { model: string }) =>
    model === "persistence"
  );
  // A day that is floored to 0.01 % gives thousands.
  assert(persistence.qlike < 1, `${persistence.qlike}`);
  assertStringIncludes(
    await Deno.readTextFile(`${work.folder}/cards/log_har.md`),
    "3 of them have one price only, so no volatility",
  );
  const train = ["train", "--model", "persistence", "--ohlcv", file, "--models", `${work.folder}/models`];
  assertStringIncludes((await work.run(train)).stderr, said);
  const leaks = await work.run(["leaks", "--ohlcv", file, "--horizon", "7", "--json"]);
  assertEquals([leaks.code, JSON.parse(leaks.stdout).leaks], [0, []], leaks.stderr);
  assertStringIncludes(leaks.stderr, said);
});

Deno.test("leaderboard and leaks refuse what they cannot use in plain words", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(200));
  const table: [args: string[], code: number, message: string][] = [
    [["leaderboard", "--ohlcv", file], 2, "171 days can be forecast from"],
    [["leaderboard", "--ohlcv", file, "--models", "har,magic"], 2, 'Cannot find model "magic"'],
    [
      ["leaderboard", "--ohlcv", file, "--target", "price", "--models", "har"],
      2,
      "forecasts volatility",
    ],
    [["leaderboard", "--ohlcv", file, "--target", "volume"], 2, "--target"],
    [["leaks", "--ohlcv", file, "--target", "volume"], 2, "--target"],
    [["leaderboard", "--ohlcv", file, "--holdout", "1y"], 2, "--holdout 1y: write a number of days"],
    [["leaderboard", "--ohlcv", file, "--score-holdout"], 2, "add --holdout 365d"],
    [
      ["leaderboard", "--ohlcv", file, "--start", "2020-05-01", "--holdout", "100d"],
      2,
      "the walk starts at 2020-05-01",
    ],
    [["leaderboard", "--ohlcv", file, "--again"], 2, "add --score-holdout"],
    [
      ["leaderboard", "--ohlcv", file, "--since", "garbage"],
      2,
      "Cannot use --since garbage: write YYYY-MM-DD\n",
    ],
    [["leaderboard", "--ohlcv", file, "--seed", `${2 ** 31}`], 2, "--seed"],
    [
      ["leaderboard", "--ohlcv", file, "--seed", `${2 ** 31 - 2}`, "--seeds", "3"],
      2,
      "seeds end at 2147483647",
    ],
    // What no model can be fitted to is not an internal error.
    [["leaderboard", "--ohlcv", file, "--start", "2000-01-01"], 5, "start later"],
    [["leaderboard", "--ohlcv", file, "--start", "2020-05-01", "--embargo", "700"], 5, "start later"],
    [["leaderboard", "--ohlcv", file, "--start", "2020-05-01", "--holdout", "99999d"], 5, "keep fewer"],
    [["leaderboard", "--ohlcv", file, "--start", "2020-05-01", "--window", "3"], 5, "Cannot"],
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
