/**
 * The command line: `deno task <name> [flags]`. Data goes to stdout, messages to stderr. Each command loads what
 * it needs and nothing else, so that a query does not wait for a model.
 */
import { Command, CommanderError, Option } from "commander";
import type { LastActs } from "../core/effects.ts";
import { LakebookError, UsageError } from "../core/errors.ts";
import { parseInstant } from "../core/time.ts";
import { TARGET_NAMES } from "../features/targets.ts";
import { S3_VARIABLES } from "../lake/store_s3_settings.ts";
import { EXCHANGE_VARIABLES } from "../sources/exchange_settings.ts";
import { ATHENA_VARIABLES } from "../warehouse/athena_variables.ts";
import type { CommandIo, ProcessIo } from "./command_io.ts";
import { EXIT, exitCodeOf } from "./exit_codes.ts";
import { registerIngest } from "./ingest/register_ingest.ts";
import { registerNotebooks } from "./notebooks/register_notebooks.ts";
import type { QueryFlags } from "./query_command.ts";
import { LAKE_TO_READ } from "./lake_option.ts";

const ENGINE = (about: string) =>
  new Option("--engine <name>", about).choices(["duckdb", "athena"]).default("duckdb");
const QUALITY = () =>
  new Option(
    "--quality <mode>",
    "months that fail their checks: keep them aside, or publish them with a warning",
  )
    .choices(["fail", "warn"]);
const LAKE =
  "folder or s3://bucket/prefix of the lake (default: data/lake, or data/demo for the demo market)";

/** Settings that come from the environment. */
const SETTINGS = [
  "COINGECKO_BASE_URL",
  "COINGECKO_DEMO_API_KEY",
  "COINGECKO_PRO_API_KEY",
  "COINGECKO_REQUESTS_PER_MINUTE",
  ...EXCHANGE_VARIABLES,
  ...S3_VARIABLES,
  ...ATHENA_VARIABLES,
  "AWS_ENDPOINT_URL_SSM",
];

const EXCHANGE_HELP = `
Environment:
  LAKEBOOK_EXCHANGE_BASE_URL             another address to ask, such as a proxy's
  LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE  another pace than the exchange's`;

const ATHENA_HELP = `
Environment, for Athena:
  LAKEBOOK_ATHENA_OUTPUT         where Athena puts results: s3://bucket/folder/
  LAKEBOOK_ATHENA_WORKGROUP      or a workgroup that has such a place
  LAKEBOOK_ATHENA_BYTE_BUDGET    what one command may scan (default: 10GB)
  LAKEBOOK_ATHENA_REUSE_MINUTES  age up to which an earlier answer is taken again (default: 0, never)
  LAKEBOOK_ATHENA_USD_PER_TB     price for the estimate of costs (default: 5)
  AWS_REGION, AWS_PROFILE, …     as for all of AWS's tools; AWS_ENDPOINT_URL_ATHENA is another address`;

