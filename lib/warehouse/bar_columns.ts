/** Bars of a table as columns, for whoever walks over them. */
import type { BarColumns } from "../core/rows.ts";
import type { DuckDb } from "./engine_duckdb.ts";

/**
 * Reads a relation with the six columns of candles, `time` in epoch milliseconds, a few thousand rows at a time in the
 * relation's own order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openDuckDb } from "./engine_duckdb.ts";
 * using engine = await openDuckDb();
 * await engine.run(`CREATE TABLE bars AS
 *   SELECT i * 60000 AS time, 1.5 AS open, 2.5 AS close, 3.5 AS high, 0.5 AS low, NULL AS volume FROM range(2) AS t (i)`);
 * const [bars] = await Array.fromAsync(readBars(engine, "bars"));
 * assertEquals([bars!.time, bars!.volume], [Float64Array.of(0, 60_000), Float64Array.of(NaN, NaN)]);
 * ```
 */
export async function* readBars(engine: DuckDb, relation: string): AsyncGenerator<BarColumns> {
  const chunks = engine.columns(`SELECT time, open, close, high, low, volume FROM ${relation}`);
  for await (const [time, open, close, high, low, volume] of chunks) {
    yield { time: time!, open: open!, close: close!, high: high!, low: low!, volume: volume! };
  }
}
