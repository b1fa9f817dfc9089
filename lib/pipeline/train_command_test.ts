import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ModelError } from "../core/errors.ts";
import { utcDay } from "../core/time.ts";
import type { DailyCandle } from "../features/daily_frame.ts";
import { targetRows } from "../features/target_rows.ts";
import { modelNamed, modelNames } from "../models/contestants.ts";
import { loadTrained } from "../models/trained_model.ts";
import { readCandleRows, writeCandleRows } from "../sources/candle_rows.ts";
import { Workplace } from "./_test_cli.ts";
import { daily } from "./_test_daily.ts";

/** Settings with which a network is trained in a blink. */
const QUICK = ["--set", "units=4", "--set", "lookBack=10", "--epochs", "3"];

function candlesOf(csv: string): DailyCandle[] {
  return readCandleRows(csv).map(({ time, ...bar }) => ({ day: utcDay(time), ...bar }));
}

for (const target of ["volatility", "price", "return"] as const) {
  Deno.test(`train fits, judges and saves every model of ${target}, and what is loaded forecasts the same to the bit`, async () => {
    await using work = await Workplace.make();
    const csv = daily(260), file = await work.file("days.csv", csv);
    const { rows } = targetRows(candlesOf(csv), { target });
    const last = { from: rows.days.length - 1, until: rows.days.length };
    for (const name of modelNames(target)) {
      const quick = name === "lstm" ? QUICK : [];
      const args = [
        "train",
        "--model",
        name,
        "--target",
        target,
        "--ohlcv",
        file,
        "--models",
        `${work.folder}/models`,
      ];
      const { code, stdout, stderr } = await work.run([...args, ...quick, "--json"]);
      assertEquals(code, 0, stderr);
      const answer = JSON.parse(stdout);
      assertEquals([answer.model, answer.target], [name, target]);
      assertEquals(answer.metrics.mae_ratio, answer.metrics.mae / answer.naive.mae);
      assert(answer.trained_on.to < answer.tested_on.from);
      const { make } = await modelNamed(name, target);
      const model = make(1, answer.settings);
      const metrics = await loadTrained(
        `${work.folder}/models`,
        { target, symbol: "BTCUSD", horizon: 1 },
        model,
      );
      assertEquals(metrics.version, answer.version);
      assertEquals(model.predict(rows, last)[0], answer.forecast[0].value);
      const card = await Deno.readTextFile(`${answer.artefact}/card.md`);
      for (const words of [answer.version, answer.verdict, "## Caveats"]) assertStringIncludes(card, words);
    }
  });
}

Deno.test("train --model lstm is the same each time, goes on where it was stopped, and forecasts a path", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(260)), models = `${work.folder}/models`;
  const lstm = (...more: string[]) =>
    work.run([
      "train",
      "--model",
      "lstm",
      "--target",
      "price",
      "--ohlcv",
      file,
      "--models",
      models,
      ...QUICK,
      ...more,
    ]);
  const first = await lstm("--json"), version = JSON.parse(first.stdout).version;
  assertStringIncludes(first.stderr, "epoch 3/3");
  assertEquals(JSON.parse((await lstm("--json", "--threads", "1")).stdout).version, version);
  assert(JSON.parse((await lstm("--json", "--seed", "2")).stdout).version !== version);
  const short = await lstm("--epochs", "2", "--json");
  assert(JSON.parse(short.stdout).version !== version);
  const resumed = await lstm("--resume", "--json");
  assertStringIncludes(resumed.stderr, "going on after epoch 2");
  assertEquals(JSON.parse(resumed.stdout).epochs, 1);
  assertEquals(JSON.parse(resumed.stdout).version, version);
  const { stdout } = await lstm("--ahead", "4");
  assertEquals(stdout.match(/^2020-\d\d-\d\d: /gm)?.length, 4);
  assertStringIncludes(stdout, "later days");
  const through = await lstm("--resume", "--json"),
    { epochs, epochs_total, seconds_per_epoch } = JSON.parse(
      through.stdout,
    );
  assertStringIncludes(through.stderr, "the training was through after epoch 3");
  assertEquals([epochs, epochs_total, seconds_per_epoch], [0, 3, null]);
  assertStringIncludes((await lstm("--resume")).stdout, "(0 epochs now, 3 in all)");
});

