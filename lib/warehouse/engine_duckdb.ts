/** The embedded SQL engine: what Athena is on AWS, DuckDB is here. One engine is one in-memory database. */
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance } from "@duckdb/node-api";
import { SqlError } from "../core/errors.ts";
import { notReading } from "./resolve_names.ts";
import type { QueryPages, QueryResult, SqlEngine } from "./sql_engine.ts";
import { translate } from "./translate.ts";

/** The engine's vectors hold no more. */
const CHUNK_ROWS = 2048;

/** What makes DuckDB answer as Athena does: integer division truncates, and names that the translator leaves alone. */
const DIALECT = `
  SET GLOBAL TimeZone = 'UTC';
  SET GLOBAL integer_division = true;
  CREATE MACRO from_unixtime(seconds) AS to_timestamp(seconds);
  CREATE MACRO from_unixtime_nanos(nanos) AS make_timestamp(nanos // 1000);
  CREATE MACRO sequence(first, last) AS generate_series(first, last);
  CREATE MACRO approx_percentile(x, fraction) AS approx_quantile(x, fraction);
  CREATE SCHEMA crypto_analytics;
  CREATE SCHEMA crypto_gold;
  CREATE SCHEMA lakebook;
  CREATE SCHEMA stage;`;

const SESSION = `SET search_path = 'crypto_gold,crypto_analytics,lakebook,main'`;

/** Settings of {@linkcode openDuckDb}. */
export interface DuckDbOptions {
  /** Threads; a materialization runs on one, so that sums come out the same to the last bit. */
  threads?: number;
  /** Memory limit in DuckDB's words. */
  memoryLimit?: string;
  /** Folder for what does not fit into memory; without one DuckDB fails instead of spilling. */
  spillFolder?: string;
}

/**
 * Opens an engine. Sessions run in UTC; the schemas are the two databases of the lake.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * using engine = await openDuckDb();
 * const { rows } = await engine.query("SELECT date(from_unixtime(86400)) AS day, 1 + 1 AS two");
 * assertEquals(rows[0]![1], 2);
 * ```
 */
export async function openDuckDb(
  { threads = 2, memoryLimit = "1GB", spillFolder }: DuckDbOptions = {},
): Promise<DuckDb> {
  // Loaded here rather than above: the library is large, and a caller can copy or decompress files meanwhile.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(threads),
    memory_limit: memoryLimit,
    temp_directory: spillFolder ?? "",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const engine = new DuckDb(instance, connection);
  await engine.run(DIALECT);
  await engine.run(SESSION);
  return engine;
}

/** An open engine. `run` and `read` take DuckDB's own SQL, `query` and `createFromAthena` take Athena's. */
export class DuckDb implements SqlEngine, Disposable {
  #instance: DuckDBInstance;
  #connection: DuckDBConnection;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  /** Runs a DuckDB statement for its effect. */
  async run(sql: string): Promise<void> {
    await this.#explained(sql, () => this.#connection.run(sql));
  }

