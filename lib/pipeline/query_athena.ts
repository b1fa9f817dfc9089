/** `deno task query --engine athena`: the same SQL on S3, with its definitions on request and its price. */
import { ConfigError, SqlError, UsageError } from "../core/errors.ts";
import { checkProjection } from "../core/partition_check.ts";
import { lakeKind, openStore } from "../lake/open_lake.ts";
import { athenaSettings, usdPerTb } from "../warehouse/athena_settings.ts";
import { athenaStatements, touchedTables } from "../warehouse/athena_statements.ts";
import type { AthenaEngine, AthenaSummary } from "../warehouse/engine_athena.ts";
import { billedBytes, megabytes } from "../warehouse/athena_price.ts";
import { isReading, notReading, resolveNames } from "../warehouse/resolve_names.ts";
import { translate } from "../warehouse/translate.ts";
import { lookAsAthena } from "./athena_findings.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { EXIT } from "./exit_codes.ts";
import { formatRows, type RowFormat } from "./format_rows.ts";
import { nearestHint } from "./query_hints.ts";

/** Stands for the bucket of a lake that lies on this machine's disk. */
const SOME_BUCKET = "s3://your-bucket/lake";

/** What was asked for. */
export interface AthenaQuery {
  sql: string | undefined;
  format: RowFormat;
  lake: string | undefined;
  create: boolean;
  dryRun: boolean;
}

/** Runs the command; gives the exit code. */
export async function queryAthena(query: AthenaQuery, io: CommandIo): Promise<number> {
  if (query.dryRun) return await dryRun(query, io);
  const { sql, lake, create } = query;
  if (create && !/^s3:\/\//i.test(lake ?? "")) {
    throw new UsageError(
      `Cannot create Athena's tables over ${
        lake === undefined ? "no lake" : `lake "${lake}"`
      }: Athena reads S3, name the lake with --lake s3://bucket/prefix (--dry-run shows the statements for any lake)`,
    );
  }
  if (!create && lake !== undefined) {
    throw new UsageError(
      `Cannot use --lake "${lake}" with --engine athena: its tables know where they lie, leave it out, or add ` +
        `--create to make tables over that lake, or --dry-run to see how`,
    );
  }
  if (!create && sql === undefined) {
    throw new UsageError(`Cannot query: no SQL is given, write it in quotes, or add --create or --dry-run`);
  }

  const settings = athenaSettings(io.env);
  // Loaded here: a dry run needs nothing of AWS.
  const { AthenaEngine } = await import("../warehouse/engine_athena.ts");
  using engine = new AthenaEngine(settings, io.effects);
  const interrupted = new AbortController();
  const work = runOn(engine, query, interrupted.signal, io);
  const stop = async () => {
    interrupted.abort();
    await work.catch(() => {});
  };
  io.atInterrupt?.add(stop);
  try {
    await work;
  } finally {
    io.atInterrupt?.delete(stop);
  }
  return EXIT.ok;
}

async function runOn(
  engine: AthenaEngine,
  { sql, format, lake, create }: AthenaQuery,
  signal: AbortSignal,
  io: CommandIo,
): Promise<void> {
  if (create) await createAll(engine, { sql, lake: lake! }, signal, io);
  if (sql === undefined) return;
  const { summary, ...result } = await engine.query(sql, { signal });
  io.stdout(formatRows(result, format));
  io.effects.log.info(summaryLine(summary, result.rows.length));
}

/** Makes the tables and views that the query stands on, or all of them. */
async function createAll(
  engine: AthenaEngine,
  { sql, lake }: { sql: string | undefined; lake: string },
  signal: AbortSignal,
  io: CommandIo,
): Promise<void> {
  const { log, now } = io.effects;
  const store = await openStore(lake, io);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  if (await lakeKind(store) === null) {
    throw new ConfigError(
      `Cannot create tables over lake "${store.url}": there is no lake, make one with \`deno task pipeline --lake ${store.url}\``,
    );
  }
  const { words, warnings } = await lookAsAthena(store, await touchedTables(sql), now());
  for (const { detail } of warnings) log.warn(`warning: ${detail}`);
  const statements = await athenaStatements(sql, { lake: store.url, values: words }, { update: true });
  for (const { sql } of statements) await engine.run(sql, { signal });
  const names = [...new Set(statements.map(({ name }) => name))];
  log.info(`Athena has ${names.length === 0 ? "nothing to define for this query" : names.join(", ")}`);
}

/** Prints the definitions and the query, and asks nobody. */
async function dryRun({ sql, format, lake, create }: AthenaQuery, io: CommandIo): Promise<number> {
  const { log } = io.effects;
  const place = await placeWithoutNetwork(sql, lake, io);
  const statements = await athenaStatements(sql, place, { update: create });
  if (sql !== undefined) {
    await checkStatement(sql, log);
    const { sql: resolved, unknown } = await resolveNames(sql);
    statements.push({ name: "query", sql: resolved.trim().replace(/;$/, "") });
    for (const name of unknown) log.warn(nearestHint(name));
  }
  if (format === "table") io.stdout(statements.map(({ sql }) => `${sql};\n`).join("\n"));
  else {
    const columns = ["name", "sql"].map((name) => ({ name, type: "VARCHAR" }));
    io.stdout(formatRows({ columns, rows: statements.map(({ name, sql }) => [name, sql]) }, format));
  }
  return EXIT.ok;
}

/** What Athena would refuse: several statements, those that write, and perhaps what our parser cannot read. */
async function checkStatement(sql: string, log: CommandIo["effects"]["log"]): Promise<void> {
  if (!isReading(sql)) throw notReading(sql);
  try {
    await translate(sql);
  } catch (error) {
    if (!(error instanceof SqlError) || error.message.includes("give exactly one")) throw error;
    log.warn(`warning: Athena may refuse this. ${error.message}`);
  }
}

async function placeWithoutNetwork(sql: string | undefined, lake: string | undefined, io: CommandIo) {
  const { log, now } = io.effects;
  const tables = await touchedTables(sql);
  if (lake !== undefined && /^s3:\/\//i.test(lake)) {
    for (const { detail } of tables.flatMap((table) => checkProjection(table, [], now()))) {
      log.warn(`warning: ${detail}`);
    }
    log.info("A dry run does not look into the lake: --create adds the symbols and sources that it has.");
    return { lake };
  }
  const store = await chooseLake(lake, io);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  const { words, warnings, bytes } = await lookAsAthena(store, tables, now());
  for (const { detail } of warnings) log.warn(`warning: ${detail}`);
  log.info(
    `${store.url} lies on this machine: ${SOME_BUCKET} stands for its place on S3 (--lake names one).`,
  );
  if (sql !== undefined && tables.length > 0) {
    const usd = billedBytes(bytes) * usdPerTb(io.env) / 1e12;
    log.info(
      `Its tables hold ${megabytes(bytes)} here: the query would cost about USD ${
        Number(usd.toPrecision(2))
      } at most, ` +
        `less for each partition and Parquet column that it leaves out.`,
    );
  }
  return { lake: SOME_BUCKET, values: words };
}

function summaryLine(summary: AthenaSummary, rows: number): string {
  const { query_id, bytes_scanned, bytes_billed, usd, reused, duration_ms } = summary;
  const price = reused
    ? "an earlier answer, free"
    : `${megabytes(bytes_scanned)} scanned, ${megabytes(bytes_billed)} billed, about USD ${
      Number(usd.toPrecision(2))
    }`;
  return `Athena: ${rows} ${rows === 1 ? "row" : "rows"}; ${price}; ${
    (duration_ms / 1000).toFixed(1)
  } s; ${query_id}`;
}
