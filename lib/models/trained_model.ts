/** A model that was trained once and judged on later days, in the `models` folder. */
import { createHash } from "node:crypto";
import { LakeError, ModelError } from "../core/errors.ts";
import type { ModelFiles } from "./model_files.ts";
import { placeFolder, readFolder, readIfThere, replaceFile } from "./registry_files.ts";
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
  /** First half of the SHA-256 of the saved files: the folder's name. */
  version: string;
  symbol: string;
  seed: number;
  /** Settings other than the model's defaults. */
  settings: Readonly<Record<string, number>>;
  trained_on: { from: string; to: string; rows: number };
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

/** The folder of a model's versions: `models/lstm_price`. */
export function trainedFolder(dir: string, { model, target }: { model: string; target: string }): string {
  return `${dir}/${model}_${target}`;
}

/** The version of what was learnt. */
export function versionOf(files: ModelFiles): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(files).sort()) hash.update(name).update(files[name]!);
  return hash.digest("hex").slice(0, 16);
}

/**
 * Saves what was learnt with metrics and card under `<dir>/<model>_<target>/<version>/`, in one rename, and makes the
 * version current.
 *
 * @returns the version's folder, and whether it is new.
 * @throws {LakeError} if a file cannot be written.
 */
export async function saveTrained(
  dir: string,
  { files, metrics, card }: { files: ModelFiles; metrics: TrainedMetrics; card: string },
): Promise<{ path: string; written: boolean }> {
  const root = trainedFolder(dir, metrics), path = `${root}/${metrics.version}`;
  const text = new TextEncoder();
  const described = text.encode(`${JSON.stringify(metrics, null, 2)}\n`);
  try {
    const written = await placeFolder(root, path, {
      ...files,
      [CURRENT]: described,
      "card.md": text.encode(card),
    });
    await replaceFile(`${root}/${CURRENT}`, described);
    return { path, written };
  } catch (cause) {
    throw new LakeError(
      `Cannot save "${path}": ${(cause as Error).message}, see that the folder can be written`,
      {
        cause,
      },
    );
  }
}

/**
 * Makes a model what it was when it was saved.
 *
 * @param model a new one of the same name, columns and target: see `modelNamed`.
 * @throws {ModelError} where none was saved, its files are damaged, or it is another model.
 */
export async function loadTrained(
  dir: string,
  target: string,
  model: SeriesModel,
): Promise<TrainedMetrics> {
  const root = trainedFolder(dir, { model: model.name, target });
  const text = await readIfThere(`${root}/${CURRENT}`);
  if (text === null) {
    throw new ModelError(
      `Cannot load "${model.name}" for ${target} from "${dir}": there is none, run deno task train --model ${model.name} ` +
        `--target ${target}`,
    );
  }
  const metrics: TrainedMetrics = JSON.parse(new TextDecoder().decode(text));
  const { [CURRENT]: _, "card.md": __, ...files } = await readFolder(`${root}/${metrics.version}`);
  if (versionOf(files) !== metrics.version) {
    throw new ModelError(
      `Cannot load "${root}/${metrics.version}": a file is missing or damaged, train again`,
    );
  }
  model.load(files);
  return metrics;
}
