/** The ledger's units of hourly gold, and who makes them count as not done. */
import { utcDay } from "../../core/time.ts";
import { forgetRecord } from "../../lake/ledger.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { lookAgain } from "./whole_days.ts";

/** Unit that knows which days are whole. */
export const HOURS_UNIT = "materialize/market_hours";

/** The unit of an hour, by its start. */
export function hourUnit(start_ms: number): string {
  return `materialize/market_prices/${new Date(start_ms).toISOString().slice(0, 13)}`;
}

/** Makes the next materialization look at the day of a snapshot again. */
export async function noteSnapshot(store: ObjectStore, slot: Date): Promise<void> {
  await lookAgain(store, HOURS_UNIT, utcDay(slot));
}

/** The same for a snapshot whose object is about to be replaced: its hour counts as not done, whatever the new size. */
export async function noteReplacedSnapshot(store: ObjectStore, slot: Date): Promise<void> {
  const hour = new Date(slot);
  await forgetRecord(store, hourUnit(hour.setUTCMinutes(0, 0, 0)));
}
