/** Another template for hourly gold than the repository's, from a file. */
import { UsageError } from "../core/errors.ts";
import { ANALYTICS_PRICES } from "../core/tables.ts";
import { hourPlaces } from "../warehouse/market_hours.ts";

const TARGET = `${ANALYTICS_PRICES.database}.${ANALYTICS_PRICES.name}`;

/**
 * Reads a template. Its text is part of what an hour is made from: with another template all hours are made again, by
 * DuckDB in place of what is there, by Athena beside it. So a template must leave out what is there.
 *
 * @throws {UsageError} where it cannot be read, inserts elsewhere, or has a place that nothing fills.
 */
export async function readInsertTemplate(path: string): Promise<string> {
  const cannot = (state: string) => new UsageError(`Cannot use --sql-from "${path}": ${state}`);
  if (path.startsWith("ssm:")) {
    const name = path.slice("ssm:".length);
    throw cannot(
      `a file is read, no parameter store; get the parameter first: aws ssm get-parameter --name ${name} ` +
        `--query Parameter.Value --output text > insert.sql`,
    );
  }
  const sql = await Deno.readTextFile(path).catch((error) => {
    throw cannot(`it cannot be read (${(error as Error).message}), name a file with the statement`);
  });
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
