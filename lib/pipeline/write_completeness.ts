/** The completeness ledger as tables of the lake, so that it follows each run. */
import { COMPLETENESS, GAPS } from "../core/tables.ts";
import { fingerprint, isDone, readRecords, writeRecord } from "../lake/ledger.ts";
import { LineFile } from "../lake/line_file.ts";
import { type DuckDb, openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { writeTables } from "../warehouse/materialize.ts";
import type { RunContext } from "./context.ts";
import { allGaps } from "./gaps_output.ts";
import { type LakeFacts, readLakeFacts } from "./lake_facts.ts";
import { type StreamLedger, streamLedgers } from "./stream_ledgers.ts";

const UNIT = "quality/completeness";

/** Raise this when the judgement or its words change, so that ledgers are made anew. */
const LEDGER_VERSION = 1;

/** Writes `lakebook.gaps` and `lakebook.completeness`, unless all that they follow from is as it was. */
export async function writeCompleteness(context: RunContext): Promise<void> {
  const { store, startedAt: now } = context;
  const facts = await readLakeFacts(store);
  const inputs = await ledgerFingerprint(context, facts);
  if (await isDone(store, UNIT, inputs)) return;
  const scratch = await store.scratch();
  using engine = await openDuckDb({ memoryLimit: "256MB", spillFolder: `${scratch}/spill-completeness` });
  const gaps = new LineFile(`${scratch}/gaps.csv`), days = new LineFile(`${scratch}/days.csv`);
  try {
    for await (const ledger of streamLedgers(engine, store, { facts, query: { now } })) {
      writeLines(ledger, { gaps, days });
    }
    gaps.close();
    days.close();
    await readLines(engine, { gaps: gaps.path, days: days.path });
  } finally {
    await gaps.remove();
    await days.remove();
  }
  const kind = context.settings.source === "demo" ? "demo" : "live";
  const outputs = (await writeTables(engine, [GAPS, COMPLETENESS], { store, kind })).map(({ key }) => key);
  await writeRecord(store, UNIT, { fingerprint: inputs, outputs, notes: {} });
  for (const { prefix } of [GAPS, COMPLETENESS]) {
    for (const { key } of await store.list(prefix)) if (!outputs.includes(key)) await store.delete(key);
  }
}

async function ledgerFingerprint({ store, startedAt }: RunContext, facts: LakeFacts): Promise<string> {
  const made = [...await readRecords(store, "materialize/")].map(([unit, record]) => [
    unit,
    record.fingerprint,
  ]);
  const { files, backfills, fills, refused, partitions, raw, streams } = facts;
  // The clock matters only as long as something is not over yet.
  const latest = Math.max(0, ...backfills.map(({ until_ms }) => until_ms), ...files.map((f) => f.to_ms ?? 0));
  const clock = Math.min(startedAt.getTime(), latest);
  return fingerprint([
    LEDGER_VERSION,
    clock,
    made,
    streams.map(({ symbol, timeframe, keys }) => [symbol, timeframe, keys]),
    files,
    backfills,
    fills,
    refused.map(({ letter, rows }) => [letter, rows.length]),
    [...partitions.aside],
    [...raw],
  ]);
}

const CELL = /[",\n]/;

function writeLines(ledger: StreamLedger, { gaps, days }: { gaps: LineFile; days: LineFile }): void {
  const { symbol, timeframe } = ledger;
  for (const { from_ms, until_ms, missing, cause, evidence } of allGaps(ledger)) {
    const text = CELL.test(evidence) ? `"${evidence.replaceAll('"', '""')}"` : evidence;
    gaps.write(`${symbol},${timeframe},${from_ms},${until_ms},${missing},${cause},${text}\n`);
  }
  for (const { day_ms, expected, present, filled, absent } of ledger.days()) {
    days.write(`${symbol},${timeframe},${day_ms},${expected},${present},${filled},${absent}\n`);
  }
}

async function readLines(engine: DuckDb, paths: { gaps: string; days: string }): Promise<void> {
  const csv = (path: string, columns: string) =>
    `read_csv(${quote(path)}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
      columns = {symbol: 'VARCHAR', timeframe: 'VARCHAR', ${columns}})`;
  await engine.run(
    `CREATE TABLE lakebook.gaps AS
      SELECT make_timestamp(from_ms * 1000) AS gap_from, make_timestamp(until_ms * 1000) AS gap_to,
        missing, cause, evidence, symbol, timeframe
      FROM ${
      csv(
        paths.gaps,
        `from_ms: 'BIGINT', until_ms: 'BIGINT', missing: 'BIGINT', cause: 'VARCHAR', evidence: 'VARCHAR'`,
      )
    };
     CREATE TABLE lakebook.completeness AS
      SELECT CAST(make_timestamp(day_ms * 1000) AS DATE) AS day, expected, present, filled, absent, symbol, timeframe
      FROM ${
      csv(
        paths.days,
        `day_ms: 'BIGINT', expected: 'INTEGER', present: 'INTEGER', filled: 'INTEGER', absent: 'INTEGER'`,
      )
    }`,
  );
}
