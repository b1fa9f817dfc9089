/** What to say to somebody whose SQL was refused. */
import { nearestName } from "../core/nearest_name.ts";
import { TABLES } from "../core/tables.ts";
import { databaseOf, VIEWS } from "../warehouse/catalog.ts";

const NAMES: readonly string[] = [...TABLES.map(({ name }) => name), ...VIEWS];

/**
 * A hint for a statement that an engine refused, from the engine's words; null where the statement was not the matter,
 * but its cost, or somebody who cancelled it.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const message = "TABLE_NOT_FOUND: Table 'awsdatacatalog.crypto_gold.v_top_10' does not exist";
 * assertStringIncludes(sqlHint(message)!, 'did you mean "v_top_100"?');
 * ```
 */
export function sqlHint(message: string): string | null {
  if (/raise (LAKEBOOK_ATHENA_BYTE_BUDGET|the workgroup's limit)|somebody cancelled it/.test(message)) {
    return null;
  }
  const schema = /\bSchema '(\w+)' does not exist/i.exec(message)?.[1];
  if (schema !== undefined && TABLES.some(({ database }) => database === schema)) return createHint(schema);
  const { name, database, engine } = missingTable(message);
  if (name !== undefined) {
    const home = databaseOf(name);
    if (home === null) return nearestHint(name);
    if (engine === "athena" && (database === undefined || database === home)) return createHint(name);
    return `hint: "${name}" is in database ${home}: write ${home}.${name}, or its name alone`;
  }
  if (/does not exist|not found|cannot be resolved/i.test(message)) {
    return `hint: ${allNames()}; columns of one: DESCRIBE <name>`;
  }
  return `hint: SQL is Athena's dialect (Trino), one reading statement; strings stand in 'single quotes', names in "double quotes"`;
}

/** A hint for a name that is no table or view of the lake. */
export function nearestHint(name: string): string {
  const nearest = nearestName(name, NAMES);
  return nearest === null
    ? `hint: there is no table or view "${name}"; ${allNames()}`
    : `hint: there is no table or view "${name}", did you mean "${nearest}"? ${allNames()}`;
}

function createHint(name: string): string {
  return `hint: Athena's catalog does not have "${name}" yet: ` +
    `deno task query --engine athena --create --lake s3://bucket/prefix makes the lake's tables and views`;
}

/** The name that DuckDB or Athena did not find; Athena names the database as well. */
function missingTable(
  message: string,
): { name?: string | undefined; database?: string | undefined; engine: "duckdb" | "athena" } {
  const duckdb = /\bTable with name "?(\w+)"? does not exist/i.exec(message);
  if (duckdb) return { name: duckdb[1], engine: "duckdb" };
  const [name, database] =
    /\b(?:Table|View) '([\w.]+)' does not exist/i.exec(message)?.[1]?.split(".").reverse() ??
      [];
  return { name, database, engine: "athena" };
}

function allNames(): string {
  return `tables: ${TABLES.map(({ name }) => name).join(", ")}; views: ${VIEWS.join(", ")}`;
}
