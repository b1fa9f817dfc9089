/** Rows of raw files that should be in a table and are not. */
import { type GapEvidence, STRENGTH } from "../core/gaps.ts";
import type { ObjectStore } from "../lake/store.ts";
import { type BarStream, startsSql } from "./bar_streams.ts";
import type { CandleRecord } from "./candle_records.ts";
import { readCandlesSql } from "./insert_candles.ts";
import type { DuckDb } from "./engine_duckdb.ts";
import { daysOfEarlier, sourceSpans } from "./silver_units.ts";

/**
 * Compares raw files with a stream. Only those are read that have more rows than the stream has bars in their time;
 * `barsWithin` knows that number. A day of a table belongs to the source that came first and whose history spans it,
 * so what another source has of that day is not missing: it could be filled in.
 */
export async function unreadBars(
  engine: DuckDb,
  store: ObjectStore,
  { stream, records, there, barsWithin }: {
    stream: BarStream;
    /** Raw files of bars of the stream's own length, those that are gone included. */
    records: readonly CandleRecord[];
    /** Keys of the raw files that are there. */
    there: ReadonlySet<string>;
    barsWithin: (from_ms: number, until_ms: number) => number;
  },
): Promise<GapEvidence[]> {
  const { step_ms } = stream;
  const spans = sourceSpans(records.toSorted((a, b) => a.arrival - b.arrival));
  const suspects = records.filter(({ key, from_ms, to_ms, rows }) =>
    there.has(key) && from_ms !== undefined && to_ms !== undefined && rows > barsWithin(from_ms, to_ms + 1)
  );
  const evidence: GapEvidence[] = [];
  for (const { key, columns, source, from_ms, to_ms, rows: count } of suspects) {
    if (barsWithin(from_ms!, to_ms! + 1) === 0) {
      evidence.push(unread({ from_ms: from_ms!, until_ms: to_ms! + step_ms, count, key, stream }));
      continue;
    }
    const raw = readCandlesSql(await store.localPath(key), columns, { header: true, skipBadLines: true });
    const taken = daysOfEarlier(spans, { source, timeframe: stream.timeframe }).map(([from, until]) =>
      `AND NOT (t >= ${from} AND t < ${until})`
    );
    await engine.run(
      `CREATE OR REPLACE TEMP TABLE stream_bars AS ${
        stream.keys.length === 0
          ? "SELECT 0::BIGINT AS t WHERE false"
          : `SELECT t - t % ${step_ms} AS t FROM (${await startsSql(store, stream)})`
      }`,
    );
    const { rows } = await engine.read(`
      WITH raw AS (SELECT DISTINCT time - time % ${step_ms} AS t FROM (${raw}) WHERE time > 0),
      lost AS (SELECT t FROM raw WHERE t NOT IN (SELECT t FROM stream_bars) ${taken.join(" ")})
      SELECT min(t)::DOUBLE, max(t)::DOUBLE + ${step_ms}, count(*)::INTEGER
      FROM (SELECT t, t - row_number() OVER (ORDER BY t) * ${step_ms} AS run FROM lost)
      GROUP BY run ORDER BY run`);
    for (const [from_ms, until_ms, count] of rows as number[][]) {
      evidence.push(unread({ from_ms: from_ms!, until_ms: until_ms!, count: count!, key, stream }));
    }
  }
  return evidence;
}

function unread(
  { from_ms, until_ms, count, key, stream }: {
    from_ms: number;
    until_ms: number;
    count: number;
    key: string;
    stream: BarStream;
  },
): GapEvidence {
  return {
    from_ms,
    until_ms,
    cause: "our_failure",
    strength: STRENGTH.unread,
    evidence:
      `${count} ${count === 1 ? "bar lies" : "bars lie"} in ${key} and not in ${stream.table.name}: ` +
      `deno task pipeline`,
  };
}
