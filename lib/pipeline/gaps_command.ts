/** `deno task gaps`: what the lake's streams of bars lack, and why. */
import { z } from "zod";
import { ConfigError, UsageError } from "../core/errors.ts";
import { parseInstant } from "../core/time.ts";
import { lakeKind } from "../lake/open_lake.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import type { ObjectStore } from "../lake/store.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { namingDamage } from "./damaged_lake.ts";
import { EXIT } from "./exit_codes.ts";
import { iso, ledgerLines, ledgersJson } from "./gaps_output.ts";
import { readLakeFacts } from "./lake_facts.ts";
import { readFlags } from "./read_flags.ts";
import { type LedgerQuery, type StreamLedger, streamLedgers, streamName } from "./stream_ledgers.ts";

const FLAGS = z.object({
  symbol: z.string().optional(),
  interval: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  lake: z.string().min(1).optional(),
  json: z.boolean().default(false),
  fill: z.string().optional(),
  dryRun: z.boolean().default(false),
});

/** Which streams to look at, and when. */
export interface GapsQuery {
  symbol?: string | undefined;
  interval?: string | undefined;
  from?: Date | undefined;
  until?: Date | undefined;
}

/** Runs the command; gives the exit code. */
export async function gapsCommand(flags: unknown, io: CommandIo): Promise<number> {
  const { symbol, interval, from, to, lake, json, fill, dryRun } = readFlags(FLAGS, flags);
  const query: GapsQuery = { symbol, interval, from: instant("--from", from), until: instant("--to", to) };
  if (query.from && query.until && query.from >= query.until) {
    throw new UsageError(`Cannot use --from ${from} and --to ${to}: the end is not later, exchange them`);
  }
  if (dryRun && fill === undefined) {
    throw new UsageError("Cannot use --dry-run: without --fill nothing is written, add --fill SOURCE");
  }
  const store = await chooseLake(lake, io);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  if (fill !== undefined) {
    const { fillCommand } = await import("./gaps_fill.ts");
    return await fillCommand(store, { query, source: fill, dryRun, json }, io);
  }
  const ledgers = await readLedgers(store, query, io.effects.now());
  const words = (ledger: StreamLedger) => `${ledgerLines(ledger, store.url, { from, to }).join("\n")}\n`;
  for (const text of json ? ledgersJson(ledgers) : ledgers.map(words)) io.stdout(text);
  return EXIT.ok;
}

/**
 * The ledgers of the streams that were asked for.
 *
 * @throws {ConfigError} where there is no lake.
 * @throws {LakeError} where an object of it is damaged.
 * @throws {UsageError} where the lake has no such stream, or none of the time that is asked for.
 */
export async function readLedgers(store: ObjectStore, query: GapsQuery, now: Date): Promise<StreamLedger[]> {
  if (await lakeKind(store) === null) {
    throw new ConfigError(
      `Cannot read lake "${store.url}": there is no lake, make one with \`deno task pipeline --lake ${store.url}\``,
    );
  }
  const [facts, engine] = await Promise.all([readLakeFacts(store), openDuckDb()]);
  using _closing = engine;
  const wanted = ({ symbol, timeframe }: { symbol: string; timeframe: string }) =>
    symbol === (query.symbol ?? symbol) && timeframe === (query.interval ?? timeframe);
  const read = (query: LedgerQuery) =>
    namingDamage(store, () => Array.fromAsync(streamLedgers(engine, store, { facts, query, wanted })));
  const ledgers = await read({ ...query, now });
  if (ledgers.length > 0) return ledgers;
  const name = [query.symbol, query.interval].filter((word) => word !== undefined).join(" ");
  const whole = query.from || query.until ? await read({ now }) : [];
  if (whole.length > 0) throw new UsageError(notThen(whole, query));
  const there = facts.streams.map(({ symbol, timeframe }) => `${symbol} ${timeframe}`).join(", ");
  throw new UsageError(
    there === ""
      ? `Cannot show gaps of lake "${store.url}": it has no candles, take some in with ` +
        `\`deno task backfill --lake ${store.url}\` and --ohlcv FILE or --exchange NAME`
      : `Cannot show gaps of "${name}": the lake has ${there}, choose among them`,
  );
}

/** What to say where streams are there, and none of the time that was asked for. */
function notThen(ledgers: readonly StreamLedger[], { from, until }: GapsQuery): string {
  const time = [from && `from ${iso(from.getTime())}`, until && `to ${iso(until.getTime())}`]
    .filter((words) => words !== undefined).join(" ");
  const reach = ledgers.map((ledger) =>
    `${streamName(ledger)} goes from ${iso(ledger.from_ms)} to ${iso(ledger.until_ms)}`
  ).join(", ");
  return `Cannot show gaps ${time}: ${reach}, ask for a time within`;
}

function instant(flag: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  try {
    return parseInstant(text);
  } catch (cause) {
    throw new UsageError(`Cannot use ${flag}: ${(cause as Error).message}`, { cause });
  }
}
