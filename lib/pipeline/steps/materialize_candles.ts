/** Candles into silver and gold: each symbol's year that has changed, checked before anybody sees it. */
import { OHLCV_DAILY, OHLCV_HOURLY, PROCESSED_PARTITIONED, type TableDefinition } from "../../core/tables.ts";
import { type Digest, digestFile } from "../../lake/digest.ts";
import { removeObject } from "../../lake/integrity.ts";
import { fingerprint, type LedgerRecord, readRecord, writeRecord } from "../../lake/ledger.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import { checkParts, type HeldPart, monthName } from "../../quality/mod.ts";
import { auditParts, type PartAudit } from "../../warehouse/audit_parts.ts";
import type { StagedSeries } from "../../warehouse/candle_stage.ts";
import type { DuckDb } from "../../warehouse/engine_duckdb.ts";
import {
  type BuiltPartition,
  MATERIALIZED,
  materializeTables,
  partitionKey,
  type PartitionWrite,
  SILVER,
  writeTables,
} from "../../warehouse/materialize.ts";
import { SILVER_UNITS, type SilverUnit } from "../../warehouse/silver_units.ts";
import { type RunContext, type StepResult, SYMBOL } from "../context.ts";
import { dailyPriceUnits, dirtyDailyPrices, registerSamples } from "../silver/daily_price_units.ts";
import { notesOfSilver } from "../silver/dirty_silver.ts";
import {
  addPublished,
  type HeldPartition,
  heldPartitions,
  holdAside,
  quarantineKey,
  releaseHeld,
} from "../silver/hold_aside.ts";
import { noteReplaced } from "../silver/replaced.ts";
import { auditMark, type SilverNotes } from "../silver/silver_records.ts";

/** What the materialized tables are made from, and what of them is visible. */
export async function materializeFingerprint(context: RunContext): Promise<string> {
  const units = await context.silverUnits();
  return fingerprint([
    units.map(({ unit, fingerprint }) => [unit, fingerprint]),
    [...await notesOfSilver(context.store, units)].map((
      [unit, { held, let_through }],
    ) => [unit, held, let_through]),
    (await dailyPriceUnits(context)).map(({ unit, fingerprint }) => [unit, fingerprint]),
  ]);
}

