/**
 * Dataset: Petastorm's datasets without Python. A schema (`Unischema`) with numpy types, shapes and codecs;
 * `materializeDataset`, which writes Parquet parts and the summary files beside them that Petastorm and pyarrow read
 * as well. Pickles are parsed by a closed list of opcodes and classes; nothing in them is ever run.
 *
 * @module
 */
export * from "./arrow_schema.ts";
export * from "./codecs.ts";
export { containedKey, isOwnPart, openDataset } from "./dataset_folder.ts";
export { METADATA_KEYS, readDatasetSchema, schemaIn } from "./dataset_metadata.ts";
export * from "./dataset_rows.ts";
export * from "./field_values.ts";
export * from "./materialize.ts";
export * from "./npy.ts";
export * from "./numpy_dtypes.ts";
export { partitionFolder, partitionValues } from "./partitions.ts";
export * from "./unischema.ts";
export { unischemaFromPickle, unischemaToPickle } from "./unischema_pickle.ts";
