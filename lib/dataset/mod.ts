/**
 * Dataset: Petastorm's datasets without Python. A schema (`Unischema`) with numpy types, shapes and codecs;
 * `materializeDataset`, which writes Parquet parts and the summary files beside them that Petastorm and pyarrow read
 * as well; `makeReader` (rows and windows of rows) and `makeBatchReader` (record batches of any Parquet), which stop
 * and go on after any row; `windowBatches`, from batches straight into training. Pickles are parsed by a closed list of
 * opcodes and classes; nothing in them is ever run.
 *
 * @module
 */
export * from "./arrow_schema.ts";
export * from "./batch_reader.ts";
export * from "./codecs.ts";
export { containedKey, isOwnPart, openDataset } from "./dataset_folder.ts";
export { METADATA_KEYS, readDatasetSchema, schemaIn } from "./dataset_metadata.ts";
export * from "./dataset_rows.ts";
export type { CacheOptions } from "./disk_cache.ts";
export * from "./field_values.ts";
export type { Condition, Filters, FilterValue } from "./filters.ts";
export * from "./materialize.ts";
export { NGram, type NGramOptions, type Window } from "./ngram.ts";
export * from "./npy.ts";
export * from "./numpy_dtypes.ts";
export { partitionFolder, partitionValues } from "./partitions.ts";
export type { DatasetPlace } from "./place.ts";
export * from "./predicates.ts";
export { Reader, type ReaderState } from "./reader.ts";
export type { ReaderOptions } from "./reader_plan.ts";
export type { Diagnostics } from "./row_groups.ts";
export * from "./row_reader.ts";
export type { TransformSpec } from "./transform_spec.ts";
export * from "./save_frames.ts";
export * from "./unischema.ts";
export { unischemaFromPickle, unischemaToPickle } from "./unischema_pickle.ts";
export * from "./window_batches.ts";