/** Builds what has changed, holds back the months that fail their checks, and writes the partitions. */
export async function materializeCandles(context: RunContext): Promise<StepResult> {
  const { store } = context;
  const dirty = await context.dirtySilver();
  const silverYears = dirty.filter(({ symbol }) => symbol === SYMBOL).map(({ year }) => year);
  const prices = await dirtyDailyPrices(context, new Set(silverYears));
  if (dirty.length === 0 && prices.length === 0) return await skipped(context);

  const engine = await context.engine();
  const series = await context.sealedSeries();
  const before = await recordsOf(context, dirty);
  const { held, let_through, parts } = await audit(context, engine, dirty);
  const heldSilver = heldPartitions(held);
  await holdAside(engine, held, { store, run_id: context.runId });
  await registerSamples(context, engine, prices.map(({ year }) => year));

  const published = new Map(
    [...before.values()].flatMap(({ outputs }) => outputs.map(({ key, sha256 }) => [key, sha256])),
  );
  const replacement = { store, run_id: context.runId, replaced_at: context.startedAt };
  let replaced = 0;
  const digests = new Map<string, Digest>();
  const onBuilt = async ({ table, key, path }: BuiltPartition, session: DuckDb) => {
    const digest = await digestFile(path);
    digests.set(key, digest);
    const old = published.get(key);
    if (old === undefined || !isSilver(table)) return;
    const after = { path, sha256: digest.sha256 };
    const made_of = dirty.find((unit) => belongsTo(key, unit))!.fingerprint;
    const rows = await noteReplaced(session, { table, key, before: old, after, made_of }, replacement);
    replaced += rows;
  };
  const written: PartitionWrite[] = [];
  await materializeTables(engine, {
    onTable: async (table, session, helper) => {
      if (table === OHLCV_HOURLY) await dropHeldHours(session, heldSilver);
      const { kind } = context;
      written.push(...await writeTables(session, [table], { store, kind, helper, onBuilt }));
    },
    onSilver: async (session) => {
      const untouched = prices.filter(({ year }) => !silverYears.includes(year));
      await addPublished(session, [...heldSilver, ...await silverOf(context, untouched)], store);
    },
  });

  const counts: string[] = [];
  let rowsOut = 0;
  for (const table of MATERIALIZED) {
    const { rows } = await engine.read(`SELECT count(*) FROM ${table.database}.${table.name}`);
    rowsOut += Number(rows[0]![0]);
    counts.push(`${table.name} ${rows[0]![0]}`);
  }
  const outputs: ObjectHash[] = [];
  for (const unit of dirty) {
    const kept = heldSilver.filter(({ key, symbol }) => published.has(key) && symbol === unit.symbol)
      .map(({ key }) => key);
    const keys = [...written.map(({ key }) => key), ...kept].filter((key) => belongsTo(key, unit));
    for (const { key, sha256 } of before.get(unit.unit)?.outputs ?? []) {
      if (keys.includes(key)) continue;
      const table = MATERIALIZED.find(({ prefix }) => key.startsWith(prefix))!;
      if (isSilver(table)) {
        const gone = { table, key, before: sha256, after: null, made_of: unit.fingerprint };
        replaced += await noteReplaced(engine, gone, replacement);
      }
      await removeObject(store, key, context.effects.now());
    }
    const mine = ({ part }: HeldPart) => part.symbol === unit.symbol && part.year === unit.year;
    await releaseHeld(store, unit, held.filter(mine));
    const notes: SilverNotes = {
      held: held.filter(mine).map(({ part, findings }) => ({
        timeframe: part.timeframe,
        month: monthName(part),
        key: quarantineKey(part),
        findings,
      })),
      let_through: let_through.filter(mine).flatMap(({ findings }) => findings),
      let_through_as: Object.fromEntries(
        let_through.filter(mine).map(({ part }) => [partName(part), auditMark(part)]),
      ),
      levels: levelsOf(parts.filter((part) => mine({ part, findings: [] })), held),
      settled: settledOf(series, unit),
    };
    const record = await writeRecord(store, unit.unit, {
      fingerprint: unit.fingerprint,
      outputs: [...new Set(keys)].sort(),
      digests,
      notes: { ...notes },
    });
    outputs.push(...record.outputs);
  }
  const dirtyYears = new Set(prices.map(({ year }) => year));
  for (const unit of await dailyPriceUnits(context)) {
    if (!dirtyYears.has(unit.year)) continue;
    const key = partitionKey(PROCESSED_PARTITIONED, { year: unit.year });
    const made = written.some((write) => write.key === key);
    if (!made) await removeObject(store, key, context.effects.now());
    const { outputs: mine } = await writeRecord(store, unit.unit, {
      fingerprint: unit.fingerprint,
      outputs: made ? [key] : [],
      digests,
      notes: {},
    });
    outputs.push(...mine);
  }
  await context.forgetSilver();
  context.held = await countHeld(context);

  const unchanged = written.filter(({ result }) => result === "unchanged").length;
  const records = await context.candleRecords();
  const read = new Set(dirty.flatMap(({ files }) => files.map(({ sha256 }) => sha256)));
  return {
    status: held.length + let_through.length > 0 ? "warn" : "ok",
    rows_in: series.reduce((sum, { rows }) => sum + rows, 0),
    rows_out: rowsOut,
    detail: [
      `${counts.join(", ")} rows`,
      `${written.length - unchanged} partitions written, ${unchanged} unchanged`,
      ...replaced > 0 ? [`${replaced} published rows replaced, kept in lakebook.replaced`] : [],
      ...held.length > 0
        ? [`${held.length} months failed their checks and stay aside in quarantine/${heldHours(heldSilver)}`]
        : [],
      ...let_through.length > 0
        ? [`${let_through.length} months failed their checks and were published`]
        : [],
    ].join("; "),
    inputs: records.filter(({ sha256 }) => read.has(sha256))
      .map(({ key, size, sha256 }) => ({ key, size, sha256 })),
    outputs,
  };
}

function heldHours(held: readonly HeldPartition[]): string {
  const months = held.filter(({ table }) => table === OHLCV_HOURLY).length;
  return months > 0 ? `, with them the hours of ${months} months` : "";
}

async function countHeld(context: RunContext): Promise<number> {
  const notes = await notesOfSilver(context.store, await context.silverUnits());
  return [...notes.values()].reduce((sum, { held }) => sum + held.length, 0);
}

async function skipped(context: RunContext): Promise<StepResult> {
  context.held = await countHeld(context);
  let partitions = 0;
  for (const record of (await recordsOf(context, await context.silverUnits())).values()) {
    partitions += record.outputs.length;
  }
  for (const { unit } of await dailyPriceUnits(context)) {
    partitions += (await readRecord(context.store, unit))?.outputs.length ?? 0;
  }
  return {
    status: "skipped",
    rows_in: null,
    rows_out: null,
    detail: `same input as before, all ${partitions} partitions are in place`,
  };
}