/** Builds the program; `run` receives each command's exit code. */
export function buildProgram(io: ProcessIo, run: (code: number) => void): Command {
  const program = new Command("lakebook")
    .description("A crypto market data lake and forecasting lab")
    .exitOverride()
    .configureOutput({
      writeOut: io.stdout,
      writeErr: io.stderr,
    })
    .showHelpAfterError("(--help shows the flags)");

  program.command("pipeline")
    .description("one whole run: ingest, process, materialize, quality, features, train, dashboard")
    .addOption(
      new Option(
        "--source <name>",
        "where data come from; auto asks CoinGecko and falls back to the demo market",
      )
        .choices(["auto", "demo", "coingecko", "csv"]),
    )
    .option(
      "--ohlcv <file>",
      "candle file time,open,close,high,low,volume (.csv or .csv.gz); repeatable",
      append,
    )
    .option("--lake <place>", LAKE)
    .addOption(ENGINE("who writes hourly gold of market snapshots; all else is DuckDB's work"))
    .option(
      "--sql-from <file>",
      "template for hourly gold instead of materialize/insert_last_hour.sql; ssm:NAME is one in Parameter Store",
    )
    .option("--models <folder>", "folder of the model registry (default: models, or models/demo)")
    .option("--only <steps>", "run these steps only, separated by commas")
    .option("--from <step>", "run this step and all after it")
    .addOption(QUALITY())
    .option("--seed <number>", "seed of the demo market and of the models", "1")
    .option("--now <time>", "run as if it were this time (ISO 8601)")
    .option("--dry-run", "say what would be done; write nothing")
    .option("--json", "print the run's summary as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { pipelineCommand } = await import("./pipeline_command.ts");
      run(await pipelineCommand(flags, withEffects(io, flags)));
    });

  program.command("backfill")
    .description("candle history from an exchange, or from files of known layouts")
    .option("--exchange <name>", "binance, bitstamp, coinbase, kraken, or any other that ccxt knows")
    .option("--symbol <name>", "the market, BTC/USD; what files are about (default for files: BTCUSD)")
    .option("--timeframe <length>", "bars of an exchange, 1m to 1d (default: 1d)")
    .option("--since <time>", "begin of an exchange's history (ISO 8601)")
    .option("--until <time>", "end of it, itself not included (default: now)")
    .option("--ohlcv <file>", "candle file, .csv, .csv.gz or .zip; repeatable", append)
    .option("--layout <name>", "the files' layout, where it should not be found out")
    .option("--timezone <zone>", "zone of a file's stamps in local time, such as Europe/Madrid")
    .addOption(QUALITY())
    .option("--lake <place>", "folder or s3://bucket/prefix of the lake (default: data/lake)")
    .option("--now <time>", "run as if it were this time (ISO 8601)")
    .option("--dry-run", "show what would be asked for, or how each file is understood; write nothing")
    .option("--json", "print the run's summary (or what --dry-run shows) as JSON on stdout")
    .addHelpText("after", EXCHANGE_HELP)
    .action(async (flags: Record<string, unknown>) => {
      const { backfillCommand } = await import("./backfill_command.ts");
      run(await backfillCommand(flags, withEffects(io, flags)));
    });

  program.command("query")
    .description("runs SQL (Athena's dialect) on the lake's tables and views")
    .argument("[sql]", 'one reading statement, such as "SELECT * FROM v_top_100 LIMIT 5"')
    .addOption(
      new Option("--format <name>", "how rows are printed; a table cuts long values, json and csv do not")
        .choices(["table", "json", "csv"]).default(
          "table",
        ),
    )
    .option(
      "--lake <place>",
      "folder or s3://bucket/prefix of the lake (default: data/lake, or data/demo where only that exists); " +
        "with Athena only beside --create or --dry-run",
    )
    .addOption(ENGINE("SQL engine"))
    .option(
      "--dry-run",
      "with Athena: print the definitions that the SQL needs (without SQL: all), and the SQL",
    )
    .option(
      "--create",
      "with Athena: make or update the tables and views that the SQL needs (without SQL: all)",
    )
    .addHelpText("after", ATHENA_HELP)
    .action(async (sql: string | undefined, flags: QueryFlags) => {
      const { queryCommand } = await import("./query_command.ts");
      run(await queryCommand(sql, flags, withEffects(io)));
    });

  program.command("gaps")
    .description(
      "the completeness ledger: expected, present, filled and absent bars, each gap with its cause",
    )
    .option("--symbol <name>", "one symbol, such as BTCUSD (default: all)")
    .option("--interval <length>", "bars of one length, such as 1m (default: all)")
    .option("--from <time>", "from this time on (ISO 8601) instead of the stream's own start")
    .option("--to <time>", "up to before this time (ISO 8601) instead of the stream's own end")
    .option(...LAKE_TO_READ)
    .option("--fill <source>", "take another source's bars of this lake where the stream's own are absent")
    .option("--dry-run", "with --fill: say how many could be filled; write nothing")
    .option("--now <time>", "judge as if it were this time (ISO 8601)")
    .option("--json", "print {streams} with every gap as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { gapsCommand } = await import("./gaps_command.ts");
      run(await gapsCommand(flags, withEffects(io, flags)));
    });

  program.command("quality")
    .description("checks a lake now and prints the report; exit code 5 where a check fails")
    .option("--date <day>", "check nothing: print the newest report of this day (YYYY-MM-DD)")
    .option(...LAKE_TO_READ)
    .option("--now <time>", "check as if it were this time (ISO 8601)")
    .option("--json", "print the report as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { qualityCommand } = await import("./quality_command.ts");
      run(await qualityCommand(flags, withEffects(io, flags)));
    });

  program.command("leaderboard")
    .description("compares models with the baselines on the same walk, and says which is to be served")
    .option("--ohlcv <file>", "a candle file instead of a lake, .csv, .csv.gz or .zip")
    .option(...LAKE_TO_READ)
    .option("--symbol <name>", "the market (default: BTCUSD)")
    .option(
      "--target <name>",
      "volatility, realised_volatility (of minutes), price or return (default: volatility)",
    )
    .option("--horizon <days>", "days ahead (default: 1)")
    .option("--since <day>", "leave out what is older (YYYY-MM-DD)")
    .option("--start <day>", "first day to forecast from (default: after two years, or half of the days)")
    .option("--refit <days>", "fit models anew after so many days (default: 30)")
    .option("--window <days>", "learn from so many newest days only (default: from all so far)")
    .option(
      "--embargo <days>",
      "days between what is learnt from and what is forecast, besides the horizon (default: 0)",
    )
    .option("--holdout <days>", "keep the newest days away from everything, for example 365d")
    .option("--score-holdout", "look at them, once: champion and best baseline; the look is recorded")
    .option("--again", "look although they were looked at before")
    .option("--holdout-log <file>", "the record of looks (default: data/holdouts.ndjson)")
    .option("--models <names>", "some of them, parted by commas (default: all but lstm, which takes minutes)")
    .option("--seed <number>", "first seed (default: 1)")
    .option("--seeds <number>", "seeds of a model that draws random numbers (default: 5)")
    .option("--chart <file>", "write the comparison as an SVG picture")
    .option("--cards <folder>", "write a model card in Markdown for each model")
    .option("--now <time>", "compare as if it were this time (ISO 8601)")
    .option("--json", "print {target, horizon, folds, models, champion, verdict, holdout} as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { leaderboardCommand } = await import("./leaderboard_command.ts");
      run(await leaderboardCommand(flags, withEffects(io, flags)));
    });

  program.command("train")
    .description("trains one model, judges it on later days beside the naive forecast, and saves it")
    .requiredOption("--model <name>", "lstm, forest, gbt, har, … (a wrong name lists them)")
    .addOption(
      new Option("--target <name>", "what is forecast").choices(TARGET_NAMES).default(
        "volatility",
      ),
    )
    .option("--ohlcv <file>", "a candle file instead of a lake, .csv, .csv.gz or .zip")
    .option(...LAKE_TO_READ)
    .option("--symbol <name>", "the market (default: BTCUSD)")
    .option("--horizon <days>", "days ahead (default: 1)")
    .option("--ahead <days>", "forecast so many days from the last one, each from those before it (lstm)")
    .option("--since <day>", "leave out what is older (YYYY-MM-DD)")
    .option("--tune [how]", "try settings out on the days trained on: random (default) or grid")
    .option("--trials <number>", "choices that a random search tries, the defaults first (default: 10)")
    .option("--set <name=value>", "a setting instead of its default; repeatable", append)
    .option("--seed <number>", "seed of weights, shuffles and draws (default: 1)")
    .option("--epochs <number>", "most passes over the data (lstm; default: 50)")
    .option("--resume", "go on where a training was stopped (lstm)")
    .option(
      "--threads <number>",
      "threads of a training (lstm; default: as many as there are cores, up to four)",
    )
    .addOption(
      new Option("--backend <name>", "what tfjs computes on (lstm)").choices(["cpu", "webgpu"]).default(
        "cpu",
      ),
    )
    .option(
      "--models <folder>",
      "folder of the model registry (default: models, or models/demo for a demo lake)",
    )
    .option("--now <time>", "train as if it were this time (ISO 8601)")
    .option("--json", "print {model, target, version, seconds, metrics, artefact, …} as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { trainCommand } = await import("./train_command.ts");
      run(await trainCommand(flags, withEffects(io, flags)));
    });

  program.command("leaks")
    .description(
      "changes the future and looks whether any feature or forecast of the past changes; exit code 5 if so",
    )
    .option("--ohlcv <file>", "a candle file instead of a lake, .csv, .csv.gz or .zip")
    .option(...LAKE_TO_READ)
    .option("--symbol <name>", "the market (default: BTCUSD)")
    .option("--target <name>", "volatility, price or return (default: volatility)")
    .option("--horizon <days>", "days ahead (default: 1)")
    .option("--now <time>", "look as if it were this time (ISO 8601)")
    .option("--json", "print {self_test, checked, leaks} as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { leaksCommand } = await import("./leaks_command.ts");
      run(await leaksCommand(flags, withEffects(io, flags)));
    });

  program.command("market")
    .description("serves the demo market over HTTP with CoinGecko's paths, with faults where asked for")
    .option("--port <number>", "port on this machine; 0 takes a free one (default: 8571)")
    .option("--seed <number>", "seed of the demo market (default: 1)")
    .option("--now <time>", "stop the market's clock at this time (ISO 8601)")
    .option("--faults <plan>", "storm, flaky, garbage, drift or a JSON file; list shows the kinds of faults")
    .option("--json", "print the address as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { marketCommand } = await import("./market_command.ts");
      run(await marketCommand(flags, withEffects(io, flags)));
    });

  registerIngest(program, (flags) => withEffects(io, flags), run);
  registerNotebooks(program, io, run);

  return program;
}

