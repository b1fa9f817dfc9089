/** `deno task backfill`: candle history from files of any known layout, or from an exchange. */
import { z } from "zod";
import { QualityError, UsageError } from "../core/errors.ts";
import { openStore } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { requireMarket } from "../sources/candle_contract.ts";
import { type CandlePreview, previewCandles } from "../sources/candle_layout_file.ts";
import { forecastHistory, forecastLines, historyQuestion } from "./backfill/exchange_command.ts";
import type { CommandIo } from "./command_io.ts";
import { latestCandleMs, type RunSettings, SYMBOL } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { readFlags } from "./read_flags.ts";
import { runPipeline } from "./run.ts";

const FLAGS = z.object({
  ohlcv: z.array(z.string()).default([]),
  exchange: z.string().optional(),
  symbol: z.string().optional(),
  timeframe: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  layout: z.string().optional(),
  timezone: z.string().optional(),
  quality: z.enum(["warn", "fail"]).optional(),
  lake: z.string().min(1).default("data/lake"),
  json: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Flags = z.infer<typeof FLAGS>;

/** Flags that make sense for one of the two sources only. */
const ONLY_WITH = {
  exchange: ["timeframe", "since", "until"],
  ohlcv: ["layout", "timezone"],
} as const;

/** The steps from a source to the tables and their checks. */
const STEPS = ["ingest", "process", "materialize", "quality"];

/** Runs the command; gives the exit code. */
export async function backfillCommand(flags: unknown, io: CommandIo): Promise<number> {
  const options = readFlags(FLAGS, flags);
  requireOneSource(options);
  return options.exchange === undefined
    ? await backfillFiles(options, io)
    : await backfillExchange({ ...options, exchange: options.exchange }, io);
}

function requireOneSource(options: Flags): void {
  const { exchange, ohlcv } = options;
  if (exchange === undefined && ohlcv.length === 0) {
    throw new UsageError(
      "Cannot backfill from nothing: name a file with --ohlcv FILE, or an exchange with --exchange NAME",
    );
  }
  if (exchange !== undefined && ohlcv.length > 0) {
    throw new UsageError("Cannot combine --exchange with --ohlcv: give one of them");
  }
  const source = exchange === undefined ? "ohlcv" : "exchange";
  const other = exchange === undefined ? "exchange" : "ohlcv";
  const foreign = ONLY_WITH[other].find((flag) => options[flag] !== undefined);
  if (foreign !== undefined) {
    throw new UsageError(`Cannot combine --${foreign} with --${source}: it is for --${other}, leave it out`);
  }
}

async function backfillFiles(
  { ohlcv, symbol: named, layout, timezone, quality, lake, json, dryRun }: Flags,
  io: CommandIo,
): Promise<number> {
  const symbol = named?.replace("/", "");
  if (symbol !== undefined && !/^[A-Z0-9]{2,20}$/.test(symbol)) {
    throw new UsageError(`Cannot use --symbol "${named}": write it like ETHUSD or ETH/USD, in capitals`);
  }
  const { effects } = io;
  const choice = { layout, timezone };
  const previews: CandlePreview[] = [];
  for (const path of ohlcv) {
    const preview = await previewCandles(path, { ...choice, latestMs: latestCandleMs(effects.now()) });
    previews.push(preview);
    if (!json) {
      for (const line of [...previewLines(preview), marketLine(preview, symbol ?? SYMBOL)]) {
        (dryRun ? io.stdout : effects.log.info)(`${line}${dryRun ? "\n" : ""}`);
      }
    }
  }
  if (dryRun) {
    if (json) io.stdout(`${JSON.stringify(previews)}\n`);
    return EXIT.ok;
  }
  const source = { source: "csv", ohlcv, layout: choice } as const;
  return await runBackfill(
    { ...source, ...(symbol === undefined ? {} : { symbol }) },
    { store: await openStore(lake, io), quality, json, progress: io.terminal ? "live" : "lines" },
    io,
  );
}

async function backfillExchange(
  { quality, lake, json, dryRun, ...flags }: Flags & { exchange: string },
  io: CommandIo,
): Promise<number> {
  const question = await historyQuestion(flags, io);
  const store = await openStore(lake, io);
  if (dryRun) {
    const forecast = await forecastHistory(question, store);
    const lines = json ? [JSON.stringify(forecast)] : forecastLines(question, forecast);
    for (const line of lines) io.stdout(`${line}\n`);
    return EXIT.ok;
  }
  // Not `live`: it would redraw over the line that each piece gets.
  const run = { store, quality, json, progress: "lines" } as const;
  return await runBackfill({ source: "exchange", ohlcv: [], exchange: question }, run, io);
}

async function runBackfill(
  source: Omit<RunSettings, "quality" | "models" | "seed" | "env">,
  { store, quality, json, progress }: {
    store: ObjectStore;
    quality: Flags["quality"];
    json: boolean;
    progress: "live" | "lines";
  },
  io: CommandIo,
): Promise<number> {
  const { summary, error } = await runPipeline({
    store,
    steps: STEPS,
    settings: {
      ...source,
      ...(quality === undefined ? {} : { quality }),
      models: "models",
      seed: 1,
      env: io.env,
    },
    effects: io.effects,
    progress,
  });
  if (json) io.stdout(`${JSON.stringify(summary)}\n`);
  if (error !== null) {
    if (summary.exit_code === EXIT.internal) throw error;
    io.effects.log.warn((error as Error).message);
  }
  return summary.exit_code;
}

/** What market a file is taken for, or that it will be refused for another one's. */
function marketLine({ path, symbol: told }: CandlePreview, symbol: string): string {
  try {
    requireMarket(path, told ?? "", symbol);
    return `  taken as ${symbol}`;
  } catch (error) {
    if (!(error instanceof QualityError)) throw error;
    return `  would be refused: ${error.message}`;
  }
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
