/** A change of what a reader gives. */
import type { RecordBatch } from "apache-arrow";

/** What to do with each row or batch, and which fields remain. */
export interface TransformSpec<T> {
  /** Makes another item of one; it may add and change fields. */
  apply?: (item: T) => T;
  /** Fields to drop afterwards. */
  removedFields?: readonly string[];
  /** Fields to keep afterwards, in this order; without it all of them. */
  selectedFields?: readonly string[];
}

/**
 * Does to a batch what a spec says.
 *
 * @throws {RangeError} where it names a column that the batch lacks.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tableFromArrays } from "apache-arrow";
 * const [batch] = tableFromArrays({ time: [1, 2], price: [3, 4] }).batches;
 * const changed = transformBatch(batch!, { removedFields: ["time"] });
 * assertEquals(changed.schema.fields.map(({ name }) => name), ["price"]);
 * ```
 */
export function transformBatch(batch: RecordBatch, spec: TransformSpec<RecordBatch>): RecordBatch {
  const made = spec.apply ? spec.apply(batch) : batch;
  const all = made.schema.fields.map(({ name }) => String(name));
  const kept = keptFields(all, spec);
  return kept.length === all.length && kept.every((name, at) => name === all[at]) ? made : made.select(kept);
}

/** Does to a row what a spec says. */
export function transformRow<T extends Record<string, unknown>>(row: T, spec: TransformSpec<T>): T {
  const made = spec.apply ? spec.apply(row) : row;
  if (!spec.removedFields && !spec.selectedFields) return made;
  return Object.fromEntries(keptFields(Object.keys(made), spec).map((name) => [name, made[name]])) as T;
}

function keptFields(
  all: readonly string[],
  { removedFields = [], selectedFields = all }: Pick<
    TransformSpec<never>,
    "removedFields" | "selectedFields"
  >,
): string[] {
  for (const name of [...removedFields, ...selectedFields]) {
    if (!all.includes(name)) {
      throw new RangeError(`Cannot transform: there is no field "${name}", only ${all.join(", ")}`);
    }
  }
  return selectedFields.filter((name) => !removedFields.includes(name));
}