Deno.test("train --model lstm keeps the checkpoints of other trainings, and says which one it gives up", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(200)), models = `${work.folder}/models`;
  const lstm = async (...more: string[]) => {
    const args = ["train", "--model", "lstm", "--ohlcv", file, "--models", models, ...QUICK, ...more];
    return (await work.run(args)).stderr;
  };
  const givenUp = "a training that was stopped after epoch 3 is given up",
    others = [
      ["--set", "units=5"],
      ["--seed", "2"],
      ["--horizon", "2"],
      ["--symbol", "ETHUSD"],
      ["--target", "price"],
    ];
  await lstm();
  for (const more of others) {
    assertStringIncludes(await lstm("--resume", ...more), "no checkpoint of these settings and data in");
  }
  assertStringIncludes(await lstm("--resume", "--epochs", "4"), "going on after epoch 3");
  for (const more of others) assertStringIncludes(await lstm("--epochs", "4", ...more), givenUp);
  // One that is through has nothing to lose, nor has a damaged one.
  assert(!(await lstm("--epochs", "4")).includes("given up"));
  const [{ name }] = await Array.fromAsync(
    Deno.readDir(`${models}/lstm_volatility_ETHUSD_1d/checkpoint`),
  ) as [
    Deno.DirEntry,
  ];
  await Deno.writeTextFile(
    `${models}/lstm_volatility_ETHUSD_1d/checkpoint/${name}/training.checkpoint`,
    "LB",
  );
  assert(!(await lstm("--symbol", "ETHUSD", "--epochs", "5")).includes("given up"));
});

Deno.test("train keeps each training's metrics and card beside its own files, and horizons and symbols apart", async () => {
  await using work = await Workplace.make();
  const lines = daily(260).trimEnd().split("\n"), models = `${work.folder}/models`;
  const naive = async (csv: string[], ...more: string[]) => {
    const file = await work.file("days.csv", `${csv.join("\n")}\n`);
    const args = ["train", "--model", "persistence", "--ohlcv", file, "--models", models, "--json", ...more];
    const { code, stdout, stderr } = await work.run(args);
    assertEquals(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const old = await naive(lines.slice(0, 220)), again = await naive(lines.slice(0, 220));
  assertEquals([again.artefact, again.version], [old.artefact, old.version]);
  const week = await naive(lines, "--horizon", "7"), eth = await naive(lines, "--symbol", "ETHUSD");
  const now = await naive(lines);
  assertEquals(new Set([old, week, eth, now].map(({ version }) => version)).size, 4);
  const model = (await modelNamed("persistence", "volatility")).make(1);
  for (const { artefact, version, symbol, horizon, tested_on } of [week, eth, now]) {
    assertEquals(
      (await loadTrained(models, { target: "volatility", symbol, horizon }, model)).version,
      version,
    );
    const kept = JSON.parse(await Deno.readTextFile(`${artefact}/metrics.json`));
    assertEquals([kept.version, kept.symbol, kept.horizon, kept.tested_on], [
      version,
      symbol,
      horizon,
      tested_on,
    ]);
    assertStringIncludes(
      await Deno.readTextFile(`${artefact}/card.md`),
      `forecasts, of ${tested_on.from} to`,
    );
  }
});

Deno.test("train and leaderboard say everywhere which days were forecast: the last of them is the last candle's", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(360)), models = `${work.folder}/models`;
  const args = ["train", "--model", "har", "--horizon", "3", "--ohlcv", file, "--models", models];
  const { tested_on: { from, to, rows }, artefact } = JSON.parse(
    (await work.run([...args, "--json"])).stdout,
  );
  assertEquals(to, "2020-12-25");
  const { stdout } = await work.run(args);
  for (const words of [`judged on ${rows} later days, ${from} to ${to}`, `later days (${from} to ${to})`]) {
    assertStringIncludes(stdout, words);
  }
  assertStringIncludes(
    await Deno.readTextFile(`${artefact}/card.md`),
    `${rows} forecasts, of ${from} to ${to}.`,
  );
  const walk = ["leaderboard", "--models", "har", "--horizon", "3", "--ohlcv", file, "--start", "2020-12-01"];
  const board = await work.run([...walk, "--cards", `${work.folder}/cards`]);
  const card = await Deno.readTextFile(`${work.folder}/cards/har.md`);
  for (const text of [board.stdout, card]) {
    assertStringIncludes(text, "22 forecasts of 2020-12-04 to 2020-12-25, ");
  }
});

