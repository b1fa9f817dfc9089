/** What Athena would be asked to insert: for `pipeline --engine athena --dry-run`. Loads nothing of AWS. */
import { hourPlaces, insertHourSql } from "../../warehouse/market_hours.ts";
import { fillTemplate } from "../../warehouse/translate.ts";
import { openInsert } from "../athena_inserts.ts";
import type { RunContext } from "../context.ts";
import { countHours, hourBatches, hoursToMake } from "./hours_to_make.ts";

/** The statements for the hours that are to be made now, and what to say of them. */
export async function plannedInserts(
  context: Pick<RunContext, "store" | "startedAt" | "settings">,
): Promise<{ detail: string; statements: string[] }> {
  const sql = context.settings.insertSql ?? await insertHourSql();
  const { dirty } = await hoursToMake(context, sql);
  const statements = hourBatches(dirty, sql).map((batch) =>
    fillTemplate(sql, hourPlaces(batch[0]!.start_ms, batch.at(-1)!.start_ms)).trim()
  );
  const open = await openInsert(context.store);
  const first = open
    ? `would wait for query ${open.insert.query_id ?? "that was being sent"}, then `
    : "would ";
  const count = statements.length === 1 ? "1 statement" : `${statements.length} statements`;
  const detail = `${first}insert ${countHours(dirty.length)} of market snapshots on Athena in ${count}`;
  return { detail, statements };
}
