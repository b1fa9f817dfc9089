/** `deno task pipeline`: from flags to a run. */
import { z } from "zod";
import { ConfigError, UsageError } from "../core/errors.ts";
import { kindOfSource, type LakeKind, lakeKind, openStore } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import { athenaSettings } from "../warehouse/athena_settings.ts";
import type { CommandIo } from "./command_io.ts";
import type { RunSettings, RunSource } from "./context.ts";
import { EXIT } from "./exit_codes.ts";
import { readInsertTemplate } from "./insert_template.ts";
import { planRun } from "./plan.ts";
import { readFlags } from "./read_flags.ts";
import { chooseSteps, runPipeline, type RunSummary } from "./run.ts";

/** Flags of the command, as commander gives them. */
const FLAGS = z.object({
  source: z.enum(["auto", "demo", "coingecko", "csv"]).optional(),
  ohlcv: z.array(z.string()).default([]),
  lake: z.string().min(1).optional(),
  models: z.string().min(1).optional(),
  only: z.string().optional(),
  from: z.string().optional(),
  engine: z.enum(["duckdb", "athena"]).default("duckdb"),
  sqlFrom: z.string().min(1).optional(),
  quality: z.enum(["warn", "fail"]).optional(),
  seed: z.string().regex(/^\d{1,9}$/, "it is not a whole number of at most nine digits, give one").default(
    "1",
  ),
  json: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

/** Where runs go that name no lake. */
const LIVE_LAKE = "data/lake", DEMO_LAKE = "data/demo";

/** What is said of prices that are not real, and of where they go. */
function demoBanner(why: string, { place, real }: { place: string; real: string }): string[] {
  return [
    `${why}, so this run shows the DEMO MARKET: simulated prices, not real ones.`,
    `They go to the lake ${place}. For real data ${real}, or give --source csv --ohlcv FILE.`,
  ];
}

/** Runs the command; gives the exit code. */
export async function pipelineCommand(flags: unknown, io: CommandIo): Promise<number> {
  const options = readFlags(FLAGS, flags);
  const steps = chooseSteps(options);
  const wanted = options.source ?? (options.ohlcv.length > 0 ? "csv" : "auto");
  if (options.ohlcv.length > 0 && wanted !== "csv") {
    throw new UsageError(`Cannot combine --ohlcv with --source ${wanted}: candle files need --source csv`);
  }
  if (wanted === "csv" && options.ohlcv.length === 0 && steps.includes("ingest")) {
    throw new UsageError(`Cannot run --source csv: no file is named, add --ohlcv FILE.csv`);
  }
  if (options.engine === "athena") checkAthena(options.lake, io);
  const { source, kind } = await settleSource(wanted, steps, options.lake, io);
  const store: ObjectStore = await openStore(options.lake ?? (kind === "demo" ? DEMO_LAKE : LIVE_LAKE), io);
  const settings: RunSettings = {
    source,
    kind,
    ...(options.lake === undefined ? { only: kind ?? "live" } : {}),
    ohlcv: options.ohlcv,
    engine: options.engine,
    ...(options.sqlFrom === undefined ? {} : { insertSql: await readInsertTemplate(options.sqlFrom, io) }),
    ...(options.models === undefined ? {} : { models: options.models }),
    seed: Number(options.seed),
    env: io.env,
    ...(options.quality === undefined ? {} : { quality: options.quality }),
  };
  if (options.dryRun) {
    const plan = await planRun({ store, steps, settings, startedAt: io.effects.now() });
    if (options.json) io.stdout(`${JSON.stringify(plan)}\n`);
    else {
      for (const { name, detail, statements = [] } of plan.steps) {
        io.stdout([`${name.padEnd(12)} ${detail}\n`, ...statements.map((sql) => `\n${sql};\n`)].join(""));
      }
    }
    return EXIT.ok;
  }
  const { summary, error } = await runPipeline({
    store,
    steps,
    settings,
    effects: io.effects,
    progress: io.terminal ? "live" : "lines",
  });
  if (options.json) io.stdout(`${JSON.stringify(summary)}\n`);
  if (error !== null) {
    if (summary.exit_code === EXIT.internal) throw error;
    io.effects.log.warn((error as Error).message);
  } else if (!options.json) io.stdout(closingWords(summary));
  return summary.exit_code;
}

/** What can be said before anything runs. */
function checkAthena(lake: string | undefined, { env }: CommandIo): void {
  if (!/^s3:\/\//i.test(lake ?? "")) {
    throw new UsageError(
      `Cannot use --engine athena on ${lake === undefined ? "the lake on this disk" : `lake "${lake}"`}: ` +
        `Athena reads S3, name a lake there with --lake s3://bucket/prefix`,
    );
  }
  athenaSettings(env);
}

/** Where a run's data come from, and what they are: null where only CoinGecko's answers will say it. */
interface SettledSource {
  source: RunSource;
  kind: LakeKind | null;
}

/** `auto` asks CoinGecko once; without it the demo market stands in, in its own lake and with a banner. */
async function settleSource(
  wanted: RunSource | "auto",
  steps: readonly string[],
  lake: string | undefined,
  { effects, env }: CommandIo,
): Promise<SettledSource> {
  if (wanted === "coingecko") {
    // CoinGecko's own address is never the demo market's.
    return { source: wanted, kind: env["COINGECKO_BASE_URL"]?.trim() ? null : "live" };
  }
  const settled = (source: RunSource) => ({ source, kind: kindOfSource(source) });
  if (wanted !== "auto") return settled(wanted);
  if (!steps.includes("ingest")) return settled(await sourceOfLake(lake, env));
  const { coinGeckoSettings, pingCoinGecko } = await import("../sources/coingecko.ts");
  const answers = await pingCoinGecko(coinGeckoSettings(env), effects);
  if (answers === "coingecko") return settled(answers);
  const [why, real] = answers === null
    ? ["CoinGecko cannot be reached", "give --source coingecko"]
    : ["COINGECKO_BASE_URL is the demo market's", "unset it"];
  for (const line of demoBanner(why, { place: lake ?? DEMO_LAKE, real })) effects.log.warn(line);
  return answers === null ? settled("demo") : { source: "coingecko", kind: "demo" };
}

/** Without an ingest step nothing is fetched: the lake says what it holds. */
async function sourceOfLake(lake: string | undefined, env: CommandIo["env"]): Promise<RunSource> {
  for (const url of lake === undefined ? [LIVE_LAKE, DEMO_LAKE] : [lake]) {
    const store = await openStore(url, { env });
    const kind = await lakeKind(store);
    if (kind === "demo") return "demo";
    if (kind === "live") return (await store.list("raw/coingecko/")).length > 0 ? "coingecko" : "csv";
  }
  throw new ConfigError(
    `Cannot run on lake "${lake ?? LIVE_LAKE}": there is no lake, make one with \`deno task pipeline\``,
  );
}

function closingWords(summary: RunSummary): string {
  const last = summary.steps.findLast(({ detail }) => detail.startsWith("open "));
  const page = last ? `${last.detail[0]!.toUpperCase()}${last.detail.slice(1)}\n` : "";
  return `${page}Ask the lake: deno task query --lake ${summary.lake} ` +
    `"SELECT * FROM processed_partitioned ORDER BY day DESC LIMIT 5"\n`;
}
