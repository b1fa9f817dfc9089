/**
 * The job that is timed against Python Polars (`candles_polars.py`): a minute file into hourly and daily candles and
 * daily prices, one Parquet file a partition. The pipeline's own code, without its copy in `raw/` and its ledger.
 *
 * Arguments: FILE OUT. Prints the process's peak memory in KiB.
 */
import process from "node:process";
import { LocalStore } from "../lake/store_local.ts";
import { inspectCandles } from "../sources/candles_csv.ts";
import { CandleStage } from "../warehouse/candle_stage.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { materializeTables, writeTables } from "../warehouse/materialize.ts";
import { registerNothing } from "../warehouse/catalog.ts";
import { PRICE_SAMPLES } from "../core/tables.ts";

async function job(path: string, out: string): Promise<void> {
  const store = new LocalStore(out);
  await using _lock = await store.lock("bench");
  const file = await inspectCandles(path);
  const scratch = await store.scratch();
  const engine = openDuckDb({ spillFolder: `${scratch}/spill` });
  const stage = new CandleStage(engine, { scratch, latestMs: Date.now() });
  await stage.load(file, { symbol: "BTCUSD", source: "csv" });
  await stage.seal();
  await registerNothing(await engine, PRICE_SAMPLES);
  await materializeTables(await engine, {
    onTable: async (table, session, helper) =>
      void await writeTables(session, [table], { store, kind: "live", helper }),
  });
  await store.close();
  console.log(process.resourceUsage().maxRSS);
}

const [path, out] = Deno.args;
if (!path || !out) throw new TypeError("Cannot run: give FILE and OUT");
await job(path, out);
// As the command line does: what is committed is committed, nothing waits for the engine's clean-up.
Deno.exit();
