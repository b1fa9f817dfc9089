/**
 * A Trino server, the engine behind Athena, as a client: statements over HTTP, and tables over a lake's folders.
 *
 * It has to have a Hive connector on local files, and to read the folders that this program makes:
 *
 * ```properties
 * connector.name=hive
 * hive.metastore=file
 * hive.metastore.catalog.dir=/var/trino/metastore
 * hive.non-managed-table-writes-enabled=true
 * ```
 *
 * Newer servers also want `fs.hadoop.enabled=true` there. It was tried with Trino 380 on Java 17, made of the Maven
 * artefacts `io.trino:trino-main`, `io.trino:trino-hive` and `io.trino.hadoop:hadoop-apache`.
 */
import { parseExactJson } from "../core/exact_json.ts";
import type { TableDefinition } from "../core/tables.ts";

const TYPES = {
  string: "varchar",
  int: "integer",
  bigint: "bigint",
  double: "double",
  date: "date",
  timestamp: "timestamp",
};

/** What a statement is answered with: Trino's own types, values as they come in its JSON; integers are exact. */
export interface TrinoAnswer {
  columns: { name: string; type: string }[];
  rows: unknown[][];
}

/** A Trino server's answers to statements. */
export class Trino {
  readonly #server: string;
  readonly #headers: Record<string, string>;

  constructor(server: string, catalog: string) {
    this.#server = server;
    this.#headers = {
      "X-Trino-User": "lakebook",
      "X-Trino-Catalog": catalog,
      "X-Trino-Time-Zone": "UTC",
      // As Athena does: a scan waits for what the other side of its join says of partitions.
      "X-Trino-Session": `${catalog}.dynamic_filtering_wait_timeout=20s`,
    };
  }

  /** `Trino 380`. */
  async version(): Promise<string> {
    const answer = await fetch(`${this.#server}/v1/info`);
    return `Trino ${(await answer.json()).nodeVersion.version}`;
  }

  /** Rows of a statement. */
  async run(sql: string): Promise<unknown[][]> {
    return (await this.ask(sql)).rows;
  }

  /** Columns and rows of a statement. */
  async ask(sql: string): Promise<TrinoAnswer> {
    const rows: unknown[][] = [];
    let columns: TrinoAnswer["columns"] = [];
    let answer = await fetch(`${this.#server}/v1/statement`, {
      method: "POST",
      body: sql,
      headers: this.#headers,
    });
    while (true) {
      const page = parseExactJson(await answer.text()) as TrinoPage;
      if (page.error) throw new Error(`Trino says of "${sql.slice(0, 200)}": ${page.error.message}`);
      if (page.columns) columns = page.columns.map(({ name, type }) => ({ name, type }));
      rows.push(...page.data ?? []);
      if (page.nextUri === undefined) return { columns, rows };
      answer = await fetch(page.nextUri, { headers: this.#headers });
    }
  }
}

interface TrinoPage {
  nextUri?: string;
  columns?: { name: string; type: string }[];
  data?: unknown[][];
  error?: { message: string };
}

/** Makes a table over a folder, with all its partitions. */
export async function makeTable(trino: Trino, table: TableDefinition, folder: string): Promise<void> {
  const name = `${table.database}.${table.name}`;
  const columns = Object.entries({ ...table.columns, ...table.partitions })
    .map(([column, type]) => `"${column}" ${TYPES[type]}`);
  const partitions = Object.keys(table.partitions).map((column) => `'${column}'`);
  await Deno.mkdir(folder, { recursive: true });
  await trino.run(`DROP TABLE IF EXISTS ${name}`);
  await trino.run(
    `CREATE TABLE ${name} (${columns.join(", ")}) WITH (external_location = 'file://${folder}',
      format = '${table.format === "parquet" ? "PARQUET" : "JSON"}', partitioned_by = ARRAY[${
      partitions.join(", ")
    }])`,
  );
  await trino.run(`CALL system.sync_partition_metadata('${table.database}', '${table.name}', 'FULL')`);
}
