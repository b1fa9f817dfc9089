/** Which of the lake's silver has to be made anew. */
import { OHLCV_DAILY } from "../../core/tables.ts";
import { isDone, readRecord } from "../../lake/ledger.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { PUBLISH_LIMITS } from "../../quality/mod.ts";
import type { CandleRecord } from "../../warehouse/candle_records.ts";
import { materializeSql, SILVER } from "../../warehouse/materialize.ts";
import { type Fill, type SilverUnit, silverUnits } from "../../warehouse/silver_units.ts";
import { type SilverNotes, silverNotes } from "./silver_records.ts";

/** `fail`: months that fail their checks are not published. `warn`: they are, with a warning. */
export type QualityMode = "warn" | "fail";

/** Raise this when the way from raw candles to silver changes elsewhere than in the SQL. */
const SILVER_VERSION = 1;

/** All units of a lake. */
export async function allSilver(
  records: readonly CandleRecord[],
  fills: readonly Fill[],
): Promise<SilverUnit[]> {
  const sql = await Promise.all([...SILVER, OHLCV_DAILY].map(materializeSql));
  return silverUnits(records, fills, [SILVER_VERSION, sql, PUBLISH_LIMITS]);
}

/** The units that are not done, or hold months aside that are to be published now. */
export async function dirtySilver(
  store: ObjectStore,
  units: readonly SilverUnit[],
  { quality }: { quality: QualityMode },
): Promise<SilverUnit[]> {
  const dirty: SilverUnit[] = [];
  for (const unit of units) {
    const record = await isDone(store, unit.unit, unit.fingerprint);
    const publish = quality === "warn" && record !== null && silverNotes(unit.unit, record).held.length > 0;
    if (record === null || publish) dirty.push(unit);
  }
  return dirty;
}

/** What the ledger says of each unit that was made before, by unit. */
export async function notesOfSilver(
  store: ObjectStore,
  units: readonly SilverUnit[],
): Promise<Map<string, SilverNotes>> {
  const notes = new Map<string, SilverNotes>();
  for (const { unit } of units) {
    const record = await readRecord(store, unit);
    if (record) notes.set(unit, silverNotes(unit, record));
  }
  return notes;
}