  /**
   * Runs statements that take effect together at its end, or not at all.
   *
   * @example
   * ```ts
   * import { assertEquals, assertRejects } from "@std/assert";
   * using engine = await openDuckDb();
   * await engine.run("CREATE TABLE t (i INTEGER)");
   * await assertRejects(() => engine.transaction(async () => {
   *   await engine.run("INSERT INTO t VALUES (1)");
   *   await engine.run("INSERT INTO t VALUES ('one')");
   * }));
   * assertEquals((await engine.read("FROM t")).rows, []);
   * ```
   */
  async transaction(work: () => Promise<void>): Promise<void> {
    await this.run("BEGIN");
    try {
      await work();
      await this.run("COMMIT");
    } catch (error) {
      // A COMMIT that failed has rolled back by itself: the first error is the one to tell.
      await this.run("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  /** Runs a DuckDB statement and gives its rows as JavaScript values (64-bit integers as bigint). */
  async read(sql: string): Promise<QueryResult> {
    return allRows(await this.#pages(sql));
  }

  /** Runs a DuckDB statement to its end; its rows become JavaScript's as they are asked for. */
  async #pages(sql: string): Promise<QueryPages> {
    const result = await this.#explained(sql, () => this.#connection.run(sql));
    const { JSDuckDBValueConverter: convert } = await import("@duckdb/node-api");
    const types = result.columnTypes();
    const page = (chunk: DuckDBDataChunk): unknown[][] => {
      const rows: unknown[][] = Array.from({ length: chunk.rowCount }, () => []);
      for (const [at, type] of types.entries()) {
        const vector = chunk.getColumnVector(at);
        for (let i = 0; i < rows.length; i++) rows[i]![at] = convert(vector.getItem(i), type, convert);
      }
      return rows;
    };
    const pages = function* () {
      for (let i = 0; i < result.chunkCount; i++) yield page(result.getChunk(i));
    };
    return {
      columns: result.columnNames().map((name, i) => ({ name, type: String(types[i]) })),
      pages: pages(),
    };
  }

  /**
   * Runs a DuckDB statement whose columns are numbers, and gives them as columns of doubles, NaN for null, a few
   * thousand rows at a time: what has millions of rows is walked over in little memory.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * using engine = await openDuckDb();
   * const chunks = await Array.fromAsync(engine.columns("SELECT i, NULL AS none FROM range(3) AS t (i)"));
   * assertEquals(chunks, [[Float64Array.of(0, 1, 2), Float64Array.of(NaN, NaN, NaN)]]);
   * ```
   */
  async *columns(sql: string): AsyncGenerator<Float64Array[]> {
    const { default: bindings } = await import("@duckdb/node-bindings");
    const doubles = `SELECT COLUMNS(*)::DOUBLE FROM (${sql})`;
    const result = await this.#explained(sql, () => this.#connection.stream(doubles));
    // The library's own vectors look at each value by itself; where there are no nulls the bytes are the values.
    const column = ({ chunk, rowCount }: DuckDBDataChunk, at: number) => {
      const vector = bindings.data_chunk_get_vector(chunk, at);
      const bytes = bindings.vector_get_data(vector, rowCount * Float64Array.BYTES_PER_ELEMENT);
      const values = new Float64Array(bytes.slice().buffer);
      const valid: Uint8Array | null = bindings.vector_get_validity(vector, Math.ceil(rowCount / 64) * 8);
      for (let i = 0; valid !== null && i < rowCount; i++) {
        if (!bindings.validity_row_is_valid(valid, i)) values[i] = NaN;
      }
      return values;
    };
    const fetch = () => {
      const chunk = this.#explained(sql, () => result.fetchChunk());
      // It may fail while the caller is busy with the rows before: that is told when it asks for more.
      chunk.catch(() => {});
      return chunk;
    };
    let next = fetch();
    try {
      for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
        const columns = Array.from({ length: chunk.columnCount }, (_, at) => column(chunk!, at));
        // The engine makes the next rows while the caller walks over these.
        next = fetch();
        yield columns;
      }
    } finally {
      // A caller that has stopped early leaves none behind.
      await Promise.allSettled([next]);
    }
  }

  /**
   * Adds rows to a table whose columns are all doubles, in the table's order: what {@linkcode columns} reads, written.
   *
   * @param table With its schema: `stage.pairs`.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * using engine = await openDuckDb();
   * await engine.run("CREATE TABLE stage.pairs (i DOUBLE, half DOUBLE)");
   * await engine.appendColumns("stage.pairs", { i: Float64Array.of(1, 2), half: Float64Array.of(0.5, 1) });
   * assertEquals((await engine.read("FROM stage.pairs")).rows, [[1, 0.5], [2, 1]]);
   * ```
   */
  async appendColumns(table: string, columns: Readonly<Record<string, Float64Array>>): Promise<void> {
    const { DOUBLE, DuckDBDataChunk } = await import("@duckdb/node-api");
    const { default: bindings } = await import("@duckdb/node-bindings");
    const [schema, name] = table.split(".");
    const appender = await this.#connection.createAppender(name!, schema!);
    const values = Object.values(columns);
    const rows = values[0]!.length;
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, rows - from);
      const chunk = DuckDBDataChunk.create(values.map(() => DOUBLE), count);
      for (const [at, column] of values.entries()) {
        const { buffer } = column.slice(from, from + count);
        const vector = bindings.data_chunk_get_vector(chunk.chunk, at);
        bindings.copy_data_to_vector(vector, 0, buffer, 0, buffer.byteLength);
      }
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }

  /** Makes a table from a query in Athena's dialect. */
  async createFromAthena(table: string, sql: string): Promise<void> {
    await this.run(`CREATE OR REPLACE TABLE ${table} AS ${await translate(sql)}`);
  }

  /** Makes a view of a query in Athena's dialect. */
  async viewFromAthena(view: string, sql: string): Promise<void> {
    await this.run(`CREATE OR REPLACE VIEW ${view} AS ${await translate(sql)}`);
  }

  /** Runs one statement in Athena's dialect for its effect. */
  async runAthena(sql: string): Promise<void> {
    await this.run(await translate(sql));
  }

  /**
   * Runs one reading statement in Athena's dialect and gives its rows; of `EXPLAIN`, a row a line, as Athena does.
   *
   * @throws {SqlError} where the SQL is wrong, or would write.
   */
  async query(sql: string): Promise<QueryResult> {
    return allRows(await this.queryPages(sql));
  }

  /** The same, with rows that are not all made at once. The statement has run to its end all the same. */
  async queryPages(sql: string): Promise<QueryPages> {
    const translated = await translate(sql);
    // EXPLAIN ANALYZE runs its statement: that one must be reading, too.
    const statement = translated.replace(/^(EXPLAIN(\s+ANALYZE)?\s+)+/i, "");
    const prepared = await this.#explained(statement, () => this.#connection.prepare(statement));
    const kind = prepared.statementType;
    prepared.destroySync();
    const { StatementType } = await import("@duckdb/node-api");
    if (![StatementType.SELECT, StatementType.EXPLAIN, StatementType.CALL].includes(kind)) {
      throw notReading(sql);
    }
    const result = await this.#pages(translated);
    return statement === translated ? result : planLines(allRows(result));
  }

  /** A second session on the same database, with the same search path. */
  async fork(): Promise<DuckDb> {
    const connection = await this.#instance.connect();
    await connection.run(SESSION);
    return new DuckDb(this.#instance, connection);
  }

  async #explained<T>(sql: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new SqlError(message, { cause: { error, sql } });
    }
  }

  [Symbol.dispose](): void {
    this.#connection.closeSync();
  }
}

/** Plans are texts of many lines, which no table could show. */
function planLines({ rows }: QueryResult): QueryPages {
  const lines = rows.flatMap((row) => String(row[1]).trimEnd().split("\n"));
  return { columns: [{ name: "Query Plan", type: "VARCHAR" }], pages: [lines.map((line) => [line])] };
}

function allRows({ columns, pages }: QueryPages): QueryResult {
  const rows: unknown[][] = [];
  for (const page of pages) for (const row of page) rows.push(row);
  return { columns, rows };
}

/** A string as an SQL literal. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The type of a name that is one of several: compared, grouped and written as a number, sorted as the texts are. */
export function enumOf(names: readonly string[]): string {
  return `ENUM(${[...new Set(names)].sort().map(quote).join(", ")})`;
}
