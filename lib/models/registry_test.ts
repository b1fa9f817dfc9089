import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { LakeError, ModelError } from "../core/errors.ts";
import { syntheticPrices } from "../features/_test_prices.ts";
import { dailyFeatures } from "../features/daily_features.ts";
import { latestRow, trainingRows } from "../features/mod.ts";
import { compareWithPersistence } from "./evaluate.ts";
import { RandomForest } from "./random_forest.ts";
import { loadModel, saveModel } from "./registry.ts";
import { readManifest } from "./training_manifest.ts";

const { frame, proxy: { kind: proxy } } = dailyFeatures(syntheticPrices(300), {
  lastCompleteDay: "2020-10-26",
});
const rows = trainingRows(frame);
const compare = (seed = 1) =>
  compareWithPersistence(rows, {
    seed,
    proxy,
    latest: latestRow(frame),
    forest: { trees: 5, maxTrainRows: 150 },
  });
const comparison = compare();
const source = "demo";

/** Runs a test in a folder of its own. */
function inFolder(name: string, run: (dir: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await run(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

/** Every file beneath a folder: path and bytes in hexadecimal. */
async function contents(dir: string, at = ""): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const entry of Deno.readDir(`${dir}/${at}`)) {
    const path = `${at}${entry.name}`;
    if (entry.isDirectory) Object.assign(files, await contents(dir, `${path}/`));
    else files[path] = (await Deno.readFile(`${dir}/${path}`)).toHex();
  }
  return files;
}

inFolder("saveModel() writes a version's three files and makes it current", async (dir) => {
  const { version, written, metrics, message } = await saveModel(dir, { comparison, source });
  assert(written && message.includes(version));
  const files = await contents(`${dir}/volatility_model`);
  const names = ["metrics.json", "model.json", "training_manifest.jsonl.gz"].map((name) =>
    `${version}/${name}`
  );
  assertEquals(Object.keys(files).sort(), [...names, "metrics.json"].sort());
  assertEquals(files["metrics.json"], files[`${version}/metrics.json`]);
  assertEquals(JSON.parse(await Deno.readTextFile(`${dir}/volatility_model/metrics.json`)), metrics);
});

inFolder("saveModel() of the same version writes nothing and says so", async (dir) => {
  const first = await saveModel(dir, { comparison, source });
  const root = `${dir}/volatility_model`;
  const before = [await contents(root), (await Deno.stat(`${root}/metrics.json`)).mtime];
  const again = await saveModel(dir, { comparison: compare(), source });
  assertEquals([again.written, again.version], [false, first.version]);
  assert(again.message.includes("nothing written"));
  assertEquals([await contents(root), (await Deno.stat(`${root}/metrics.json`)).mtime], before);
});

inFolder("saveModel() gives the same bytes in another folder", async (dir) => {
  await saveModel(`${dir}/a`, { comparison, source });
  await saveModel(`${dir}/b`, { comparison: compare(), source });
  assertEquals(await contents(`${dir}/b`), await contents(`${dir}/a`));
});

inFolder("saveModel() keeps older versions and can go back to one", async (dir) => {
  const one = await saveModel(dir, { comparison, source });
  const two = await saveModel(dir, { comparison: compare(2), source });
  const other = await saveModel(dir, { comparison, source: "coingecko" });
  assertEquals(new Set([one.version, two.version, other.version]).size, 3);
  assertEquals((await loadModel(dir)).metrics.version, other.version);
  const back = await saveModel(dir, { comparison, source });
  assertEquals([back.written, (await loadModel(dir)).metrics.version], [false, one.version]);
  assert(back.message.includes("current again"));
});

inFolder("saveModel() by two writers at once saves one version", async (dir) => {
  const results = await Promise.all([1, 2, 3].map(() => saveModel(dir, { comparison, source })));
  assertEquals(results.filter((result) => result.written).length, 1);
  assertEquals(Object.keys(await contents(dir)).length, 4);
});

inFolder("saveModel() refuses a version whose folder was changed", async (dir) => {
  const { path } = await saveModel(dir, { comparison, source });
  await Deno.writeTextFile(`${path}/model.json`, "{}");
  await assertRejects(() => saveModel(dir, { comparison, source }), LakeError, "other contents");
  await Deno.remove(path, { recursive: true });
  await saveModel(dir, { comparison, source });
  await Deno.remove(`${path}/training_manifest.jsonl.gz`);
  await assertRejects(() => saveModel(dir, { comparison, source }), LakeError, "other contents");
});

inFolder("saveModel() leaves no wreckage when it can't write", async (dir) => {
  await Deno.writeTextFile(`${dir}/models`, "a file where a folder should be");
  await assertRejects(
    () => saveModel(`${dir}/models`, { comparison, source }),
    LakeError,
    "Cannot save model version",
  );
  assertEquals(Object.keys(await contents(dir)), ["models"]);
});

inFolder("loadModel() gives back the forecasts to the bit", async (dir) => {
  await saveModel(dir, { comparison, source });
  const { metrics, forecaster, forest } = await loadModel(dir);
  assertEquals(forest.predict(rows.x), comparison.forest.predict(rows.x));
  assertEquals(forecaster.name, metrics.champion === "forest" ? "random_forest" : "persistence");
  assertEquals(forecaster.predict([latestRow(frame)!.x])[0], metrics.forecast?.champion);
});

inFolder("loadModel() serves persistence where it is the champion", async (dir) => {
  await saveModel(dir, { comparison: { ...comparison, champion: "persistence" }, source });
  assertEquals((await loadModel(dir)).forecaster.name, "persistence");
});

inFolder("loadModel() refuses a damaged or missing model", async (dir) => {
  await assertRejects(() => loadModel(dir), ModelError, "there is none yet");
  const { path } = await saveModel(dir, { comparison, source });
  const model = await Deno.readTextFile(`${path}/model.json`);
  await Deno.writeTextFile(`${path}/model.json`, model.replace('"splitColumn":0', '"splitColumn":1'));
  await assertRejects(() => loadModel(dir), LakeError, "damaged");
  await Deno.remove(`${path}/model.json`);
  await assertRejects(() => loadModel(dir), LakeError, "damaged");
  await Deno.writeTextFile(`${dir}/volatility_model/metrics.json`, '{"version":"../../etc"}');
  await assertRejects(() => loadModel(dir), LakeError, "damaged");
  await Deno.writeTextFile(`${dir}/volatility_model/metrics.json`, '{"version":');
  await assertRejects(() => loadModel(dir), LakeError, "damaged");
});

inFolder("training_manifest.jsonl.gz alone is enough to train the same forest", async (dir) => {
  const { path } = await saveModel(dir, { comparison, source });
  const bytes = await Deno.readFile(`${path}/training_manifest.jsonl.gz`);
  assertEquals([...bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
  const { header, rows: lines } = readManifest(bytes);
  const training = lines.filter((line) => line.role === "train");
  const forest = new RandomForest({ ...header.settings.forest, seed: header.seed });
  forest.fit(training.map((line) => line.features), Float64Array.from(training, (line) => line.target));
  const model = JSON.parse(await Deno.readTextFile(`${path}/model.json`));
  assertEquals(JSON.stringify(forest), JSON.stringify(model.forest));
  assertEquals(lines.length, rows.days.length);
  assertNotEquals(lines.filter((line) => line.role === "left_out").length, 0);
});

Deno.test("readManifest() refuses damaged bytes", async () => {
  await assertRejects(() => Promise.try(() => readManifest(new Uint8Array([1, 2, 3]))), LakeError, "damaged");
});
