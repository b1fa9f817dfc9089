import { createHash } from "node:crypto";
import { LakeError, ModelError } from "../core/errors.ts";
import { FEATURE_NAMES, TARGET_NAME } from "../features/mod.ts";
import type { Comparison } from "./evaluate.ts";
import type { Forecaster } from "./forecaster.ts";
import type { ModelFiles } from "./model_files.ts";
import { persistence } from "./persistence.ts";
import { RandomForest } from "./random_forest.ts";
import { placeFolder, readIfThere, replaceFile } from "./registry_files.ts";
import { gunzipText, gzipText, manifestText } from "./training_manifest.ts";

const MODEL_NAME = "volatility_model";
const VERSION = /^[0-9a-f]{16}$/;

/** What `metrics.json` holds. No wall-clock time: the same data and settings give the same bytes. */
export interface SavedMetrics
  extends Omit<Comparison, "test_predictions" | "forest" | "rows" | "latest" | "split"> {
  model: "random_forest";
  /** The label's column name. */
  target: string;
  /** Hash of data, settings and code version; the folder's name. */
  version: string;
  /** Where the prices come from. */
  source: string;
  /** SHA-256 of the saved files, hexadecimal; the manifest's is of its text, before gzip. */
  sha256: { "model.json": string; "training_manifest.jsonl": string };
}

/** What {@linkcode saveModel} did. */
export interface SaveResult {
  version: string;
  /** The version's folder. */
  path: string;
  /** Whether the version was new; `false` means that it was there already and was left alone. */
  written: boolean;
  /** One sentence for a person. */
  message: string;
  metrics: SavedMetrics;
}

/** A model ready to forecast. */
export interface LoadedModel {
  metrics: SavedMetrics;
  /** The champion: the forest, or persistence where the forest did not beat it. */
  forecaster: Forecaster;
  /** The forest, champion or not. */
  forest: RandomForest;
}

/**
 * Saves a trained model under `<dir>/volatility_model/<version>/` (`model.json`, `metrics.json`,
 * `training_manifest.jsonl.gz`) and makes it current by copying its metrics to `<dir>/volatility_model/metrics.json`.
 * Both happen in one rename each, after fsync: a reader sees the old state or the new one. The version is a hash of
 * the training manifest, so the same data, settings and code version are saved once.
 *
 * @param dir the `models` folder; made if it is missing.
 * @throws {LakeError} if a file can't be written, or the version is there with other contents.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compareWithPersistence } from "./evaluate.ts";
 * const days = Array.from({ length: 130 }, (_, i) => new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10));
 * const y = Float64Array.from(days, (_, i) => 0.02 + 0.01 * Math.sin(i));
 * const rows = { days, x: [...y].map((vol) => new Array(10).fill(vol)), y, persistence: y };
 * const comparison = compareWithPersistence(rows, { seed: 1, proxy: "parkinson_range", forest: { trees: 2 } });
 * const dir = await Deno.makeTempDir();
 * const first = await saveModel(dir, { comparison, source: "demo" });
 * const again = await saveModel(dir, { comparison, source: "demo" });
 * assertEquals([first.written, again.written], [true, false]);
 * assertEquals((await loadModel(dir)).metrics.version, first.version);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export async function saveModel(
  dir: string,
  { comparison, source }: { comparison: Comparison; source: string },
): Promise<SaveResult> {
  const manifest = manifestText(comparison, source);
  const version = sha256(manifest).slice(0, 16);
  const model = `${JSON.stringify({ features: FEATURE_NAMES, forest: comparison.forest })}\n`;
  const metrics = metricsOf(comparison, source, version, {
    "model.json": sha256(model),
    "training_manifest.jsonl": sha256(manifest),
  });
  const metricsText = `${JSON.stringify(metrics, null, 2)}\n`;
  const root = `${dir}/${MODEL_NAME}`;
  const path = `${root}/${version}`;
  const files = { "model.json": model, "metrics.json": metricsText, "training_manifest.jsonl.gz": manifest };
  try {
    await Deno.mkdir(root, { recursive: true });
    const written = !await isSaved(path, files) &&
      await placeFolder(root, path, bytesOf(files));
    if (!written && !await isSaved(path, files)) throw differs(path);
    const current = `${root}/metrics.json`;
    const wasCurrent = await textIfThere(current) === metricsText;
    if (!wasCurrent) await replaceFile(current, new TextEncoder().encode(metricsText));
    return { version, path, written, message: saveMessage(version, written, wasCurrent), metrics };
  } catch (cause) {
    if (cause instanceof LakeError) throw cause;
    throw new LakeError(`Cannot save model version "${version}" in "${dir}": ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Loads the current model of a `models` folder, after checking that `model.json` has the SHA-256 that its metrics
 * recorded.
 *
 * @throws {ModelError} if there is no model, or it was trained on other features.
 * @throws {LakeError} if a file is damaged.
 *
 * @example See {@linkcode saveModel}.
 */
