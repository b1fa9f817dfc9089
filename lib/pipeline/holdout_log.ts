/** The record of looks at holdouts: one JSON line each. */
import { UsageError } from "../core/errors.ts";
import { assertWritable, makeFolder, writeOutput } from "./output_file.ts";

/** A look. */
export interface HoldoutLook {
  /** ISO 8601. */
  looked_at: string;
  symbol: string;
  target: string;
  horizon: number;
  /** First and last day of the holdout. */
  from: string;
  to: string;
  /** SHA-256 of the daily candles. */
  candles: string;
  champion: string;
  best_baseline: string;
  /** Mean absolute errors, by model. */
  mae: Record<string, number>;
}

/** Where looks are recorded if no other file is named. */
export const HOLDOUT_LOG = "data/holdouts.ndjson";

/**
 * Refuses a second look at days that were looked at before: whoever chooses a model after a look has fitted it to them.
 *
 * @throws {UsageError} which says when they were looked at.
 */
export async function assertUnseen(
  file: string,
  { symbol, target, from, to }: Pick<HoldoutLook, "symbol" | "target" | "from" | "to">,
): Promise<void> {
  const before = (await looksOf(file)).find((look) =>
    look.symbol === symbol && look.target === target && look.from <= to && from <= look.to
  );
  if (before === undefined) return;
  throw new UsageError(
    `Cannot score the holdout from ${from} to ${to}: ${before.from} to ${before.to} was looked at on ` +
      `${before.looked_at} (${file}), and what is chosen after a look is fitted to it; keep newer days apart, or add ` +
      "--again for another look, which is recorded too",
  );
}

/**
 * Finds out whether looks can be recorded, before one is taken; makes the file's folder.
 *
 * @throws {UsageError} where they cannot.
 */
export async function assertRecordable(file: string): Promise<void> {
  await makeFolder(file.replace(/[^/]*$/, "") || ".");
  await assertWritable(file);
}

/**
 * Adds a look.
 *
 * @throws {LakeError} where it cannot be written.
 */
export async function recordLook(file: string, look: HoldoutLook): Promise<void> {
  await writeOutput(file, `${JSON.stringify(look)}\n`, { append: true });
}

async function looksOf(file: string): Promise<HoldoutLook[]> {
  const text = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  return text.split("\n").filter((line) => line !== "").map((line, i) => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new UsageError(`Cannot read "${file}": line ${i + 1} is no JSON, mend or move the file`, {
        cause,
      });
    }
  });
}
