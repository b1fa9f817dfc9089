import { STREAM_TICKS } from "../core/tables.ts";
import { type DuckDb, quote } from "./engine_duckdb.ts";

/** What was counted in one day of raw ticks, before the conversion cleans them. */
export interface TicksAudit {
  /** `YYYY-MM-DD`. */
  day: string;
  files: number;
  rows: number;
  /** Columns of the table that no file has, and columns of files that the table does not know. */
  missing: string[];
  unknown: string[];
  /** Rows that lack a value (or hold none of its column's type), by column. */
  nulls: Record<string, number>;
  /** Rows whose price is not above zero. */
  negative: number;
  /** Rows beyond the first of a time and price. */
  duplicates: number;
  /** Rows whose time is not of the day. */
  other_day: number;
  /** Rows of one time and several prices, beyond the first. */
  conflicts: number;
}

const TYPES = { bigint: "BIGINT", string: "VARCHAR", double: "DOUBLE" } as const;

/** Counts one day's files of `raw/stream/`, all of which lie in the local folder `folder` (with its slash). */
export async function auditTicks(
  engine: DuckDb,
  { folder, day, files }: { folder: string; day: string; files: number },
): Promise<TicksAudit> {
  const from = `read_csv(${quote(`${folder}*.csv`)}, header = true, all_varchar = true, union_by_name = true,
    hive_partitioning = false, null_padding = true, auto_detect = true, delim = ',')`;
  const { rows: described } = await engine.read(`DESCRIBE SELECT * FROM ${from}`);
  const present = described.map(([name]) => String(name));
  const known = Object.keys(STREAM_TICKS.columns) as (keyof typeof STREAM_TICKS.columns)[];
  const select = known.map((name) =>
    present.includes(name)
      ? `TRY_CAST("${name}" AS ${TYPES[STREAM_TICKS.columns[name]]}) AS "${name}"`
      : `NULL AS "${name}"`
  );
  const { rows } = await engine.read(`
    SELECT count(*), ${known.map((name) => `count(*) FILTER (WHERE "${name}" IS NULL)`).join(", ")},
      count(*) FILTER (WHERE price_usd <= 0),
      count(*) FILTER (WHERE epoch_ms IS NOT NULL) - count(DISTINCT (epoch_ms, price_usd)) FILTER (WHERE epoch_ms IS NOT NULL),
      count(*) FILTER (WHERE epoch_ms // 86400000 <> ${Date.parse(day) / 86_400_000}),
      count(DISTINCT (epoch_ms, price_usd)) FILTER (WHERE epoch_ms IS NOT NULL) - count(DISTINCT epoch_ms)
    FROM (SELECT ${select.join(", ")} FROM ${from})`);
  const [count, ...more] = rows[0]!.map(Number) as [number, ...number[]];
  const [negative, duplicates, other_day, conflicts] = more.slice(known.length) as [
    number,
    number,
    number,
    number,
  ];
  return {
    ...{ day, files, rows: count },
    missing: known.filter((name) => !present.includes(name)),
    unknown: present.filter((name) => !(known as string[]).includes(name)),
    nulls: Object.fromEntries(known.map((name, i) => [name, more[i]!])),
    ...{ negative, duplicates, other_day, conflicts },
  };
}
