/** Sources into `raw/`: exact bytes, before anything is made of them. */
import { countReasons } from "../../lake/dead_letters.ts";
import { SourceError } from "../../core/errors.ts";
import { coinGeckoSettings } from "../../sources/coingecko_settings.ts";
import type { RunContext, StepResult } from "../context.ts";
import { collect, type Collection, marketChartQuestion, marketsQuestion } from "../ingest/collect.ts";
import type { UnitReport } from "../ingest/settle.ts";
import { ingestCandleFile, type IngestedFile } from "./ingest_candles.ts";

/** Seconds for one question with its retries and waits. */
const BUDGET_S = 60;

/** Takes in what the run's source offers. */
export async function ingestStep(context: RunContext): Promise<StepResult> {
  switch (context.settings.source) {
    case "csv":
      return await ingestFiles(context);
    case "demo":
      return await (await import("./ingest_demo.ts")).ingestDemo(context);
    case "coingecko":
      return await ingestCoinGecko(context);
    case "exchange":
      return await (await import("./ingest_exchange.ts")).ingestExchange(context);
  }
}

async function ingestFiles(context: RunContext): Promise<StepResult> {
  const files: IngestedFile[] = [];
  const { ohlcv, temporary = false } = context.settings;
  for (const path of ohlcv) {
    const file = await ingestCandleFile(context, path, { source: "csv" });
    files.push(file);
    if (file.rejects.length > 0) {
      const { line, detail } = file.rejects[0]!;
      context.effects.log.warn(
        `${path}: ${file.rejects.length} of ${file.rows + file.rejects.length} rows were ` +
          `${temporary ? "left out" : "refused"} (${
            countReasons(file.rejects)
          }), for example line ${line}: ${detail}` +
          (temporary ? "" : "; they are kept in dead_letters/ingest/"),
      );
    }
  }
  const fresh = files.filter(({ known }) => !known);
  const refused = fresh.reduce((sum, { rejects }) => sum + rejects.length, 0);
  const rows = fresh.reduce((sum, file) => sum + file.rows, 0);
  return {
    status: fresh.length === 0 ? "skipped" : refused > 0 ? "warn" : "ok",
    rows_in: rows + refused,
    rows_out: rows,
    detail: files.map(({ key, known, rows, rejects }) =>
      known
        ? `${key} is in the lake already`
        : `${rows} rows kept as ${key}${
          rejects.length ? `, ${rejects.length} refused (${countReasons(rejects)})` : ""
        }`
    ).join("; "),
  };
}

/** One page of 250 coins a slot and a year of Bitcoin a day: what the lake has already is not asked for. */
async function ingestCoinGecko(context: RunContext): Promise<StepResult> {
  const { openCoinGecko } = await import("../../sources/coingecko.ts");
  const { store, effects, startedAt, runId } = context;
  const collection: Collection = {
    store,
    client: openCoinGecko(coinGeckoSettings(context.settings.env), effects),
    effects,
    run_id: runId,
    command: "pipeline",
    budget_s: BUDGET_S,
    only: context.settings.only,
  };
  const units: UnitReport[] = [];
  for (const question of [marketsQuestion(startedAt), marketChartQuestion(startedAt)]) {
    units.push(await collect(question, collection));
  }
  const failed = units.filter(({ status }) => status === "failed");
  // With nothing new there is nothing to go on with; one of two is a partial success, and its letter waits.
  if (failed.length > 0 && !units.some(({ status }) => status === "ok" || status === "warn")) {
    throw new SourceError(failed[0]!.detail, { retryable: true });
  }
  const skipped = units.every(({ status }) => status === "skipped");
  return {
    status: skipped ? "skipped" : failed.length > 0 ? "warn" : "ok",
    rows_in: skipped ? null : sum(units.map(({ rows_in }) => rows_in)),
    rows_out: skipped ? null : sum(units.map(({ rows_out }) => rows_out)),
    detail: units.map(({ unit, detail }) => `${unit}: ${detail}`).join("; "),
    requests: sum(units.map(({ requests }) => requests)),
  };
}

function sum(numbers: readonly (number | null)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}