Deno.test("train --tune tries settings on the days trained on: later candles change nothing in what it chooses", async () => {
  await using work = await Workplace.make();
  const lines = daily(260).trimEnd().split("\n");
  const tuned = async (csv: string) => {
    const file = await work.file("days.csv", `${csv}\n`);
    const args = ["train", "--model", "gbt", "--ohlcv", file, "--models", `${work.folder}/models`, "--tune"];
    const { code, stdout, stderr } = await work.run([...args, "--trials", "4", "--json"]);
    assertEquals(code, 0, stderr);
    const { settings, artefact, metrics } = JSON.parse(stdout);
    const learnt = await Deno.readTextFile(`${artefact}/model.json`);
    return { settings, learnt, metrics, said: stderr.split("\n").filter((line) => line.includes("tun")) };
  };
  const once = await tuned(lines.join("\n"));
  assertEquals(once.said.length, 6);
  assertStringIncludes(once.said[1]!, "tuning 1/4: defaults: ");
  // The same days, but for the volatility of the last 30, which lie in the test.
  const wilder = readCandleRows(lines.join("\n")).map((bar, i) =>
    i < lines.length - 1 - 30 ? bar : { ...bar, high: bar.high * 1.1, low: bar.low / 1.1 }
  );
  const other = await tuned(writeCandleRows(wilder));
  assertEquals([other.settings, other.learnt, other.said], [once.settings, once.learnt, once.said]);
  assert(other.metrics.mae !== once.metrics.mae);
});

Deno.test("train refuses what it cannot use in plain words", async () => {
  await using work = await Workplace.make();
  const file = await work.file("days.csv", daily(200)), few = await work.file("few.csv", daily(40));
  const table: [args: string[], code: number, message: string][] = [
    [[], 2, "required option '--model <name>'"],
    [["--model", "lstn"], 2, "did you mean lstm? Choose among persistence, seasonal_naive"],
    [
      ["--model", "har", "--target", "price"],
      2,
      "it forecasts volatility and realised_volatility only, choose among persistence, ",
    ],
    [
      ["--model", "har", "--target", "volume"],
      2,
      "Allowed choices are volatility, realised_volatility, price",
    ],
    [["--model", "har", "--epochs", "3"], 2, "Cannot use --epochs with har: it is for lstm"],
    [["--model", "har", "--resume"], 2, "Cannot use --resume with har"],
    [["--model", "har", "--tune"], 2, "Cannot tune har: it has no settings to try"],
    [["--model", "lstm", "--tune", "--resume"], 2, "Cannot combine --resume with --tune"],
    [["--model", "lstm", "--epochs", "0"], 2, "--epochs"],
    [["--model", "lstm", "--set", "lookBack=0"], 2, "Cannot set lookBack: 0 is not a whole number from 1"],
    [["--model", "lstm", "--set", "unit=9"], 2, "did you mean units?"],
    [["--model", "lstm", "--set", "units=many"], 2, '"many" is no number'],
    [["--model", "lstm", "--set", "lookBack=150"], 5, "more rows or a smaller look-back"],
    [["--model", "lstm", "--ahead", "3", "--horizon", "2"], 2, "Cannot combine --ahead with --horizon 2"],
    [["--model", "gbt", "--trials", "3"], 2, "Cannot use --trials without --tune"],
    [["--model", "gbt", "--trials", "3", "--tune", "grid"], 2, "Cannot use --trials with --tune grid"],
    [["--model", "gbt", "--tune=bogus"], 2, "Cannot use --tune bogus: choose random or grid"],
    [["--model", "har", "--horizon", "0"], 2, "--horizon"],
    [["--model", "har", "--ohlcv", few], 2, "Cannot train on 10 days"],
    [["--model", "har", "--ohlcv", `${file}x`], 4, "there is no such file"],
    [["--model", "har", "--lake", work.lake], 2, "give one of them"],
  ];
  for (const [args, code, message] of table) {
    const source = args.includes("--ohlcv") ? [] : ["--ohlcv", file];
    const result = await work.run(["train", ...args, ...source, "--models", `${work.folder}/models`]);
    assertEquals([args, result.code], [args, code], result.stderr);
    assertStringIncludes(result.stderr, message);
  }
});

