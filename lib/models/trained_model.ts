/** A model that was trained once and judged on later days, in the `models` folder. */
import { createHash } from "node:crypto";
import { LakeError, ModelError } from "../core/errors.ts";
import type { ModelFiles } from "./model_files.ts";
import { placeFolder, readFolder, readIfThere, removeFolder, replaceFile } from "./registry_files.ts";
import type { SeriesModel } from "./series_model.ts";

/** Errors on the later days, in the target's unit. */
export interface ForecastErrors {
  mae: number;
  rmse: number;
  /** Share of their variance explained. */
  r2: number;
  /** `mae` over the naive forecast's on the days trained on; null where that made no error. */
  mase: number | null;
}

/** What is known of a trained model. No clock: the same data, settings and seed give the same bytes. */
export interface TrainedMetrics {
  model: string;
  target: string;
  horizon: number;
  /** First half of the SHA-256 of the saved files and of all that is said here: the folder's name. */
  version: string;
  symbol: string;
  seed: number;
  /** Settings other than the model's defaults. */
  settings: Readonly<Record<string, number>>;
  /** The days at whose end what was learnt from is known. */
  trained_on: { from: string; to: string; rows: number };
  /** The days that were forecast, the targets'. */
  tested_on: { from: string; to: string; rows: number };
  metrics: ForecastErrors & {
    /** `mae` over the naive forecast's on the very same days; below 1 the model is better. */
    mae_ratio: number;
  };
  /** The naive forecast on the same days. */
  naive: ForecastErrors & { model: string };
  /** One or two sentences for a person. */
  verdict: string;
  /** SHA-256 of the daily candles as they went in. */
  data_sha256: string;
}

const CURRENT = "metrics.json";

/** What is forecast by whom: versions of one replace each other, others lie beside it. */
export type Forecasts = Pick<TrainedMetrics, "model" | "target" | "symbol" | "horizon">;

/**
 * The folder of a model's versions.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const forecasts = { model: "lstm", target: "price", symbol: "BTC/USD", horizon: 7 };
 * assertEquals(trainedFolder("models", forecasts), "models/lstm_price_BTC%2FUSD_7d");
 * ```
 */
export function trainedFolder(dir: string, { model, target, symbol, horizon }: Forecasts): string {
  return `${dir}/${model}_${target}_${encodeURIComponent(symbol)}_${horizon}d`;
}

/** The version of one training: of what was learnt, and of what, with which settings and to what effect. */
export function versionOf(files: ModelFiles, described: Omit<TrainedMetrics, "version">): string {
  const hash = createHash("sha256").update(JSON.stringify(described));
  for (const name of Object.keys(files).sort()) hash.update(name).update(files[name]!);
  return hash.digest("hex").slice(0, 16);
}

/**
 * Saves what was learnt with metrics and card under `<version>/` in the {@linkcode trainedFolder}, in one rename, and makes
 * the version current. A folder of that name which holds anything else is damaged, and is made anew.
 *
 * @returns the version's folder, whether it is new, and whether it was damaged.
 * @throws {LakeError} if a file cannot be written.
 */
export async function saveTrained(
  dir: string,
  { files, metrics, card }: { files: ModelFiles; metrics: TrainedMetrics; card: string },
): Promise<{ path: string; written: boolean; mended: boolean }> {
  const root = trainedFolder(dir, metrics), path = `${root}/${metrics.version}`;
  const text = new TextEncoder();
  const described = text.encode(`${JSON.stringify(metrics, null, 2)}\n`);
  try {
    const all = { ...files, [CURRENT]: described, "card.md": text.encode(card) };
    const written = await placeFolder(root, path, all);
    const mended = !written && !await holds(path, all);
    if (mended) {
      await removeFolder(path);
      await placeFolder(root, path, all);
    }
    await replaceFile(`${root}/${CURRENT}`, described);
    return { path, written, mended };
  } catch (cause) {
    throw new LakeError(
      `Cannot save "${path}": ${(cause as Error).message}, see that the folder can be written`,
      {
        cause,
      },
    );
  }
}

/** Whether a folder holds these very files, and no others. */
async function holds(path: string, files: ModelFiles): Promise<boolean> {
  const found = await readFolder(path), names = Object.keys(files);
  return Object.keys(found).length === names.length &&
    names.every((name) => found[name] !== undefined && sha256(found[name]) === sha256(files[name]!));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Makes a model what it was when it was saved.
 *
 * @param model a new one of the same name, columns and target: see `modelNamed`.
 * @throws {ModelError} where none was saved, its files are damaged, or it is another model.
 */
export async function loadTrained(
  dir: string,
  forecasts: Omit<Forecasts, "model">,
  model: SeriesModel,
): Promise<TrainedMetrics> {
  const { target, symbol, horizon } = forecasts;
  const root = trainedFolder(dir, { ...forecasts, model: model.name });
  const text = await readIfThere(`${root}/${CURRENT}`);
  if (text === null) {
    throw new ModelError(
      `Cannot load "${model.name}" for ${target} of ${symbol}, ${horizon} days ahead, from "${dir}": there is none, ` +
        `run deno task train --model ${model.name} --target ${target} --symbol ${symbol} --horizon ${horizon}`,
    );
  }
  const metrics = readMetrics(text, `${root}/${CURRENT}`), { version, ...described } = metrics;
  const { [CURRENT]: _, "card.md": __, ...files } = await readFolder(`${root}/${version}`);
  if (versionOf(files, described) !== version) {
    throw new ModelError(
      `Cannot load "${root}/${version}": a file is missing or damaged, train again`,
    );
  }
  model.load(files);
  return metrics;
}

function readMetrics(text: Uint8Array, path: string): TrainedMetrics {
  const refuse = (cause?: unknown) =>
    new ModelError(`Cannot load "${path}": it is cut or damaged, train again`, { cause });
  let metrics;
  try {
    metrics = JSON.parse(new TextDecoder().decode(text));
  } catch (cause) {
    throw refuse(cause);
  }
  if (typeof metrics?.version !== "string") throw refuse();
  return metrics;
}
