/**
 * Warehouse: SQL on the lake. The statements are files in Athena's dialect (`materialize/*.sql`, `views/*.sql`);
 * DuckDB runs their translation in this process. Importing this module loads the engine.
 *
 * @module
 */
export * from "./audit_table.ts";
export * from "./bar_columns.ts";
export * from "./candle_stage.ts";
export * from "./catalog.ts";
export * from "./engine_duckdb.ts";
export * from "./materialize.ts";
export * from "./plain_value.ts";
export * from "./sql_position.ts";
export * from "./translate.ts";
