/** Completed hours of market snapshots into gold: one object an hour, made anew when the hour's snapshots changed. */
import { LakeError, SqlError } from "../../core/errors.ts";
import { ANALYTICS_PRICES, PROCESSED_PRICES_RAW } from "../../core/tables.ts";
import type { HourFolder } from "../../lake/hour_folders.ts";
import { hourFolder } from "../../lake/keys.ts";
import { writeRecord } from "../../lake/ledger.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import { damagedAmong } from "../../warehouse/damaged_objects.ts";
import { buildHour, insertHourSql } from "../../warehouse/market_hours.ts";
import { hourKey } from "../../warehouse/materialize.ts";
import type { RunContext } from "../context.ts";
import { countHours, hoursToMake, markHoursMade } from "./hours_to_make.ts";
import { hourUnit } from "./market_hour_units.ts";
import { doneBefore, type Part } from "./process_part.ts";

/**
 * Materializes each completed hour whose snapshots are others than when it was made, with the engine of the run.
 *
 * @throws {LakeError} where a snapshot cannot be read, after all other hours were made.
 */
export async function materializeHours(context: RunContext): Promise<Part | null> {
  if (context.settings.engine === "athena") {
    const { insertHours } = await import("./insert_hours_athena.ts");
    return await insertHours(context);
  }
  const { store } = context;
  const found = await hoursToMake(context, await insertHourSql());
  const { since, hours, dirty } = found;
  if (hours.length === 0) return since === null ? null : doneBefore("no new hour of market snapshots");
  const outputs: ObjectHash[] = [];
  const damaged: string[] = [];
  let rows = 0;
  for (const hour of dirty) {
    try {
      const made = await materializeHour(context, hour);
      const record = await writeRecord(store, hourUnit(hour.start_ms), {
        fingerprint: hour.fingerprint,
        outputs: made > 0 ? [hourKey(hour.start_ms)] : [],
        notes: { rows: made },
      });
      outputs.push(...record.outputs);
      rows += made;
    } catch (error) {
      const found = error instanceof SqlError ? await damagedInHour(context, hour) : [];
      if (found.length === 0) throw error;
      damaged.push(...found);
    }
  }
  if (damaged.length > 0) {
    throw new LakeError(
      `Cannot materialize "${
        damaged.join('", "')
      }": damaged, move it aside with \`deno task doctor --quarantine ` +
        `--lake ${store.url}\` and run again; the other hours are done`,
    );
  }
  await markHoursMade(context, found);
  if (dirty.length === 0) return doneBefore("the hours of market snapshots were materialized before");
  const detail = `${countHours(dirty.length)} of market snapshots, ${rows} rows`;
  return { done: false, rows_in: rows, rows_out: rows, detail, outputs };
}

async function damagedInHour(context: RunContext, { objects }: HourFolder): Promise<string[]> {
  const keys = objects.map(({ key }) => key);
  return await damagedAmong(await context.engine(), context.store, { table: PROCESSED_PRICES_RAW, keys });
}

async function materializeHour(context: RunContext, hour: HourFolder): Promise<number> {
  const { store } = context;
  const key = hourKey(hour.start_ms);
  const folder = hourFolder(ANALYTICS_PRICES.prefix, hour.start_ms);
  const others = (await store.list(folder)).filter((object) => object.key !== key);
  if (others.length > 0) {
    throw new LakeError(
      `Cannot materialize "${folder}": Athena wrote into it (${
        others[0]!.key
      }), and an object beside that would ` +
        `double its rows; go on with --engine athena, or take the folder's objects away to have DuckDB make it`,
    );
  }
  const path = `${await store.scratch()}/hour.parquet`;
  const kind = context.settings.source === "demo" ? "demo" : "live";
  const rows = await buildHour(await context.engine(), store, hour, { path, kind });
  // An hour whose snapshots hold no usable row has no object.
  if (rows > 0) await store.putFile(key, path);
  else await store.delete(key);
  return rows;
}