Deno.test("loadTrained() refuses what is missing or damaged", async () => {
  await using work = await Workplace.make();
  const models = `${work.folder}/models`, har = (await modelNamed("har", "volatility")).make(1);
  const forecasts = { target: "volatility", symbol: "BTCUSD", horizon: 1 };
  await assertRejects(
    () => loadTrained(models, forecasts, har),
    ModelError,
    "there is none, run deno task train",
  );
  const file = await work.file("days.csv", daily(260));
  const { stdout } = await work.run([
    "train",
    "--model",
    "har",
    "--ohlcv",
    file,
    "--models",
    models,
    "--json",
  ]);
  const current = `${models}/har_volatility_BTCUSD_1d/metrics.json`, text = await Deno.readTextFile(current);
  for (const damaged of [text.slice(0, 99), "", "null", "{}"]) {
    await Deno.writeTextFile(current, damaged);
    await assertRejects(
      () => loadTrained(models, forecasts, har),
      ModelError,
      "it is cut or damaged, train again",
    );
  }
  await Deno.writeTextFile(current, text.replace('"symbol": "BTCUSD"', '"symbol": "ETHUSD"'));
  await assertRejects(() => loadTrained(models, forecasts, har), ModelError, "missing or damaged");
  await Deno.writeTextFile(current, text);
  await Deno.writeTextFile(`${JSON.parse(stdout).artefact}/model.json`, "{}");
  await assertRejects(
    () => loadTrained(models, forecasts, har),
    ModelError,
    "missing or damaged, train again",
  );
});

Deno.test("train makes a saved model anew whose files were damaged, and says so", async () => {
  await using work = await Workplace.make();
  const models = `${work.folder}/models`, file = await work.file("days.csv", daily(260));
  const forecasts = { target: "volatility", symbol: "BTCUSD", horizon: 1 };
  const har = (await modelNamed("har", "volatility")).make(1);
  const train = async () => {
    const args = ["train", "--model", "har", "--ohlcv", file, "--models", models, "--json"];
    const { stdout, stderr } = await work.run(args);
    return { folder: JSON.parse(stdout).artefact, stderr };
  };
  const { folder } = await train(), whole = await Deno.readTextFile(`${folder}/model.json`);
  const harms = [
    () => Deno.writeTextFile(`${folder}/model.json`, "x"),
    () => Deno.remove(`${folder}/model.json`),
    () => Deno.writeTextFile(`${folder}/.tmp-left`, "x"),
  ];
  for (const harm of harms) {
    await harm();
    assertStringIncludes(
      (await train()).stderr,
      "held other files than this training made: it was made anew",
    );
    assertEquals(await Deno.readTextFile(`${folder}/model.json`), whole);
    await loadTrained(models, forecasts, har);
  }
  assertEquals((await train()).stderr.includes("made anew"), false);
});
