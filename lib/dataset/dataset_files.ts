/** The files of a dataset: which of a folder's objects hold rows, and what their folders' names say. */
import { LakeError } from "../core/errors.ts";
import { LocalStore } from "../lake/store_local.ts";
import type { ObjectInfo } from "../lake/store.ts";
import { COMMON_METADATA_KEY, METADATA_KEY } from "./dataset_folder.ts";
import { partitionValues } from "./partitions.ts";
import type { OpenPlace } from "./place.ts";

/** A Parquet file of a dataset. */
export interface DatasetFile extends ObjectInfo {
  /** Its path inside the dataset. */
  path: string;
  /** What its folders say: `year=2024/` gives `["year", "2024"]`, Hive's default partition gives null. */
  partitions: readonly (readonly [name: string, value: string | null])[];
}

/** What lies in a dataset's folder. */
export interface DatasetFiles {
  /** In the order of their paths. */
  files: DatasetFile[];
  /** All parts' footers in one object, where a writer made it. */
  metadata: ObjectInfo | null;
  /** The schema alone, where a writer made it. */
  commonMetadata: ObjectInfo | null;
}

const NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";

/**
 * Lists a dataset. Checksums (`.crc`), `_SUCCESS` and everything hidden (a name that starts with a dot or an
 * underscore) hold no rows.
 *
 * @throws {LakeError} where there is no Parquet file, where files disagree about partitions, or where a link leads
 * out of the folder.
 */
export async function listDatasetFiles(place: OpenPlace): Promise<DatasetFiles> {
  const { store, prefix, name } = place;
  const objects = await store.list(prefix);
  if (place.file !== null) {
    const only = objects.find(({ key }) => key === place.file);
    if (!only) throw new LakeError(`Cannot read "${name}": there is no such file, check the path`);
    return { files: [{ ...only, path: only.key, partitions: [] }], metadata: null, commonMetadata: null };
  }
  if (store instanceof LocalStore) await refuseEscapes(store, prefix);
  const files = objects
    .map((object) => ({ ...object, path: object.key.slice(prefix.length) }))
    .filter(({ path }) =>
      /\.(parquet|parq)$/.test(path) && !path.split("/").some((part) => /^[._]/.test(part))
    )
    .map((file) => ({ ...file, partitions: partitionsOf(file.path) }));
  const at = (file: string) => objects.find(({ key }) => key === `${prefix}${file}`) ?? null;
  if (files.length === 0) {
    throw new LakeError(
      `Cannot read dataset "${name}": no *.parquet file lies in it (${objects.length} objects in all), ` +
        `check the path or write the dataset first`,
    );
  }
  sameKeys(name, files);
  return { files, metadata: at(METADATA_KEY), commonMetadata: at(COMMON_METADATA_KEY) };
}

function partitionsOf(path: string): [string, string | null][] {
  return Object.entries(partitionValues(path)).map((
    [name, text],
  ) => [name, text === NULL_PARTITION ? null : text]);
}

function sameKeys(name: string, files: readonly DatasetFile[]): void {
  const keys = (file: DatasetFile) => file.partitions.map(([key]) => key).join("/");
  const first = files[0]!;
  const other = files.find((file) => keys(file) !== keys(first));
  if (other) {
    throw new LakeError(
      `Cannot read dataset "${name}": "${first.path}" has the partitions "${
        keys(first)
      }", "${other.path}" has ` +
        `"${keys(other)}", read one level of folders or lay all files out alike`,
    );
  }
}

/** A link may lead somewhere inside the dataset; outside it, it is somebody else's file. */
async function refuseEscapes(store: LocalStore, prefix: string): Promise<void> {
  const root = await Deno.realPath(store.locate(prefix)).catch(() => null);
  if (root === null) return;
  const walk = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) await walk(path);
      if (!entry.isSymlink) continue;
      const target = await Deno.realPath(path).catch(() => null);
      const inside = target !== null && target.startsWith(`${root}/`);
      if (inside && (await Deno.stat(target)).isFile) continue;
      throw new LakeError(
        `Cannot read dataset "${store.locate(prefix)}": "${
          path.slice(root.length + 1)
        }" is a symbolic link ` +
          `${target === null ? "to nothing" : inside ? "to a folder" : "that leads out of the dataset"}, ` +
          `put the file itself there or take the link away`,
      );
    }
  };
  await walk(root);
}
