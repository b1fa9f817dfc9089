/** Another template for hourly gold than the repository's: from a file, or from Parameter Store. */
import { UsageError } from "../core/errors.ts";
import { ANALYTICS_PRICES } from "../core/tables.ts";
import { hourPlaces } from "../warehouse/market_hours.ts";
import type { CommandIo } from "./command_io.ts";

const TARGET = `${ANALYTICS_PRICES.database}.${ANALYTICS_PRICES.name}`;
const PARAMETER = "ssm:";

/**
 * Reads a template, from a file or, as `ssm:NAME`, from Parameter Store. Its text is part of what an hour is made from:
 * with another template all hours are made again, by DuckDB in place of what is there, by Athena beside it. So a
 * template must leave out what is there.
 *
 * @throws {UsageError} where it cannot be read, inserts elsewhere, or has a place that nothing fills.
 * @throws {LakebookError} as `readParameter` does, where Parameter Store does not give it.
 */
export async function readInsertTemplate(
  place: string,
  { env, effects }: Pick<CommandIo, "env" | "effects">,
): Promise<string> {
  const cannot = (state: string) => new UsageError(`Cannot use --sql-from "${place}": ${state}`);
  const readFile = () =>
    Deno.readTextFile(place).catch((error) => {
      throw cannot(`it cannot be read (${(error as Error).message}), name a file with the statement`);
    });
  const fetchParameter = async () => {
    const { readParameter } = await import("../warehouse/parameter_store.ts");
    return await readParameter(place.slice(PARAMETER.length), { env, effects });
  };
  const sql = await (place.startsWith(PARAMETER) ? fetchParameter() : readFile());

  const text = sql.replaceAll(/--[^\n]*/g, "");
  if (!new RegExp(`^\\s*INSERT\\s+INTO\\s+${TARGET.replace(".", "\\.")}\\b`, "i").test(text)) {
    throw cannot(`it does not insert into ${TARGET}, begin with INSERT INTO ${TARGET}`);
  }
  const places = Object.keys(hourPlaces(0));
  // Places in comments are filled, too.
  const unknown = [...sql.matchAll(/\$\{([^}]*)\}/g)].find(([, name]) => !places.includes(name!));
  if (unknown) {
    throw cannot(
      `it has the place ${unknown[0]}, known are ${places.map((name) => `\${${name}}`).join(", ")}`,
    );
  }
  return sql;
}
