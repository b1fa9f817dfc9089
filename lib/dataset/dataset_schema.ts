/** The schema that an open dataset carries. */
import { unischemaFromArrow } from "./arrow_schema.ts";
import type { Dataset } from "./scan_dataset.ts";
import type { Unischema } from "./unischema.ts";

/** A dataset's own schema, or one from its columns. */
export function datasetSchema({ unischema, schema, name }: Dataset): Unischema {
  return unischema() ?? unischemaFromArrow(name, schema);
}
