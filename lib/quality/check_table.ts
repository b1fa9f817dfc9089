import type { TableDefinition } from "../core/tables.ts";
import type { TableAudit } from "../warehouse/audit_table.ts";
import { DEFAULT_QUALITY_CONFIG, type QualityConfig } from "./config.ts";
import { type Finding, type FindingStatus, judge } from "./finding.ts";

const ENGINE_TYPES: Readonly<Record<string, string>> = {
  string: "varchar",
  int: "integer",
  bigint: "bigint",
  double: "double",
  date: "date",
  timestamp: "timestamp",
};

/** Judges a written table against its definition: any difference is our own fault and closes the gate. */
export function checkTable(
  table: TableDefinition,
  audit: TableAudit,
  thresholds: QualityConfig["tables"] = DEFAULT_QUALITY_CONFIG.tables,
): Finding[] {
  const wrong = Object.entries(table.columns)
    .filter(([name, type]) => audit.columns[name] !== ENGINE_TYPES[type])
    .map(([name, type]) => `${name} is ${audit.columns[name] ?? "absent"} instead of ${ENGINE_TYPES[type]}`);
  const finding = (
    check: string,
    count: number,
    threshold: { level: FindingStatus; limit: number },
    detail: string,
  ): Finding => ({ check: `${table.name}: ${check}`, status: judge(threshold, count), count, detail });
  return [
    finding(
      "schema",
      wrong.length,
      thresholds.schema,
      wrong.join(", ") || `${Object.keys(table.columns).length} columns as defined`,
    ),
    finding("nulls", audit.nulls, thresholds.nulls, `${audit.nulls} of ${audit.rows} rows lack a value`),
    finding("duplicates", audit.duplicates, thresholds.duplicates, `${audit.duplicates} rows repeat a key`),
    finding(
      "low and high",
      audit.inverted,
      thresholds.low_and_high,
      `${audit.inverted} rows whose low is above their high`,
    ),
  ];
}
