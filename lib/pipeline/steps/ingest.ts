/** Sources into `raw/`: exact bytes, before anything is made of them. */
import { slotStart } from "../../core/time.ts";
import { countReasons } from "../../lake/dead_letters.ts";
import { rawMarketChartKey, rawMarketsKey } from "../../lake/keys.ts";
import type { RunContext, StepResult } from "../context.ts";
import { ingestCandleFile, type IngestedFile } from "./ingest_candles.ts";

/** Takes in what the run's source offers. */
export async function ingestStep(context: RunContext): Promise<StepResult> {
  switch (context.settings.source) {
    case "csv":
      return await ingestFiles(context);
    case "demo":
      return await (await import("./ingest_demo.ts")).ingestDemo(context);
    case "coingecko":
      return await ingestCoinGecko(context);
  }
}

async function ingestFiles(context: RunContext): Promise<StepResult> {
  const files: IngestedFile[] = [];
  for (const path of context.settings.ohlcv) {
    const file = await ingestCandleFile(context, path, { source: "csv" });
    files.push(file);
    if (file.rejects.length > 0) {
      context.effects.log.warn(
        `${path}: ${file.rejects.length} of ${file.rows + file.rejects.length} rows were refused ` +
          `(${countReasons(file.rejects)}), for example line ${file.rejects[0]!.line}: ${
            file.rejects[0]!.detail
          }; ` +
          `they are kept in dead_letters/ingest/`,
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

/** One page of 250 coins and a year of Bitcoin: two requests a slot, none if the slot is in the lake already. */
async function ingestCoinGecko(context: RunContext): Promise<StepResult> {
  const { coinGeckoSettings, fetchMarketChart, fetchMarkets } = await import("../../sources/coingecko.ts");
  const { store, effects } = context;
  const settings = coinGeckoSettings(context.settings.env);
  const slot = slotStart(context.startedAt);
  const wanted = [
    { key: rawMarketsKey("coingecko", slot), fetch: () => fetchMarkets(settings, effects) },
    { key: rawMarketChartKey("bitcoin", 365, slot), fetch: () => fetchMarketChart(settings, effects) },
  ];
  const kept: string[] = [];
  for (const { key, fetch } of wanted) {
    if (await store.head(key)) continue;
    const { body } = await fetch();
    await store.put(key, body);
    kept.push(`${body.length} bytes kept as ${key}`);
  }
  return {
    status: kept.length === 0 ? "skipped" : "ok",
    rows_in: null,
    rows_out: kept.length,
    detail: kept.join("; ") || `the slot ${slot.toISOString()} is in the lake already`,
  };
}
