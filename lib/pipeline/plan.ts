/** `pipeline --dry-run`: what a run would do, without writing anything. */
import { createHash } from "node:crypto";
import { rawCandlesKey } from "../lake/keys.ts";
import { kindOfSource } from "../lake/open_lake.ts";
import { readRecords } from "../lake/ledger.ts";
import type { ObjectStore } from "../lake/store.ts";
import { inspectCandles } from "../sources/candles_csv.ts";
import { CANDLE_RECORDS, candleRecord } from "../warehouse/candle_records.ts";
import { modelsOf, type RunSettings, SYMBOL } from "./context.ts";

/** What `pipeline --dry-run --json` prints. */
export interface RunPlan {
  source: string;
  lake: string;
  /** `statements` are those that Athena would get. */
  steps: { name: string; detail: string; statements?: string[] }[];
}

const WOULD: Readonly<Record<string, string>> = {
  process: "would turn what is new in raw/ into typed rows",
  materialize:
    "would build ohlcv_hourly, ohlcv_daily, processed_partitioned and analytics_prices, and write the partitions that change",
  quality: "would check input and tables, and write a report to quality_reports/",
  features: "would build the feature frame in memory",
  train: "would train the random forest, compare it with persistence, and save it under",
  dashboard: "would write dashboard/index.html",
};

const BUILD = "ohlcv_hourly, ohlcv_daily and processed_partitioned";

/** Plans a run. Candle files are looked at, so a missing or foreign file fails here as it would in the run. */
export async function planRun(
  { store, steps, settings, startedAt }: {
    store: ObjectStore;
    steps: readonly string[];
    settings: RunSettings;
    startedAt: Date;
  },
): Promise<RunPlan> {
  const planned: RunPlan["steps"] = [];
  for (const name of steps) {
    if (name === "materialize" && settings.engine === "athena") {
      const { plannedInserts } = await import("./steps/plan_inserts.ts");
      const { detail, statements } = await plannedInserts({ store, startedAt, settings });
      planned.push({ name, detail: `would build ${BUILD}; ${detail}`, statements });
      continue;
    }
    const detail = name === "ingest"
      ? await planIngest(store, settings)
      : name === "train"
      ? `${WOULD[name]} ${settings.models ?? modelsOf(settings.kind ?? kindOfSource(settings.source))}/`
      : WOULD[name]!;
    planned.push({ name, detail });
  }
  return { source: settings.source, lake: store.url, steps: planned };
}

async function planIngest(store: ObjectStore, settings: RunSettings): Promise<string> {
  if (settings.source === "coingecko") {
    return "would fetch /coins/markets and Bitcoin's /market_chart, and keep both";
  }
  if (settings.source === "demo") return "would simulate candles and one market snapshot";
  const known = new Set(
    [...(await readRecords(store, CANDLE_RECORDS)).values()].map((r) => candleRecord(r).sha256),
  );
  const files: string[] = [];
  for (const path of settings.ohlcv) {
    const { name, timeframe, columns } = await inspectCandles(path);
    const hash = createHash("sha256");
    using file = await Deno.open(path);
    for await (const chunk of file.readable) hash.update(chunk);
    const key = rawCandlesKey({ symbol: settings.symbol ?? SYMBOL, source: "csv", timeframe, file: name });
    files.push(
      known.has(hash.digest("hex"))
        ? `${name} is in the lake already`
        : `would keep ${name} (${timeframe} candles, columns ${columns.join(",")}) as ${key}`,
    );
  }
  return files.join("; ");
}
