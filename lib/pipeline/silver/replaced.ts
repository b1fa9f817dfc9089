/** What later data replaced: rows of silver that were published, and are not any more as they were. */
import { REPLACED, type TableDefinition } from "../../core/tables.ts";
import type { ObjectStore } from "../../lake/store.ts";
import { type DuckDb, quote } from "../../warehouse/engine_duckdb.ts";

/** A published partition, and what is to take its place: a local file, or nothing. */
export interface Replacement {
  table: TableDefinition;
  key: string;
  /** SHA-256 of the published object. */
  before: string;
  after: { path: string; sha256: string } | null;
  /** Hash of what the new content is made of. */
  made_of: string;
}

/**
 * Keeps the published rows that the new file lacks or has with other values, before it takes their place. Gives how many
 * they are. Done again after a crash it writes the same rows under the same key; where values go back and forth between
 * two states, each change has a key of its own, because it is made of other files.
 */
export async function noteReplaced(
  engine: DuckDb,
  { table, key, before, after, made_of }: Replacement,
  { store, run_id, replaced_at }: { store: ObjectStore; run_id: string; replaced_at: Date },
): Promise<number> {
  if (await store.head(key) === null) return 0;
  if (after?.sha256 === before) return 0;
  const read = (file: string) => `SELECT * FROM read_parquet(${quote(file)}, hive_partitioning = false)`;
  const old = read(await store.localPath(key));
  const gone = after === null ? old : `${old} EXCEPT ${read(after.path)}`;
  const { rows } = await engine.read(`SELECT count(*) FROM (${gone})`);
  const count = Number(rows[0]![0]);
  if (count === 0) return 0;
  const [start] = Object.keys(table.columns);
  // By its key: two markets' partitions may hold the same bytes.
  const file = `${await store.scratch()}/replaced-${key.replaceAll("/", "-")}`;
  await engine.run(`COPY (
    SELECT ${start} AS bar_start, open, high, low, close, volume, source,
      TIMESTAMP ${quote(replaced_at.toISOString().replace("Z", ""))} AS replaced_at, ${
    quote(run_id)
  } AS run_id
    FROM (${gone}) ORDER BY 1) TO ${quote(file)} (FORMAT parquet, COMPRESSION snappy)`);
  const [, symbol, rest] = /symbol=([^/]+)\/(.*)\/part-0\.parquet$/.exec(key)!;
  const part = rest!.replaceAll(/\w+=/g, "").replaceAll("/", "-");
  const change = [before, after?.sha256 ?? "nothing", made_of].map((hash) => hash.slice(0, 8)).join("-");
  await store.putFile(
    `${REPLACED.prefix}table_name=${table.name}/symbol=${symbol}/${part}.${change}.parquet`,
    file,
  );
  return count;
}
