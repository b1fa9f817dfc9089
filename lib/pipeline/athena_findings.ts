/** What of a lake Athena would read wrongly, or not at all, without a word. */
import { checkProjection, type PartitionWarning, partitionWords } from "../core/partition_check.ts";
import { BTCUSD_RAW, type TableDefinition, TABLES } from "../core/tables.ts";
import { readRecords } from "../lake/ledger.ts";
import type { ObjectStore } from "../lake/store.ts";
import { CANDLE_RECORDS, candleRecord } from "../warehouse/candle_records.ts";
import type { DoctorFinding } from "./doctor_command.ts";

/** What the keys of some tables say. */
export interface AthenaView {
  /** Symbols, sources and the like, by partition column. */
  words: Record<string, string[]>;
  warnings: PartitionWarning[];
  /** Of all objects: what reading every partition and column would scan. */
  bytes: number;
}

/** Looks at the keys of tables, once a prefix, and at the order of columns of raw candle files. */
export async function lookAsAthena(
  store: ObjectStore,
  tables: readonly TableDefinition[],
  now: Date,
): Promise<AthenaView> {
  const words: Record<string, Set<string>> = {};
  const warnings: PartitionWarning[] = [];
  let bytes = 0;
  for (const [prefix, readings] of Map.groupBy(tables, ({ prefix }) => prefix)) {
    const objects = await store.list(prefix);
    const keys = objects.map(({ key }) => key);
    for (const table of readings) {
      bytes += objects.reduce((sum, { size }) => sum + size, 0);
      warnings.push(...checkProjection(table, keys, now));
      for (const [column, found] of Object.entries(partitionWords(table, keys))) {
        words[column] = new Set([...words[column] ?? [], ...found]);
      }
    }
  }
  if (tables.includes(BTCUSD_RAW)) warnings.push(...await otherColumns(store));
  return {
    words: Object.fromEntries(Object.entries(words).map(([column, found]) => [column, [...found].sort()])),
    warnings,
    bytes,
  };
}

/** Athena reads CSV by position; DuckDB goes by the names that the ledger keeps of each file. */
async function otherColumns(store: ObjectStore): Promise<PartitionWarning[]> {
  const order = Object.keys(BTCUSD_RAW.columns).join();
  const records = [...(await readRecords(store, CANDLE_RECORDS)).values()].map(candleRecord);
  const others = records.filter(({ columns }) => columns.slice(0, 6).join().toLowerCase() !== order);
  if (others.length === 0) return [];
  const { key, columns } = others[0]!;
  return [{
    status: "fail",
    detail:
      `crypto_analytics.btcusd_raw: ${others.length} ${
        others.length === 1 ? "file has" : "files have"
      } other columns than ${order}, and Athena reads them by position; the first is ${key} (${columns.join()}). ` +
      `Ask ohlcv_minute, ohlcv_hourly or ohlcv_daily instead`,
  }];
}

/** The same for `doctor`: a lake on S3 fails, one on disk is only warned of what would happen there. */
export async function athenaFindings(store: ObjectStore, now: Date): Promise<DoctorFinding[]> {
  const { warnings } = await lookAsAthena(store, TABLES, now);
  const check = "athena";
  if (warnings.length === 0) {
    return [{
      check,
      status: "ok",
      detail: "every object lies within the partitions that Athena projects",
      fix: "",
    }];
  }
  const onS3 = store.url.startsWith("s3://");
  return warnings.map(({ status, detail }) => ({
    check,
    status: onS3 ? status : "warn",
    detail,
    fix: detail.includes("by position")
      ? "write the file's columns in that order and take it in again"
      : "widen the table's projection in lib/core/tables.ts, then `deno task query --engine athena --create --lake " +
        `${onS3 ? store.url : "s3://bucket/prefix"}\``,
  }));
}
