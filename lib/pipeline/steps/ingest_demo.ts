/** The demo market into `raw/`: two years of minute candles and one market snapshot, all of them simulated. */
import { gzipSync } from "node:zlib";
import { ConfigError } from "../../core/errors.ts";
import { DAY_MS, utcDay } from "../../core/time.ts";
import { rawMarketsKey } from "../../lake/keys.ts";
import { demoMarket } from "../../sources/demo_market.ts";
import type { RunContext, StepResult } from "../context.ts";
import { ingestCandleFile } from "./ingest_candles.ts";

/** How many whole months of minutes a new demo lake starts with, before the current one. */
const MONTHS = 24;

/**
 * Simulates what the lake lacks up to the last UTC midnight: months that are over, one file each, and the days of
 * the current month since the last file. So a second run on the same day adds nothing, and one on a later day adds
 * just the days between.
 */
export async function ingestDemo(context: RunContext): Promise<StepResult> {
  const { store, startedAt, settings } = context;
  const midnight = new Date(Math.floor(startedAt.getTime() / DAY_MS) * DAY_MS);
  const market = demoMarket({ seed: settings.seed });
  const have = new Set((await context.candleRecords()).map(({ key }) => key.slice(key.lastIndexOf("/") + 1)));
  const scratch = await store.scratch();
  let rows = 0, files = 0;
  for (const { from, until } of missingRanges(have, settings.seed, midnight)) {
    const name = fileName(settings.seed, from, until);
    const month = market.minuteCandlesCsv(from.getUTCFullYear(), from.getUTCMonth() + 1, { until });
    await Deno.writeFile(`${scratch}/${name}`, gzipSync(since(month, from), { level: 3 }));
    rows += (await ingestCandleFile(context, `${scratch}/${name}`, { source: "demo" })).rows;
    files += 1;
  }
  const key = rawMarketsKey("demo", midnight);
  const snapshot = await store.head(key) === null;
  if (snapshot) await store.put(key, new TextEncoder().encode(market.marketsJson(midnight)));
  const parts = [
    files > 0
      ? `${rows} simulated minutes in ${files} files`
      : `simulated minutes up to ${utcDay(midnight)} are in the lake already`,
    snapshot ? `a snapshot of ${market.coins.length} invented coins` : "so is the snapshot",
  ];
  return {
    status: files > 0 || snapshot ? "ok" : "skipped",
    rows_in: files > 0 ? rows : 0,
    rows_out: files > 0 ? rows : 0,
    detail: parts.join("; "),
  };
}

/** `demo_seed1_2026-11-01_2026-11-20.csv.gz`: first and last day of the minutes within. */
function fileName(seed: number, from: Date, until: Date): string {
  return `demo_seed${seed}_${utcDay(from)}_${utcDay(until.getTime() - 1)}.csv.gz`;
}

/** The days before `midnight` that no file covers, as ranges within one month each. */
function missingRanges(
  have: ReadonlySet<string>,
  seed: number,
  midnight: Date,
): { from: Date; until: Date }[] {
  const covered = new Set<string>();
  for (const name of have) {
    const days = /^demo_seed(\d+)_(\d{4}-\d{2}-\d{2})_(\d{4}-\d{2}-\d{2})\./.exec(name);
    if (!days) continue;
    if (Number(days[1]) !== seed) {
      throw new ConfigError(
        `Cannot add the demo market of seed ${seed}: this lake holds that of seed ${
          days[1]
        }, choose another folder with --lake`,
      );
    }
    for (let day = Date.parse(days[2]!); day <= Date.parse(days[3]!); day += DAY_MS) covered.add(utcDay(day));
  }
  const ranges: { from: Date; until: Date }[] = [];
  const start = Date.UTC(midnight.getUTCFullYear(), midnight.getUTCMonth() - MONTHS, 1);
  for (let day = start; day < midnight.getTime(); day += DAY_MS) {
    if (covered.has(utcDay(day))) continue;
    const last = ranges.at(-1);
    const sameMonth = last && last.until.getTime() === day && new Date(day).getUTCDate() !== 1;
    if (sameMonth) last.until = new Date(day + DAY_MS);
    else ranges.push({ from: new Date(day), until: new Date(day + DAY_MS) });
  }
  return ranges;
}

/** The header and the lines from an instant on. */
function since(csv: Uint8Array, from: Date): Uint8Array {
  const text = new TextDecoder().decode(csv);
  const header = text.indexOf("\n") + 1;
  let at = header;
  while (at < text.length && Number(text.slice(at, text.indexOf(",", at))) < from.getTime()) {
    at = text.indexOf("\n", at) + 1;
  }
  return new TextEncoder().encode(text.slice(0, header) + text.slice(at));
}
