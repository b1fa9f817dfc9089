/**
 * Lake: objects under keys, written by nobody else. One partition is one object with a known key; a commit builds
 * it aside and puts it in place in one atomic act, so a reader sees the old object or the new one, and writing the
 * same bytes twice changes nothing. Refused rows become dead letters, finished units are in the ledger.
 *
 * @module
 */
export * from "./dead_letters.ts";
export * from "./digest.ts";
export * from "./incoming.ts";
export * from "./integrity.ts";
export * from "./keys.ts";
export * from "./ledger.ts";
export * from "./ndjson.ts";
export * from "./open_lake.ts";
export * from "./run_log.ts";
export * from "./store.ts";
export * from "./store_local.ts";
