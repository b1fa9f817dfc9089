/** Candle files of other layouts than the lake's own: their candles go into a file of our own layout. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ContractMode } from "../../core/contract.ts";
import { QualityError } from "../../core/errors.ts";
import type { Reject } from "../../core/rows.ts";
import { digestFile } from "../../lake/digest.ts";
import { originalCandlesKey } from "../../lake/keys.ts";
import { explainWriteError } from "../../lake/store_local.ts";
import { requireMarket } from "../../sources/candle_contract.ts";
import {
  type CandleBatch,
  type CandlePreview,
  previewCandles,
  readCandleFile,
} from "../../sources/candle_layout_file.ts";
import { CANDLE_COLUMNS, inspectCandles, rejectList } from "../../sources/candles_csv.ts";
import { latestCandleMs, type RunContext } from "../context.ts";

/** What a person says about a file's layout. */
export interface LayoutChoice {
  layout?: string | undefined;
  timezone?: string | undefined;
}

/** A file of another layout, as one of the lake's own. */
export interface ConvertedCandles {
  /** A file in the scratch folder, `time,open,close,high,low,volume`. */
  path: string;
  /** Key of the exact original, and the copy of it that is to be put there. */
  original: string;
  copy: string;
  preview: CandlePreview;
  /** Rows of the original that are no candles. */
  rejects: Reject[];
}

/**
 * Converts a file in the scratch folder, or gives null where it has the lake's own layout already and is read as it is.
 * Only `backfill` guesses layouts; elsewhere a file has the lake's own.
 *
 * @throws {QualityError} where no layout fits, or the file is about another market.
 */
export async function convertCandles(
  context: RunContext,
  path: string,
  { choice, symbol, columns }: { choice: LayoutChoice | undefined; symbol: string; columns: ContractMode },
): Promise<ConvertedCandles | null> {
  if (choice === undefined) return null;
  const options = {
    ...choice,
    latestMs: latestCandleMs(context.startedAt),
    columns,
  };
  const preview = await foreignLayout(path, options);
  if (preview === null) return null;
  requireMarket(path, preview.symbol ?? "", symbol);
  const { store } = context;
  const scratch = await store.scratch();
  const name = path.slice(path.lastIndexOf("/") + 1);
  const copy = `${scratch}/original-${name}`;
  const converted = `${scratch}/${name.replace(/\.(csv|txt|zip|gz)(\.gz)?$/i, "")}.csv.gz`;
  try {
    await Deno.copyFile(path, copy);
  } catch (error) {
    throw explainWriteError(copy, error);
  }
  // The copy is read, so that what is kept and what is converted are the same bytes.
  const rejects = await writeCandles(converted, readCandleFile(copy, { ...options, layout: preview.layout }));
  const original = originalCandlesKey({
    layout: preview.layout,
    sha256: (await digestFile(copy)).sha256,
    file: name,
  });
  return { path: converted, original, copy, preview, rejects };
}

/**
 * What a file is, if it is not of the lake's own layout to the letter: with semicolons, say, or an empty line before its
 * header, it is converted like any other. An error of that layout stands where no other fits.
 */
async function foreignLayout(
  path: string,
  options: LayoutChoice & { latestMs: number },
): Promise<CandlePreview | null> {
  if (options.layout === undefined && options.timezone === undefined && !/\.zip$/i.test(path)) {
    try {
      await inspectCandles(path);
      return null;
    } catch (error) {
      if (!(error instanceof QualityError)) throw error;
      const other = await previewCandles(path, options).catch(() => null);
      if (other === null) throw error;
      return other;
    }
  }
  const preview = await previewCandles(path, options);
  return preview.layout === "lakebook" && preview.packing !== "zip" ? null : preview;
}

async function writeCandles(path: string, batches: AsyncIterable<CandleBatch>): Promise<Reject[]> {
  const { rejects, add } = rejectList(path);
  let unread: unknown = null;
  const lines = async function* () {
    yield `${CANDLE_COLUMNS.join(",")}\n`;
    try {
      for await (const batch of batches) {
        batch.rejects.forEach(add);
        yield batch.candles.map(({ time, open, close, high, low, volume }) =>
          `${time},${open},${close},${high},${low},${volume}\n`
        ).join("");
      }
    } catch (error) {
      unread = error;
      throw error;
    }
  };
  try {
    await pipeline(lines, createGzip({ level: 3 }), createWriteStream(path));
  } catch (error) {
    throw unread ?? explainWriteError(path, error);
  }
  return rejects;
}
