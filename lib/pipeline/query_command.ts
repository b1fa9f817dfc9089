/** `deno task query "SQL"`: the lake's tables and views, read only, on DuckDB or on Athena. */
import { SqlError, UsageError } from "../core/errors.ts";
import type { ObjectStore } from "../lake/store.ts";
import { registerStatement, statementObjects } from "../warehouse/catalog.ts";
import { damagedBehind } from "../warehouse/damaged_objects.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { locateSqlError } from "../warehouse/sql_position.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { EXIT } from "./exit_codes.ts";
import { formatPages, type RowFormat } from "./format_rows.ts";
import { sqlHint } from "./query_hints.ts";

/** The command's flags. */
export interface QueryFlags {
  format: RowFormat;
  engine: "duckdb" | "athena";
  lake?: string | undefined;
  create?: boolean;
  dryRun?: boolean;
}

/** Runs the command; gives the exit code. */
export async function queryCommand(
  sql: string | undefined,
  { format, engine, lake, create = false, dryRun = false }: QueryFlags,
  io: CommandIo,
): Promise<number> {
  try {
    if (engine === "athena") {
      const { queryAthena } = await import("./query_athena.ts");
      return await queryAthena({ sql, format, lake, create, dryRun }, io);
    }
    if (create || dryRun) {
      throw new UsageError(
        `Cannot use --${
          create ? "create" : "dry-run"
        } with DuckDB: it has nothing to define, add --engine athena`,
      );
    }
    if (sql === undefined) throw new UsageError("Cannot query: no SQL is given, write it in quotes");
    return await queryDuckDb(sql, { format, lake }, io);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const hint = sqlHint(error.message);
    if (hint === null) throw error;
    throw new SqlError(`${error.message}\n${hint}`, { cause: error });
  }
}

async function queryDuckDb(
  sql: string,
  { format, lake }: Pick<QueryFlags, "format" | "lake">,
  { effects, stdout, env }: CommandIo,
): Promise<number> {
  const store = await chooseLake(lake, { env, effects });
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  using engine = await openDuckDb();
  const answer = async (without: ReadonlySet<string> = new Set()) => {
    await registerStatement(engine, store, sql, { without });
    return await engine.queryPages(sql);
  };
  const explained = (error: unknown) => {
    if (!(error instanceof SqlError)) throw error;
    throw new SqlError(locateSqlError(sql, error), { cause: error });
  };
  const result = await answer().catch(async (error) => {
    const damaged = error instanceof SqlError ? await damagedBehind(error, engine, store, sql) : [];
    if (damaged.length === 0) return explained(error);
    for (const key of damaged) {
      effects.log.warn(
        `${key} is damaged and left out of the answer: move it aside with \`deno task doctor --quarantine ` +
          `--lake ${store.url}\` and run the pipeline again`,
      );
    }
    return await answer(new Set(damaged)).catch(explained);
  });
  for (const piece of formatPages(result, format)) stdout(piece);
  if (/^\s*explain\b/i.test(sql)) {
    for (const line of await partitionLines(store, sql)) effects.log.info(line);
  }
  return EXIT.ok;
}

/** What the keys leave to a statement, before the plan's own file filters: DuckDB does not name objects. */
async function partitionLines(store: ObjectStore, sql: string): Promise<string[]> {
  return (await statementObjects(store, sql)).map(({ table, keys }) => {
    const folders = keys.map((key) => key.slice(table.prefix.length, key.lastIndexOf("/")));
    const partitions = [...new Set(folders)].sort();
    const span = partitions.length > 1 ? `${partitions[0]} to ${partitions.at(-1)}` : partitions[0] ?? "none";
    const counts = `${count(keys.length, "object")} in ${count(partitions.length, "partition")}`;
    return `${table.database}.${table.name}: ${counts} at most, ${span}`;
  });
}

function count(n: number, what: string): string {
  return `${n} ${n === 1 ? what : `${what}s`}`;
}
