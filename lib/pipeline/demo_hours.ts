/** A small lake of market snapshots, the same wherever it is made: for the notebook, and for who records answers. */
import { LakeError } from "../core/errors.ts";
import { MINUTE_MS } from "../core/time.ts";
import { marketHandler } from "../sources/market_server.ts";
import { NotebookLake } from "./notebook_lake.ts";

/** Between two snapshots. */
const EVERY_MINUTES = 30;

/** What such a lake holds. */
export interface DemoHours {
  /** Of the demo market. */
  seed: number;
  /** `YYYY-MM-DD`; the hours begin at its midnight (UTC). */
  day: string;
  hours: number;
}

/**
 * Asks the demo market for its 250 coins at one and at 31 minutes past each hour, and makes hourly gold of that, all by
 * the command line and with the clock at those times. Gives the number of snapshots.
 *
 * @throws {LakeError} where a command fails.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * assertEquals(await ingestDemoHours(folder, { seed: 1, day: "2026-01-05", hours: 1 }), 2);
 * ```
 */
export async function ingestDemoHours(folder: string, { seed, day, hours }: DemoHours): Promise<number> {
  const first_ms = Date.parse(`${day}T00:01:00Z`);
  const sleep = () => Promise.resolve();
  const run = async (minutes: number, ...args: string[]) => {
    const now = new Date(first_ms + minutes * MINUTE_MS);
    const market = marketHandler({ seed, now: () => now, sleep });
    await using lake = new NotebookLake(folder, {
      now: now.toISOString(),
      env: { COINGECKO_BASE_URL: "http://demo.market/api/v3" },
      fetch: (input, init) => market(new Request(input, init)),
    });
    const { code, said } = await lake.run(...args);
    if (code !== 0) throw new LakeError(`Cannot run "${args.join(" ")}": its exit code is ${code}, ${said}`);
  };
  const slots = hours * 60 / EVERY_MINUTES;
  for (let slot = 0; slot < slots; slot++) await run(slot * EVERY_MINUTES, "ingest");
  await run(hours * 60, "pipeline", "--only", "process,materialize");
  return slots;
}
