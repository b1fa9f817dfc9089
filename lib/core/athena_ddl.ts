/** The tables' definitions as Athena's statements: text from constants and from values that are on an allow-list. */
import { UsageError } from "./errors.ts";
import type { Projection, TableDefinition } from "./tables.ts";

/** Where a lake lies, and the words that its keys have beyond those of the definitions. */
export interface AthenaPlace {
  /** `s3://bucket/prefix`. */
  lake: string;
  /** By partition column: the symbols and sources of this lake. */
  values?: Readonly<Record<string, readonly string[]>>;
}

/**
 * How the objects of a format are read.
 *
 * - Rows that Lakebook writes as NDJSON go through Hive's JSON SerDe: a text where a number belongs fails the query, and
 *   a column of type string gets the number's own digits. OpenX makes null of what it cannot read, and writes a number
 *   in a text column anew; Athena's guide warns that its answers "can be non-deterministic".
 * - The run log goes through OpenX all the same, because its `inputs` and `outputs` are lists: OpenX gives a list as
 *   text to a column of type string, Hive's SerDe fails.
 * - CSV goes through OpenCSVSerDe by position, so an empty number fails the query; it cannot be written to.
 */
const ROW_FORMATS: Readonly<Record<TableDefinition["format"], readonly string[]>> = {
  parquet: ["STORED AS PARQUET"],
  ndjson: ["ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'"],
  json: ["ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"],
  csv: [
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'",
    `WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"', 'escapeChar' = '\\\\')`,
  ],
};

/**
 * The statement that makes a database where there is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(createDatabase("crypto_gold"), "CREATE DATABASE IF NOT EXISTS crypto_gold");
 * ```
 */
export function createDatabase(database: TableDefinition["database"]): string {
  return `CREATE DATABASE IF NOT EXISTS ${database}`;
}

/**
 * The statement that makes a table over a lake's objects, where there is none. Partitions are projected, so nothing
 * has to be registered, ever.
 *
 * @throws {UsageError} where the lake's place or a value holds a character that could end a literal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PROCESSED_PARTITIONED } from "./tables.ts";
 * assertEquals(
 *   createTable(PROCESSED_PARTITIONED, { lake: "s3://prices/lake" }),
 *   `CREATE EXTERNAL TABLE IF NOT EXISTS crypto_gold.processed_partitioned (
 *   \`day\` date,
 *   \`avg_price_usd\` double,
 *   \`min_price_usd\` double,
 *   \`max_price_usd\` double
 * )
 * PARTITIONED BY (year int)
 * STORED AS PARQUET
 * LOCATION 's3://prices/lake/analytics/daily_prices/'
 * TBLPROPERTIES (
 *   'parquet.compression' = 'SNAPPY',
 *   'projection.enabled' = 'true',
 *   'projection.year.type' = 'integer',
 *   'projection.year.range' = '2009,2035',
 *   'storage.location.template' = 's3://prices/lake/analytics/daily_prices/year=\${year}/'
 * )`,
 * );
 * ```
 */
export function createTable(table: TableDefinition, place: AthenaPlace): string {
  // In backquotes, since `timestamp` is one of Hive's own words; the partitions' names are none.
  const columns = Object.entries(table.columns).map(([name, type]) => `  \`${name}\` ${type}`);
  const partitions = Object.entries(table.partitions).map(([name, type]) => `${name} ${type}`);
  return [
    `CREATE EXTERNAL TABLE IF NOT EXISTS ${table.database}.${table.name} (`,
    columns.join(",\n"),
    ")",
    `PARTITIONED BY (${partitions.join(", ")})`,
    ...ROW_FORMATS[table.format],
    `LOCATION '${tableLocation(table, place.lake)}'`,
    `TBLPROPERTIES (\n${properties({ ...fileProperties(table), ...projectionProperties(table, place) })}\n)`,
  ].join("\n");
}

/**
 * The statement that gives a table that is there already today's ranges, words and place: for new symbols, or a lake
 * that has moved.
 *
 * @throws {UsageError} as {@linkcode createTable}.
 */
export function updateTable(table: TableDefinition, place: AthenaPlace): string {
  return `ALTER TABLE ${table.database}.${table.name} SET TBLPROPERTIES (\n${
    properties(projectionProperties(table, place))
  }\n)`;
}

function fileProperties(table: TableDefinition): Record<string, string> {
  return {
    ...table.compression ? { "parquet.compression": table.compression.toUpperCase() } : {},
    ...table.format === "csv" ? { "skip.header.line.count": "1" } : {},
  };
}

function projectionProperties(table: TableDefinition, { lake, values = {} }: AthenaPlace) {
  const columns = Object.entries(table.projection)
    .flatMap(([name, projection]) =>
      Object.entries(projectionOf(projection, values[name]))
        .map(([key, value]) => [`projection.${name}.${key}`, value])
    );
  const folders = Object.keys(table.partitions).map((name) => `${name}=\${${name}}/`).join("");
  return {
    "projection.enabled": "true",
    ...Object.fromEntries(columns),
    "storage.location.template": `${tableLocation(table, lake)}${folders}`,
  };
}

function projectionOf(projection: Projection, further: readonly string[] = []): Record<string, string> {
  switch (projection.type) {
    case "integer": {
      const { from, to, digits } = projection;
      return { type: "integer", range: `${from},${to}`, ...digits ? { digits: String(digits) } : {} };
    }
    case "date":
      return {
        type: "date",
        range: `${projection.from},NOW`,
        format: "yyyy-MM-dd",
        interval: "1",
        "interval.unit": "DAYS",
      };
    case "enum":
      return {
        type: "enum",
        values: [...new Set([...projection.values, ...further.map(allowedWord)])].join(","),
      };
  }
}

/** A table's folder. */
function tableLocation(table: TableDefinition, lake: string): string {
  if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9_.=+-]+)*\/?$/.test(lake)) {
    throw new UsageError(
      `Cannot make tables over lake "${lake}": Athena reads s3://bucket/prefix with folders of letters, digits and ` +
        `"_.=+-", name such a place with --lake`,
    );
  }
  return `${lake.replace(/\/$/, "")}/${table.prefix}`;
}

function allowedWord(word: string): string {
  if (/^[A-Za-z0-9_.+-]+$/.test(word)) return word;
  throw new UsageError(
    `Cannot make a table with partition "${word}": it has other characters than letters, digits and "_.+-", ` +
      `rename its folder in the lake`,
  );
}

function properties(all: Readonly<Record<string, string>>): string {
  return Object.entries(all).map(([key, value]) => `  '${key}' = '${value}'`).join(",\n");
}
