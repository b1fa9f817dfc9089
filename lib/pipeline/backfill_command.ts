/** `deno task backfill`: candle history from files of any known layout. */
import { z } from "zod";
import { UsageError } from "../core/errors.ts";
import { openStore } from "../lake/open_lake.ts";
import { type CandlePreview, previewCandles } from "../sources/candle_layout_file.ts";
import type { CommandIo } from "./command_io.ts";
import { latestCandleMs } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { runPipeline } from "./run.ts";

const FLAGS = z.object({
  ohlcv: z.array(z.string()).default([]),
  symbol: z.string().regex(/^[A-Z0-9]{2,20}$/, "write it like ETHUSD, in capitals without a slash")
    .optional(),
  layout: z.string().optional(),
  timezone: z.string().optional(),
  quality: z.enum(["warn", "fail"]).optional(),
  lake: z.string().min(1).default("data/lake"),
  json: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

/** The steps from a file to the tables and their checks. */
const STEPS = ["ingest", "process", "materialize", "quality"];

/** Runs the command; gives the exit code. */
export async function backfillCommand(flags: unknown, io: CommandIo): Promise<number> {
  const { ohlcv, symbol, layout, timezone, quality, lake, json, dryRun } = FLAGS.parse(flags);
  if (ohlcv.length === 0) throw new UsageError("Cannot backfill from nothing: name a file with --ohlcv FILE");
  const { effects } = io;
  const choice = { layout, timezone };
  const previews: CandlePreview[] = [];
  for (const path of ohlcv) {
    const preview = await previewCandles(path, { ...choice, latestMs: latestCandleMs(effects.now()) });
    previews.push(preview);
    if (!json) {
      for (const line of previewLines(preview)) {
        (dryRun ? io.stdout : effects.log.info)(`${line}${dryRun ? "\n" : ""}`);
      }
    }
  }
  if (dryRun) {
    if (json) io.stdout(`${JSON.stringify(previews)}\n`);
    return EXIT.ok;
  }
  const { summary, error } = await runPipeline({
    store: await openStore(lake, io),
    steps: STEPS,
    settings: {
      source: "csv",
      ohlcv,
      ...(symbol === undefined ? {} : { symbol }),
      ...(quality === undefined ? {} : { quality }),
      layout: choice,
      models: "models",
      seed: 1,
      env: io.env,
    },
    effects,
    progress: io.terminal ? "live" : "lines",
  });
  if (json) io.stdout(`${JSON.stringify(summary)}\n`);
  if (error !== null) {
    if (summary.exit_code === EXIT.internal) throw error;
    effects.log.warn((error as Error).message);
  }
  return summary.exit_code;
}

/** A file as it is understood, for a person. */
function previewLines(
  { path, layout, evidence, volume_unit, timeframe, rows, rejects }: CandlePreview,
): string[] {
  return [
    `${path}: layout ${layout}, bars of ${timeframe ?? "unknown length"}, volume in ${volume_unit}`,
    ...evidence.map((sentence) => `  because ${sentence}`),
    ...rows.map(({ line, candle: { time, open, high, low, close, volume } }) =>
      `  line ${line}: ${
        new Date(time).toISOString()
      } open ${open} high ${high} low ${low} close ${close} volume ${volume}`
    ),
    ...rejects.map(({ line, reason, detail }) => `  line ${line} would be refused: ${reason}, ${detail}`),
  ];
}
