/** Objects that commands on candles cannot read: which they are, and what to do. */
import { LakeError, SqlError } from "../core/errors.ts";
import { OHLCV_BARS, OHLCV_DAILY, OHLCV_HOURLY, OHLCV_MINUTE } from "../core/tables.ts";
import type { ObjectStore } from "../lake/store.ts";
import { damagedBehindTables } from "../warehouse/damaged_objects.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";

/** What holds candles, silver and gold. */
const TABLES = [OHLCV_MINUTE, OHLCV_BARS, OHLCV_HOURLY, OHLCV_DAILY];

/**
 * Lets a function read a lake's candles. Where the engine gives up over a damaged object, the object is named: a series
 * with a hole that nobody knows of would give a wrong answer, so here, other than in `query`, there is none.
 *
 * @throws {LakeError} that names the damaged objects.
 */
export async function namingDamage<T>(store: ObjectStore, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof SqlError)) throw cause;
    using engine = await openDuckDb();
    const damaged = await damagedBehindTables(cause, engine, store, TABLES);
    if (damaged.length === 0) throw cause;
    const others = damaged.length > 1 ? ` and ${damaged.length - 1} more` : "";
    throw new LakeError(
      `Cannot read "${damaged[0]}"${others}: damaged, move it aside with \`deno task doctor --quarantine ` +
        `--lake ${store.url}\` and run the pipeline again`,
      { cause },
    );
  }
}
