/** For tests: datasets in a folder of their own, and all rows of a dataset, decoded. */
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { METADATA_KEY, openDataset } from "./dataset_folder.ts";
import { readDatasetSchema } from "./dataset_metadata.ts";
import { type DatasetRow, decodeValue } from "./field_values.ts";
import { CHUNK, FOOTER, readFooter, ROW_GROUP, structsIn } from "./parquet_footer.ts";
import { partitionValues } from "./partitions.ts";

/** A folder that is gone afterwards. */
export async function tempFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "lakebook dataset " });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Keys of a dataset's parts in their order, and how many row groups of each the summary file names. */
export async function listedParts(folder: string): Promise<Map<string, number>> {
  const store = await openDataset(folder);
  const footer = (await readFooter(store, METADATA_KEY))!;
  await store.close();
  const parts = new Map<string, number>();
  for (const group of structsIn(footer, FOOTER.rowGroups)) {
    const path = structsIn(group, ROW_GROUP.columns)[0]!.get(CHUNK.filePath)!.data as Uint8Array;
    const key = new TextDecoder().decode(path);
    parts.set(key, (parts.get(key) ?? 0) + 1);
  }
  return parts;
}

/** All rows of the parts, or of those that the dataset's summary file names. */
export async function readRows(folder: string, parts?: Iterable<string>): Promise<DatasetRow[]> {
  const store = await openDataset(folder);
  const schema = (await readDatasetSchema(store))!;
  const rows: DatasetRow[] = [];
  for (const key of parts ?? (await listedParts(folder)).keys()) {
    const inFolders = partitionValues(key);
    const table = tableFromIPC(readParquet((await store.get(key))!).intoIPCStream());
    const columns = [...schema.fields.values()].map((field) => ({
      field,
      column: table.getChild(field.name),
    }));
    for (let i = 0; i < table.numRows; i++) {
      rows.push(Object.fromEntries(columns.map(({ field, column }) => {
        return [field.name, decodeValue(field, column ? column.get(i) : inFolders[field.name])];
      })));
    }
  }
  await store.close();
  return rows;
}