async function recordsOf(
  context: RunContext,
  units: readonly SilverUnit[],
): Promise<Map<string, LedgerRecord>> {
  const records = new Map<string, LedgerRecord>();
  for (const { unit } of units) {
    const record = await readRecord(context.store, unit);
    if (record) records.set(unit, record);
  }
  return records;
}

interface Verdict {
  parts: PartAudit[];
  held: HeldPart[];
  /** Failing months that are published all the same. */
  let_through: HeldPart[];
}

async function audit(context: RunContext, engine: DuckDb, dirty: readonly SilverUnit[]): Promise<Verdict> {
  const parts = await auditParts(engine);
  const levels = new Map<string, number>();
  const notes = await notesOfSilver(context.store, await context.silverUnits());
  for (const { unit, symbol } of await context.silverUnits()) {
    if (dirty.some((other) => other.unit === unit)) continue;
    for (const [name, level] of Object.entries(notes.get(unit)?.levels ?? {})) {
      levels.set(`${symbol} ${name}`, level);
    }
  }
  const { publish } = await context.qualityConfig();
  const verdict: Verdict = { parts, held: [], let_through: [] };
  for (const month of checkParts(parts, { levels, limits: publish })) {
    const { part, findings } = month;
    const decided = notes.get(`${SILVER_UNITS}${part.symbol}/${part.year}`)?.let_through_as[partName(part)];
    const stands = decided === auditMark(part);
    const warn = context.settings.quality === "warn";
    (warn || stands ? verdict.let_through : verdict.held).push(month);
    const fate = warn
      ? "the month is published because of --quality warn"
      : stands
      ? "the month was published by an earlier --quality warn and has not changed since"
      : "these bars are not published, what was published of the month before stays";
    for (const { check, detail } of findings) context.effects.log.warn(`${check}: ${detail}; ${fate}`);
  }
  return verdict;
}

/** A month of one length of bars, within a symbol: `1m 2024-05`. */
function partName(part: PartAudit): string {
  return `${part.timeframe} ${monthName(part)}`;
}

function isSilver(table: TableDefinition): boolean {
  return (SILVER as readonly TableDefinition[]).includes(table);
}

/** Hours of held months: they lack the held bars. */
async function dropHeldHours(session: DuckDb, held: readonly HeldPartition[]): Promise<void> {
  for (const { table, symbol, key } of held) {
    if (table !== OHLCV_HOURLY) continue;
    const [, year, month] = /year=(\d+)\/month=(\d+)/.exec(key)!;
    await session.run(
      `DELETE FROM ${table.database}.${table.name}
        WHERE symbol = '${symbol}' AND year = ${Number(year)} AND month = ${Number(month)}`,
    );
  }
}

/** Bitcoin's published silver of some years. */
async function silverOf(
  context: RunContext,
  years: readonly { year: number }[],
): Promise<{ table: TableDefinition; key: string }[]> {
  const found: { table: TableDefinition; key: string }[] = [];
  for (const { year } of years) {
    const record = await readRecord(context.store, `${SILVER_UNITS}${SYMBOL}/${year}`);
    for (const { key } of record?.outputs ?? []) {
      const table = SILVER.find(({ prefix }) => key.startsWith(prefix));
      if (table) found.push({ table, key });
    }
  }
  return found;
}

/** Whether a partition is one of the unit's. */
function belongsTo(key: string, { symbol, year }: SilverUnit): boolean {
  const tables = [...SILVER, OHLCV_DAILY];
  return tables.some(({ prefix }) => key.startsWith(`${prefix}symbol=${symbol}/`)) &&
    key.includes(`/year=${year}/`);
}

function levelsOf(parts: readonly PartAudit[], held: readonly HeldPart[]): Record<string, number> {
  const aside = new Set(held.map(({ part }) => part));
  const seen = parts.filter((part) => !aside.has(part));
  return Object.fromEntries(seen.map((part) => [partName(part), part.level]));
}

function settledOf(series: readonly StagedSeries[], { symbol, year }: SilverUnit): SilverNotes["settled"] {
  return series.filter((one) => one.symbol === symbol).flatMap(({ source, timeframe, settled }) => {
    const counts = settled.get(year);
    return counts ? [{ source, timeframe, ...counts }] : [];
  });
}
