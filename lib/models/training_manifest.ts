import { gunzipSync, gzipSync } from "node:zlib";
import { LakeError } from "../core/errors.ts";
import { FEATURE_NAMES, type LatestRow, TARGET_NAME } from "../features/mod.ts";
import type { Comparison } from "./evaluate.ts";

/** Raise it when training code changes what the same data and settings give: it is part of a model's version. */
export const MODEL_CODE_VERSION = 4;

/** First line of a manifest: everything but the rows. */
export interface ManifestHeader {
  code_version: number;
  target: string;
  features: readonly string[];
  volatility_proxy: string;
  horizon_days: number;
  source: string;
  seed: number;
  settings: Comparison["settings"];
  /** The row that the forecast was made from. */
  latest: LatestRow | null;
}

/** Every further line: one usable day. */
export interface ManifestRow {
  /** The day whose end the features are known at. */
  day: string;
  /** `left_out` (older than `maxTrainRows`), `train`, `embargo` or `test`. */
  role: "left_out" | "train" | "embargo" | "test";
  /** The next day's volatility. */
  target: number;
  /** In the order of the header's `features`. */
  features: number[];
}

/**
 * The text of a training manifest: JSON lines, a {@linkcode ManifestHeader} and then one {@linkcode ManifestRow} a
 * usable day. It holds the numbers themselves, so it alone is enough to train the same model again.
 *
 * @example See {@linkcode readManifest}.
 */
export function manifestText(comparison: Comparison, source: string): string {
  const { rows, split, trained_on: { rows_left_out: leftOut } } = comparison;
  const header: ManifestHeader = {
    code_version: MODEL_CODE_VERSION,
    target: TARGET_NAME,
    features: FEATURE_NAMES,
    volatility_proxy: comparison.volatility_proxy,
    horizon_days: comparison.horizon_days,
    source,
    seed: comparison.seed,
    settings: comparison.settings,
    latest: comparison.latest,
  };
  const lines = rows.days.map((day, row): ManifestRow => ({
    day,
    role: row < leftOut
      ? "left_out"
      : row < split.train.until
      ? "train"
      : row < split.test.from
      ? "embargo"
      : "test",
    target: rows.y[row]!,
    features: rows.x[row]!,
  }));
  return [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/**
 * Gzip whose bytes depend on the text alone: no file name, time 0, operating system "unknown" (RFC 1952).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(gzipText("same")[9], 255);
 * assertEquals(gzipText("same"), gzipText("same"));
 * ```
 */
export function gzipText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(gzipSync(text, { level: 9 }));
  bytes.fill(0, 4, 8);
  bytes[9] = 255;
  return bytes;
}

/**
 * The text that {@linkcode gzipText} packed.
 *
 * @throws {LakeError} if the bytes are damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(gunzipText(gzipText("same")), "same");
 * ```
 */
export function gunzipText(bytes: Uint8Array): string {
  try {
    return gunzipSync(bytes).toString("utf8");
  } catch (cause) {
    throw new LakeError("Cannot read the training manifest: it is damaged, train the model again", { cause });
  }
}

/**
 * Reads a gzipped manifest back.
 *
 * @throws {LakeError} if it is damaged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { header, rows } = readManifest(gzipText('{"seed":1}\n{"day":"2026-01-01","role":"train"}\n'));
 * assertEquals([header.seed, rows[0]!.role], [1, "train"]);
 * ```
 */
export function readManifest(bytes: Uint8Array): { header: ManifestHeader; rows: ManifestRow[] } {
  const [header, ...rows] = gunzipText(bytes).trimEnd().split("\n").map((line) => JSON.parse(line));
  return { header, rows };
}
