/** The daily conversion: a day's tick files into one object of sorted ticks, one an instant. */
import { csvParse } from "d3-dsv";
import type { Effects } from "../../core/effects.ts";
import type { Reject } from "../../core/rows.ts";
import { STREAM_TICKS } from "../../core/tables.ts";
import { utcDay } from "../../core/time.ts";
import { removeLetter } from "../../lake/dead_letters.ts";
import { removeObject } from "../../lake/integrity.ts";
import { priceTicksKey } from "../../lake/keys.ts";
import { fingerprint, isDone, readRecord, readRecords, writeRecord } from "../../lake/ledger.ts";
import { encodeNdjson } from "../../lake/ndjson.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectInfo, ObjectStore } from "../../lake/store.ts";
import { SYMBOL } from "../context.ts";
import { doneBefore, keepRejects, type Part } from "./process_part.ts";
import type { PriceSample } from "./process_charts.ts";
import { markWhole, objectsSince, wholeUntil } from "./whole_days.ts";

/** Unit of the days that are through; each day has one of its own beneath it. */
export const TICKS_UNIT = "process/ticks";

/** Raise this when the conversion changes, so that days are converted anew. */
const TICKS_VERSION = 1;

/**
 * Converts each day whose files changed since its conversion, or whose converted object is gone. Days that are still
 * growing are converted as far as they are.
 */
export async function processTicks(
  store: ObjectStore,
  effects: Pick<Effects, "log" | "now">,
): Promise<Part | null> {
  const since = await wholeUntil(store, TICKS_UNIT);
  const files = await objectsSince(store, STREAM_TICKS.prefix, { since, now: effects.now() });
  const days = Map.groupBy(files, ({ key }) => dayOf(key));
  const outputs: ObjectHash[] = [];
  let converted = 0, rows_in = 0, rows_out = 0;
  for (const [day, objects] of days) {
    const inputs = fingerprint([TICKS_VERSION, objects]);
    const unit = `${TICKS_UNIT}/${day}`;
    if (await isDone(store, unit, inputs)) continue;
    const { ticks, rejects, read } = await readTicks(store, objects, day);
    const letter = `ticks-${day}`;
    if (rejects.length === 0) await removeLetter(store, { step: "process", unit: letter });
    else await keepRejects(store, effects, { unit: letter, origin: folderOf(day), rejects });
    const key = priceTicksKey(SYMBOL, day);
    if (ticks.length > 0) await store.put(key, encodeNdjson(ticks));
    else await removeObject(store, key, effects.now());
    await noteConversion(store, { day, unit, inputs });
    const record = await writeRecord(store, unit, {
      fingerprint: inputs,
      outputs: ticks.length > 0 ? [key] : [],
      notes: { ticks: ticks.length },
    });
    outputs.push(...record.outputs);
    converted += 1;
    rows_in += read;
    rows_out += ticks.length;
  }
  await markWhole(store, TICKS_UNIT, [...days.keys()], effects.now());
  if (files.length === 0 && since === null) return null;
  if (converted === 0) return doneBefore("no new ticks");
  return { done: false, rows_in, rows_out, detail: `${rows_out} ticks of ${converted} days`, outputs };
}

const CONVERSIONS = "process/tick_conversions/";

/**
 * A hash over all conversions of a year so far: while it stays, so do the converted objects, and whoever is made from
 * them need not read hundreds of them to know. It changes before a conversion counts as done, so a crash cannot hide one.
 */
export async function tickConversions(store: ObjectStore): Promise<Map<number, string>> {
  const years = await readRecords(store, CONVERSIONS);
  return new Map(
    [...years].map(([unit, record]) => [Number(unit.slice(CONVERSIONS.length)), record.fingerprint]),
  );
}

async function noteConversion(
  store: ObjectStore,
  { day, unit, inputs }: { day: string; unit: string; inputs: string },
): Promise<void> {
  const year = `${CONVERSIONS}${day.slice(0, 4)}`;
  const before = (await readRecord(store, year))?.fingerprint ?? null;
  const chain = fingerprint([before, unit, inputs]);
  await writeRecord(store, year, { fingerprint: chain, outputs: [], notes: {} });
}

function dayOf(key: string): string {
  const [, year, month, day] = /year=(\d{4})\/month=(\d{2})\/day=(\d{2})\//.exec(key)!;
  return `${year}-${month}-${day}`;
}

function folderOf(day: string): string {
  const [year, month, date] = day.split("-");
  return `${STREAM_TICKS.prefix}year=${year}/month=${month}/day=${date}/`;
}

async function readTicks(
  store: ObjectStore,
  objects: readonly ObjectInfo[],
  day: string,
): Promise<{ ticks: PriceSample[]; rejects: Reject[]; read: number }> {
  const ticks = new Map<number, PriceSample>();
  const rejects: Reject[] = [];
  let read = 0;
  for (const { key } of objects) {
    const bytes = await store.get(key);
    if (!bytes) continue;
    const rows = csvParse(new TextDecoder().decode(bytes));
    if (rows.length === 0) {
      rejects.push({ line: null, reason: "empty_file", detail: `${key} has no row`, raw: "" });
    }
    for (const [i, row] of rows.entries()) {
      read += 1;
      const tick = readTick(row, day);
      const before = "reason" in tick ? undefined : ticks.get(tick.epoch_ms);
      if ("reason" in tick) {
        rejects.push({ line: i + 2, ...tick, raw: `${key}: ${Object.values(row).join(",")}` });
      } else if (before === undefined) {
        ticks.set(tick.epoch_ms, tick);
      } else if (before.price_usd !== tick.price_usd) {
        const detail = `the price of ${tick.iso_ts} is ${before.price_usd} already, which is kept`;
        rejects.push({
          line: i + 2,
          reason: "duplicate_time",
          detail,
          raw: `${key}: ${Object.values(row).join(",")}`,
        });
      }
    }
  }
  return { ticks: [...ticks.values()].sort((a, b) => a.epoch_ms - b.epoch_ms), rejects, read };
}

/** One row; a missing time is taken from the other time column, a missing source is `unknown`. */
function readTick(
  row: Record<string, string | undefined>,
  day: string,
): PriceSample | Pick<Reject, "reason" | "detail"> {
  const price_usd = numberOf(row["price_usd"]);
  if (price_usd === null) return { reason: "not_a_number", detail: "price_usd is missing or no number" };
  if (price_usd <= 0) {
    return { reason: "non_positive", detail: `the price is ${price_usd}, prices are above 0` };
  }
  const written = Date.parse(row["iso_ts"] ?? "");
  const epoch_ms = numberOf(row["epoch_ms"]) ?? (Number.isNaN(written) ? null : written);
  if (epoch_ms === null || !Number.isSafeInteger(epoch_ms) || Math.abs(epoch_ms) > 8.64e15) {
    return { reason: "bad_time", detail: "neither epoch_ms nor iso_ts is a time" };
  }
  if (utcDay(epoch_ms) !== day) {
    return { reason: "other_day", detail: `${new Date(epoch_ms).toISOString()} is not a time of ${day}` };
  }
  const source = row["source"]?.trim() || "unknown";
  return { epoch_ms, iso_ts: new Date(epoch_ms).toISOString(), price_usd, source };
}

function numberOf(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? "";
  const value = Number(trimmed);
  return trimmed === "" || !Number.isFinite(value) ? null : value;
}
