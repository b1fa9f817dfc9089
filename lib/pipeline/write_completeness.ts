/** The completeness ledger as tables of the lake, so that it follows each run. */
import { COMPLETENESS, GAPS } from "../core/tables.ts";
import { fingerprint, isDone, readRecords, writeRecord } from "../lake/ledger.ts";
import { LineFile } from "../lake/line_file.ts";
import type { GapReason } from "../quality/completeness.ts";
import { type DuckDb, openDuckDb, quote } from "../warehouse/engine_duckdb.ts";
import { writeTables } from "../warehouse/materialize.ts";
import type { RunContext } from "./context.ts";
import { notYetDue } from "./gaps_output.ts";
import { type LakeFacts, readLakeFacts } from "./lake_facts.ts";
import { type SeenBars, type StreamLedger, streamLedgers } from "./stream_ledgers.ts";

const UNIT = "quality/completeness";

/** Raise this when the judgement or its words change, so that ledgers are made anew. */
const LEDGER_VERSION = 2;

/**
 * Writes `lakebook.gaps` and `lakebook.completeness`, unless all that they follow from is as it was.
 *
 * @param seen Bars of this run's lake that are walked over meanwhile; the others are read.
 */
export async function writeCompleteness(
  context: RunContext,
  seen: Promise<SeenBars> = Promise.resolve(new Map()),
): Promise<void> {
  const { store, startedAt: now } = context;
  const facts = await readLakeFacts(store);
  const inputs = await ledgerFingerprint(context, facts);
  if (await isDone(store, UNIT, inputs)) return;
  const scratch = await store.scratch();
  using engine = await openDuckDb({ memoryLimit: "256MB", spillFolder: `${scratch}/spill-completeness` });
  await engine.run(
    "CREATE TABLE stage.gaps (from_ms DOUBLE, until_ms DOUBLE, missing DOUBLE, reason DOUBLE)",
  );
  const staged = new StagedLedgers(engine, scratch);
  try {
    for await (const ledger of streamLedgers(engine, store, { facts, query: { now }, seen })) {
      await staged.add(ledger);
    }
    await staged.seal();
  } finally {
    await staged.remove();
  }
  const { kind } = context;
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
  // The clock matters only as long as a bar is not over yet: a day ends later than the last of its minutes.
  const latest = Math.max(0, ...backfills.map((asked) => asked.until_ms - 1), ...files.map((f) => f.to_ms));
  const clock = (step_ms: number) =>
    Math.min(Math.floor(startedAt.getTime() / step_ms), Math.floor(latest / step_ms) + 1);
  return fingerprint([
    LEDGER_VERSION,
    made,
    streams.map(({ symbol, timeframe, step_ms, keys }) => [symbol, timeframe, clock(step_ms), keys]),
    files,
    backfills,
    fills,
    refused.map(({ letter, rows }) => [letter, rows.length]),
    [...partitions.aside],
    [...raw],
  ]);
}

/** Ledgers on their way into tables: gaps as columns of numbers, and the reasons that many of them share once. */
class StagedLedgers {
  readonly #engine: DuckDb;
  readonly #reasons: LineFile;
  readonly #days: LineFile;
  #count = 0;

  constructor(engine: DuckDb, scratch: string) {
    this.#engine = engine;
    this.#reasons = new LineFile(`${scratch}/reasons.csv`);
    this.#days = new LineFile(`${scratch}/days.csv`);
  }

  async add(ledger: StreamLedger): Promise<void> {
    const { gaps, step_ms } = ledger;
    const { reasons, reason } = gaps.reasons();
    const { from_ms, missing } = gaps;
    await this.#addGaps(ledger, reasons, {
      from_ms,
      until_ms: from_ms.map((from, i) => from + missing[i]! * step_ms),
      missing,
      reason,
    });
    const later = notYetDue(ledger);
    if (later) {
      await this.#addGaps(ledger, [later], {
        from_ms: Float64Array.of(later.from_ms),
        until_ms: Float64Array.of(later.until_ms),
        missing: Float64Array.of(later.missing),
        reason: Float64Array.of(0),
      });
    }
    for (const { day_ms, ...day } of ledger.days()) {
      const { expected, present, filled, absent } = day;
      this.#days.write(
        `${ledger.symbol},${ledger.timeframe},${day_ms},${expected},${present},${filled},${absent}\n`,
      );
    }
  }

  async #addGaps(
    { symbol, timeframe }: StreamLedger,
    reasons: readonly GapReason[],
    gaps: Record<"from_ms" | "until_ms" | "missing" | "reason", Float64Array>,
  ): Promise<void> {
    const first = this.#count;
    for (const { cause, evidence } of reasons) {
      const sentence = evidence.replaceAll('"', '""');
      this.#reasons.write(`${this.#count++},${symbol},${timeframe},${cause},"${sentence}"\n`);
    }
    await this.#engine.appendColumns("stage.gaps", {
      ...gaps,
      reason: gaps.reason.map((reason) => first + reason),
    });
  }

  /** Makes `lakebook.gaps`, a view, and `lakebook.completeness` of all that was added. */
  async seal(): Promise<void> {
    this.#reasons.close();
    this.#days.close();
    const csv = ({ path }: LineFile, columns: string) =>
      `read_csv(${quote(path)}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
        columns = {${columns}})`;
    const stream = "symbol: 'VARCHAR', timeframe: 'VARCHAR'";
    await this.#engine.run(
      `CREATE TABLE stage.reasons AS
        FROM ${csv(this.#reasons, `reason: 'DOUBLE', ${stream}, cause: 'VARCHAR', evidence: 'VARCHAR'`)};
       CREATE VIEW lakebook.gaps AS
        SELECT make_timestamp(from_ms::BIGINT * 1000) AS gap_from, make_timestamp(until_ms::BIGINT * 1000) AS gap_to,
          missing::BIGINT AS missing, cause, evidence, symbol, timeframe
        FROM stage.gaps JOIN stage.reasons USING (reason);
       CREATE TABLE lakebook.completeness AS
        SELECT CAST(make_timestamp(day_ms * 1000) AS DATE) AS day, expected, present, filled, absent, symbol, timeframe
        FROM ${
        csv(
          this.#days,
          `${stream}, day_ms: 'BIGINT', expected: 'INTEGER', present: 'INTEGER', filled: 'INTEGER', absent: 'INTEGER'`,
        )
      }`,
    );
  }

  async remove(): Promise<void> {
    await this.#reasons.remove();
    await this.#days.remove();
  }
}
