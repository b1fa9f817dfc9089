/**
 * Core: what every room speaks of. Errors, UTC time and slots, row types, the definitions of the lake's tables,
 * and the effects (network, clock, log) that are handed in from the edge. No I/O here.
 *
 * @module
 */
export * from "./all_ended.ts";
export * from "./athena_ddl.ts";
export * from "./effects.ts";
export * from "./errors.ts";
export * from "./exact_json.ts";
export * from "./gap_finder.ts";
export * from "./gaps.ts";
export * from "./log_gamma.ts";
export * from "./nearest_name.ts";
export * from "./partition_check.ts";
export * from "./rows.ts";
export * from "./tables.ts";
export * from "./time.ts";
