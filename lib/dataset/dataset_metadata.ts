/** The summary files of a dataset: what they say, and how they are made. */
import { LakeError } from "../core/errors.ts";
import type { ObjectStore } from "../lake/store.ts";
import { COMMON_METADATA_KEY, METADATA_KEY } from "./dataset_folder.ts";
import { footerFile, footerWith, keyValuesOf, readFooter } from "./parquet_footer.ts";
import { rowGroupsOf, type SpooledPart } from "./part_spool.ts";
import type { ThriftStruct } from "./thrift.ts";
import { type Unischema, unischemaFromJson } from "./unischema.ts";
import { unischemaFromPickle, unischemaToPickle } from "./unischema_pickle.ts";

/** Keys of a summary file's key-value pairs. */
export const METADATA_KEYS = {
  /** The schema as JSON: see `unischemaFromJson`. */
  schema: "lakebook.schema.v1",
  /** The schema as Petastorm's pickle. */
  pickle: "dataset-toolkit.unischema.v1",
  /** Row groups of each part, by its key, as JSON. */
  rowGroups: "dataset-toolkit.num_row_groups_per_file.v1",
} as const;

/** The bytes of both summary files, from the footer of any part. */
export function summaryFiles(
  schema: Unischema,
  footer: ThriftStruct,
  parts: readonly { key: string; rowGroups: number; spooled: SpooledPart }[],
): { metadata: Uint8Array; commonMetadata: Uint8Array } {
  const text = (value: string) => new TextEncoder().encode(value);
  const keyValues = new Map([
    ...keyValuesOf(footer),
    [METADATA_KEYS.schema, text(JSON.stringify(schema))],
    [METADATA_KEYS.pickle, text(unischemaToPickle(schema))],
    [
      METADATA_KEYS.rowGroups,
      text(JSON.stringify(Object.fromEntries(parts.map(({ key, rowGroups }) => [key, rowGroups])))),
    ],
  ]);
  const rowGroups = parts.flatMap(({ key, spooled }) => rowGroupsOf(spooled, key));
  return {
    metadata: footerFile(footerWith(footer, { rowGroups, keyValues })),
    commonMetadata: footerFile(footerWith(footer, { rowGroups: [], keyValues })),
  };
}

/**
 * The schema of a dataset, from its summary files: our own JSON form where it is there, Petastorm's pickle otherwise
 * (parsed, never run). Null where there is neither.
 *
 * @throws {LakeError} where a summary file is damaged, or its schema cannot be used.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openDataset } from "./dataset_folder.ts";
 * import { materializeDataset } from "./materialize.ts";
 * import { BitcoinSchema } from "./unischema.ts";
 * const folder = await Deno.makeTempDir();
 * await materializeDataset(folder, BitcoinSchema, [{ timestamp: 1, price: 2 }]);
 * assertEquals(await readDatasetSchema(await openDataset(folder)), BitcoinSchema);
 * ```
 */
export async function readDatasetSchema(store: ObjectStore): Promise<Unischema | null> {
  for (const key of [METADATA_KEY, COMMON_METADATA_KEY]) {
    const footer = await readFooter(store, key);
    const schema = footer && schemaIn(keyValuesOf(footer), store.locate(key));
    if (schema) return schema;
  }
  return null;
}

/** The schema in a summary file's key-value pairs, or null. */
export function schemaIn(keyValues: ReadonlyMap<string, Uint8Array>, name: string): Unischema | null {
  const json = keyValues.get(METADATA_KEYS.schema), pickle = keyValues.get(METADATA_KEYS.pickle);
  try {
    if (json) return unischemaFromJson(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)));
    return pickle ? unischemaFromPickle(pickle) : null;
  } catch (cause) {
    throw new LakeError(`Cannot use the schema in "${name}": ${(cause as Error).message}`, { cause });
  }
}
