/** What both engines are: something that answers a reading statement in Athena's dialect. */

/** A result: column names with DuckDB's names of their types, and rows of JavaScript values in column order. */
export interface QueryResult {
  columns: { name: string; type: string }[];
  rows: unknown[][];
}

/** A result whose rows come some thousand at a time, once: half a million need little memory that way. */
export interface QueryPages {
  columns: QueryResult["columns"];
  pages: Iterable<unknown[][]>;
}

/** DuckDB here, Athena on AWS. */
export interface SqlEngine {
  /**
   * Runs one reading statement in Athena's dialect and gives its rows. Tables and views need no database in front.
   *
   * @throws {SqlError} where the SQL is wrong, or would write.
   */
  query(sql: string): Promise<QueryResult>;
}
