/** `deno task quality`: checks a lake now, or prints the report of a day. */
import { z } from "zod";
import { ConfigError, QualityError, UsageError } from "../core/errors.ts";
import { utcDay } from "../core/time.ts";
import { qualityReportsFolder } from "../lake/keys.ts";
import { forgetRecord } from "../lake/ledger.ts";
import { lakeKind } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { QualityReport } from "../quality/finding.ts";
import { qualityText } from "../report/quality_text.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import type { RunSource } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { readFlags } from "./read_flags.ts";
import { runPipeline } from "./run.ts";
import { QUALITY_UNIT } from "./steps/quality.ts";

const FLAGS = z.object({
  lake: z.string().min(1).optional(),
  date: z.string().optional(),
  json: z.boolean().default(false),
});

/**
 * Runs the command; gives the exit code: 5 where a check of now fails. A report of the past is only shown.
 *
 * @throws {ConfigError} where there is no lake, or its thresholds cannot be used.
 * @throws {UsageError} where the day has no report.
 */
export async function qualityCommand(flags: unknown, io: CommandIo): Promise<number> {
  const { lake, date, json } = readFlags(FLAGS, flags);
  const store = await chooseLake(lake, io);
  const kind = await lakeKind(store);
  if (kind === null) {
    throw new ConfigError(
      `Cannot check lake "${store.url}": there is no lake, make one with \`deno task pipeline --lake ${store.url}\``,
    );
  }
  if (date !== undefined) {
    await using _closing = { [Symbol.asyncDispose]: () => store.close() };
    await print(store, await newestReport(store, realDay(date)), { json, io });
    return EXIT.ok;
  }
  // A check that was asked for is made, whether or not anything changed.
  await forgetRecord(store, QUALITY_UNIT);
  const source: RunSource = kind === "demo"
    ? "demo"
    : (await store.list("raw/coingecko/")).length > 0
    ? "coingecko"
    : "csv";
  const { summary, error } = await runPipeline({
    store,
    steps: ["quality"],
    settings: { source, ohlcv: [], models: "models", seed: 1, env: io.env },
    effects: io.effects,
    progress: "none",
  });
  if (error !== null && !(error instanceof QualityError)) throw error;
  // The run has closed its store.
  const again = await chooseLake(store.url, io);
  await using _closing = { [Symbol.asyncDispose]: () => again.close() };
  const folder = qualityReportsFolder(utcDay(new Date(summary.started_at)));
  await print(again, `${folder}${summary.run_id}.json`, { json, io });
  if (error !== null) io.effects.log.warn(error.message);
  return summary.exit_code;
}

/** The key of the day's newest report: names of runs start with their time. */
async function newestReport(store: ObjectStore, day: string): Promise<string> {
  const reports = (await store.list(qualityReportsFolder(day))).filter(({ key }) => key.endsWith(".json"));
  const last = reports.at(-1);
  if (last) return last.key;
  const days = new Set(
    (await store.list("quality_reports/")).map(({ key }) => /date=([\d-]+)\//.exec(key)?.[1])
      .filter((found) => found !== undefined),
  );
  throw new UsageError(
    `Cannot show the quality report of "${day}": there is none, ${
      days.size === 0 ? "make one with `deno task quality`" : `the newest is of ${[...days].sort().at(-1)}`
    }`,
  );
}

function realDay(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (!Number.isNaN(time) && utcDay(time) === text) return text;
  throw new UsageError(`Cannot use --date "${text}": it is not a day, write for example 2026-01-31`);
}

async function print(
  store: ObjectStore,
  key: string,
  { json, io }: { json: boolean; io: CommandIo },
): Promise<void> {
  const report = JSON.parse(new TextDecoder().decode((await store.get(key))!)) as QualityReport;
  if (json) return io.stdout(`${JSON.stringify(report)}\n`);
  const page = key.replace(/json$/, "html");
  const open = await store.head(page) ? `\nPage: ${store.locate(page)}\n` : "";
  io.stdout(`${qualityText(report)}${open}`);
}