function append(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function withEffects(io: ProcessIo, flags: { now?: unknown } = {}): CommandIo {
  const fixed = flags.now === undefined ? null : readNow(String(flags.now));
  const say = (text: string) => io.stderr(`${text}\n`);
  const now = () => fixed === null ? (io.now?.() ?? new Date()) : new Date(fixed);
  const log = { info: say, warn: say };
  return { ...io, effects: { fetch: io.fetch, now, sleep: io.sleep ?? sleep, random: Math.random, log } };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => {
    clearTimeout(timer);
    reject(signal!.reason);
  };
  signal?.addEventListener("abort", stop, { once: true });
  return promise.finally(() => signal?.removeEventListener("abort", stop));
}

function readNow(text: string): Date {
  try {
    return parseInstant(text);
  } catch (cause) {
    throw new UsageError(`Cannot use --now: ${(cause as Error).message}`, { cause });
  }
}

/** Runs a command line; gives the exit code. */
export async function main(args: readonly string[], io: ProcessIo): Promise<number> {
  let code: number = EXIT.ok;
  try {
    await buildProgram(io, (result) => code = result).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    io.stderr(`${error instanceof LakebookError ? error.message : Deno.inspect(error)}\n`);
    return exitCodeOf(error);
  }
}

/** How long an interrupted process may take to go. */
const LAST_WORDS_MS = 5_000;

/**
 * Commands that compute for long without a pause, in which no listener would hear a signal: it ends them by itself, but
 * for the time in which something has to be done first.
 */
const COMPUTE = ["leaderboard", "leaks", "train"];

/** Listens to signals, while there is something to do or always; what is to be done is for commands to say. */
function listenToSignals({ always }: { always: boolean }): LastActs {
  const acts = new Set<() => Promise<void>>();
  const onSignal = async () => {
    // Of the lake little has to be cleaned up: it holds whole objects only, and a folder's lock goes with the process.
    console.error(
      always
        ? "Interrupted: what was committed stays, run again to go on."
        : "Interrupted: nothing was made.",
    );
    const last = [...acts];
    // Once: whoever interrupts a second time means it.
    acts.clear();
    if (last.length > 0) {
      await Promise.race([Promise.allSettled(last.map((act) => act())), sleep(LAST_WORDS_MS)]);
    }
    Deno.exit(EXIT.interrupted);
  };
  const turn = (listen: typeof Deno.addSignalListener) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) listen(signal, onSignal);
  };
  if (always) {
    turn(Deno.addSignalListener);
    return acts;
  }
  return {
    add(act) {
      if (acts.size === 0) turn(Deno.addSignalListener);
      acts.add(act);
    },
    delete(act) {
      if (acts.delete(act) && acts.size === 0) turn(Deno.removeSignalListener);
    },
  };
}

if (import.meta.main) {
  const atInterrupt = listenToSignals({ always: !COMPUTE.includes(Deno.args[0] ?? "") });
  const code = await main(Deno.args, {
    env: Object.fromEntries(SETTINGS.map((name) => [name, Deno.env.get(name)])),
    fetch: globalThis.fetch,
    stdout: writeOut,
    stderr: (text) => writeAll(Deno.stderr, text),
    terminal: Deno.stderr.isTerminal(),
    atInterrupt,
  });
  Deno.exit(code);
}

/** Where the reader has gone, as behind `| head`, the process ends without a word, as SIGPIPE would end it. */
function writeOut(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.unread);
    throw error;
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
}
