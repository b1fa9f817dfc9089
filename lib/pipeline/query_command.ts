/** `deno task query "SQL"`: the lake's tables and views, read only. */
import { SqlError } from "../core/errors.ts";
import { TABLES } from "../core/tables.ts";
import { registerStatement, VIEWS } from "../warehouse/catalog.ts";
import { damagedBehind } from "../warehouse/damaged_objects.ts";
import { openDuckDb } from "../warehouse/engine_duckdb.ts";
import { locateSqlError } from "../warehouse/sql_position.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { EXIT } from "./exit_codes.ts";
import { formatRows, type RowFormat } from "./format_rows.ts";

/** Runs the command; gives the exit code. */
export async function queryCommand(
  sql: string,
  { format, lake }: { format: RowFormat; lake?: string | undefined },
  { effects, stdout, env }: CommandIo,
): Promise<number> {
  const store = await chooseLake(lake, { env, effects });
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  using engine = await openDuckDb();
  const answer = async (without: ReadonlySet<string> = new Set()) => {
    await registerStatement(engine, store, sql, { without });
    return await engine.query(sql);
  };
  const explained = (error: unknown) => {
    if (!(error instanceof SqlError)) throw error;
    throw new SqlError(`${locateSqlError(sql, error)}\n${hint(error.message)}`, { cause: error });
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
  stdout(formatRows(result, format));
  return EXIT.ok;
}

function hint(message: string): string {
  if (/does not exist|not found/i.test(message)) {
    return `hint: tables: ${TABLES.map(({ name }) => name).join(", ")}; views: ${VIEWS.join(", ")}; ` +
      `columns of one: DESCRIBE <name>`;
  }
  return `hint: SQL is Athena's dialect (Trino), one reading statement; strings stand in 'single quotes', names in "double quotes"`;
}