export async function loadModel(dir: string): Promise<LoadedModel> {
  const current = `${dir}/${MODEL_NAME}/metrics.json`;
  const text = await textIfThere(current);
  if (text === null) {
    throw new ModelError(`Cannot load a model from "${dir}": there is none yet, run deno task train`);
  }
  const metrics = parseJson(current, text) as SavedMetrics;
  if (!VERSION.test(metrics?.version ?? "")) throw damaged(current);
  const path = `${dir}/${MODEL_NAME}/${metrics.version}/model.json`;
  const modelText = await textIfThere(path);
  if (modelText === null || sha256(modelText) !== metrics.sha256?.["model.json"]) throw damaged(path);
  const model = parseJson(path, modelText) as {
    features: string[];
    forest: Parameters<typeof RandomForest.load>[0];
  };
  if (model.features.join() !== FEATURE_NAMES.join()) {
    throw new ModelError(`Cannot use model "${metrics.version}": its features are not today's, train again`);
  }
  const forest = RandomForest.load(model.forest);
  return { metrics, forest, forecaster: metrics.champion === "forest" ? forest : persistence() };
}

function metricsOf(
  comparison: Comparison,
  source: string,
  version: string,
  hashes: SavedMetrics["sha256"],
): SavedMetrics {
  return {
    model: "random_forest",
    target: TARGET_NAME,
    volatility_proxy: comparison.volatility_proxy,
    horizon_days: comparison.horizon_days,
    version,
    source,
    trained_on: comparison.trained_on,
    tested_on: comparison.tested_on,
    metrics: comparison.metrics,
    mae_ratio: comparison.mae_ratio,
    champion: comparison.champion,
    verdict: comparison.verdict,
    forecast: comparison.forecast,
    seed: comparison.seed,
    settings: comparison.settings,
    sha256: hashes,
  };
}

function saveMessage(version: string, written: boolean, wasCurrent: boolean): string {
  if (written) return `Model version ${version} is saved and current.`;
  return wasCurrent
    ? `Model version ${version} was saved already: same data, same settings; nothing written.`
    : `Model version ${version} was saved already and is current again.`;
}

/** Whether the version's folder is there, with these very contents. */
async function isSaved(path: string, files: Record<string, string>): Promise<boolean> {
  const found = await Promise.all(Object.keys(files).map((name) => textIfThere(`${path}/${name}`)));
  if (found.every((text) => text === null)) return false;
  if (Object.values(files).some((text, index) => text !== found[index])) throw differs(path);
  return true;
}

/** Texts as the bytes of files; those whose name ends in `.gz` are packed. */
function bytesOf(files: Record<string, string>): ModelFiles {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name,
      name.endsWith(".gz") ? gzipText(text) : new TextEncoder().encode(text),
    ]),
  );
}

/** The text of a file, unpacked if its name ends in `.gz`; `null` if there is no such file. */
async function textIfThere(path: string): Promise<string | null> {
  const bytes = await readIfThere(path);
  return bytes && (path.endsWith(".gz") ? gunzipText(bytes) : new TextDecoder().decode(bytes));
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause?: unknown): LakeError {
  return new LakeError(`Cannot load "${path}": it is missing or damaged, train the model again`, { cause });
}

function differs(path: string): LakeError {
  return new LakeError(
    `Cannot save model "${path}": the version is there with other contents, delete that folder and train again`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
