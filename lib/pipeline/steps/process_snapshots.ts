/** Market pages of `raw/` whose rows are not in `processed/` yet. */
import type { Effects } from "../../core/effects.ts";
import { PROCESSED_PRICES } from "../../core/tables.ts";
import { fromCompactStamp, utcDay } from "../../core/time.ts";
import { marketPricesKey } from "../../lake/keys.ts";
import type { ObjectHash } from "../../lake/run_log.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { processMarkets } from "../ingest/units.ts";
import { markWhole, objectsSince, wholeUntil } from "./whole_days.ts";
import { doneBefore, isAside, keepRejects, type Part, readBody, stampOf } from "./process_part.ts";

/** Unit that knows which days are whole. */
export const SNAPSHOTS_UNIT = "process/markets";

/**
 * Processes what lacks its rows. `ingest` writes rows itself, and a crash of it is taken up through `_incoming/`; so
 * days that were whole once stay so, and only days from the last whole one on are looked at. That keeps a run as
 * quick on an old lake as on a young one.
 *
 * @param outputs Grows by each object that is written, so that they are known where a later one fails.
 */
export async function processSnapshots(
  store: ObjectStore,
  effects: Pick<Effects, "log" | "now">,
  outputs: ObjectHash[],
): Promise<Part | null> {
  const since = await wholeUntil(store, SNAPSHOTS_UNIT);
  let pages: { key: string; source: string }[] = [];
  for (const source of ["coingecko", "demo"]) {
    const objects = await objectsSince(store, `raw/${source}/markets/`, { since, now: effects.now() });
    pages = pages.concat(objects.map(({ key }) => ({ key, source })));
  }
  const processed = await objectsSince(store, PROCESSED_PRICES.prefix, { since, now: effects.now() });
  const done = new Set(processed.map(({ key }) => key));
  let fresh = 0, rows_in = 0, rows_out = 0, unreadable = 0;
  for (const { key, source } of pages) {
    const slot = fromCompactStamp(stampOf(key));
    const unit = `${source}-markets-${stampOf(key)}`;
    if (done.has(marketPricesKey(slot)) || await isAside(store, unit)) continue;
    fresh += 1;
    const settled = await readBody(
      store,
      effects,
      { key, unit },
      (body) => processMarkets(store, body, { slot, source }),
    );
    if (!settled) {
      unreadable += 1;
      continue;
    }
    await keepRejects(store, effects, { unit, origin: key, rejects: settled.rejects });
    outputs.push(...settled.outputs);
    rows_in += settled.rows_in;
    rows_out += settled.rows_out;
  }
  await markWhole(
    store,
    SNAPSHOTS_UNIT,
    pages.map(({ key }) => utcDay(fromCompactStamp(stampOf(key)))),
    effects.now(),
  );
  if (pages.length === 0) return since === null ? null : doneBefore("no new market snapshots");
  if (fresh === 0) {
    return doneBefore(`the market snapshots${since ? ` since ${since}` : ""} were processed before`);
  }
  const aside = unreadable > 0 ? ` (${unreadable} unreadable, put aside)` : "";
  const detail = `${fresh} new market snapshots${aside}, ${rows_out} coins`;
  return { done: false, rows_in, rows_out, detail, outputs };
}
