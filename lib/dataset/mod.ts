/**
 * Dataset: Petastorm's datasets without Python. A schema (`Unischema`) with numpy types, shapes and codecs, and
 * Parquet files with summary files beside them that Petastorm and pyarrow read as well. Pickles are parsed by a
 * closed list of opcodes and classes; nothing in them is ever run.
 *
 * @module
 */
export * from "./arrow_schema.ts";
export * from "./codecs.ts";
export * from "./field_values.ts";
export * from "./npy.ts";
export * from "./numpy_dtypes.ts";
export * from "./unischema.ts";
