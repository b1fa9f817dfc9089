/** Straight into training: look-back windows as flat arrays, filled column by column, never through row objects. */
import { DataType, type RecordBatch } from "apache-arrow";
import { QualityError } from "../core/errors.ts";

/** Settings of {@linkcode windowBatches}. */
export interface WindowBatchOptions {
  /** Columns of numbers, in the order in which a window has them. */
  features: readonly string[];
  /** Rows of a window. */
  lookBack: number;
  /** Windows of a batch; the last batch may have fewer. */
  batchSize?: number;
  /** A column whose later value is to be foretold. */
  target?: string;
  /** How many rows after the window's last one the target lies. */
  horizon?: number;
  /** Rows whose value here is more than `deltaThreshold` apart do not share a window, nor are one's target. */
  timestampField?: string;
  deltaThreshold?: number;
}

/** Windows for one step of training. */
export interface WindowBatch {
  /** `[windows, lookBack, features]`, row-major: what `tf.tensor3d(x, shape)` takes. */
  x: Float32Array<ArrayBuffer>;
  shape: [windows: number, lookBack: number, features: number];
  /** The target of each window; null without one. */
  y: Float32Array<ArrayBuffer> | null;
}

/**
 * Cuts batches of rows, in their order, into windows that go on from one batch to the next.
 *
 * @throws {RangeError} where a size is out of range or a column is not there.
 * @throws {QualityError} where a value is missing, or a column holds no numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tableFromArrays } from "apache-arrow";
 * const { batches } = tableFromArrays({ price: Float32Array.of(1, 2, 3, 4) });
 * const options = { features: ["price"], lookBack: 2, target: "price" };
 * const [batch] = await Array.fromAsync(windowBatches(batches, options));
 * assertEquals([batch!.x, batch!.shape, batch!.y], [Float32Array.of(1, 2, 2, 3), [2, 2, 1], Float32Array.of(3, 4)]);
 * ```
 */
export async function* windowBatches(
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  options: WindowBatchOptions,
): AsyncGenerator<WindowBatch, void, undefined> {
  const { features, lookBack, batchSize = 256, target, horizon = 1, timestampField, deltaThreshold } =
    options;
  for (const [name, value] of Object.entries({ lookBack, batchSize, horizon })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Cannot make windows with ${name} ${value}: give a whole number from 1 on`);
    }
  }
  if (features.length === 0) throw new RangeError("Cannot make windows of no features: name one at least");
  if ((timestampField === undefined) !== (deltaThreshold === undefined)) {
    throw new TypeError("Cannot look for gaps: give both timestampField and deltaThreshold, or none of them");
  }
  const width = features.length;
  const rowsNeeded = lookBack + (target === undefined ? 0 : horizon);
  let rows = new Rows(width);
  let made = new Filling(batchSize, lookBack, width, target !== undefined);
  for await (const batch of batches) {
    rows = rows.followedBy(batch, { features, target, timestampField, deltaThreshold, keep: rowsNeeded - 1 });
    for (let last = rows.fresh; last < rows.count; last++) {
      const start = last - rowsNeeded + 1;
      if (start < rows.since[last]!) continue;
      made.add(rows, start, last);
      if (made.count === batchSize) {
        yield made.finished();
        made = new Filling(batchSize, lookBack, width, target !== undefined);
      }
    }
  }
  if (made.count > 0) yield made.finished();
}

interface Columns {
  features: readonly string[];
  target: string | undefined;
  timestampField: string | undefined;
  deltaThreshold: number | undefined;
  keep: number;
}

/** Rows as one flat array, the last ones of the batch before first. */
class Rows {
  count = 0;
  /** The first row that is new. */
  fresh = 0;
  values = new Float32Array();
  targets = new Float32Array();
  times = new Float64Array();
  /** For each row, the first one that it follows without a gap. */
  since = new Int32Array();

  constructor(readonly width: number) {}

  followedBy(batch: RecordBatch, columns: Columns): Rows {
    const { width } = this;
    const kept = Math.min(columns.keep, this.count), from = this.count - kept;
    const next = new Rows(width);
    next.fresh = kept;
    next.count = kept + batch.numRows;
    next.values = new Float32Array(next.count * width);
    next.values.set(this.values.subarray(from * width));
    for (const [at, name] of columns.features.entries()) {
      const values = numbersOf(batch, name);
      for (let row = 0; row < values.length; row++) {
        next.values[(kept + row) * width + at] = Number(values[row]);
      }
    }
    if (columns.target !== undefined) {
      next.targets = joined(
        Float32Array,
        this.targets.subarray(from),
        numbersOf(batch, columns.target),
      );
    }
    next.since = new Int32Array(next.count);
    for (let row = 0; row < kept; row++) next.since[row] = Math.max(this.since[from + row]! - from, 0);
    if (columns.timestampField !== undefined) {
      const values = numbersOf(batch, columns.timestampField);
      next.times = joined(Float64Array, this.times.subarray(from), values);
    }
    for (let row = Math.max(kept, 1); row < next.count; row++) {
      const gap = next.times.length > 0 && next.times[row]! - next.times[row - 1]! > columns.deltaThreshold!;
      next.since[row] = gap ? row : next.since[row - 1]!;
    }
    return next;
  }
}

function joined<T extends Float32Array | Float64Array>(
  Values: new (length: number) => T,
  before: T,
  values: ArrayLike<number | bigint>,
): T {
  const all = new Values(before.length + values.length);
  all.set(before);
  for (let row = 0; row < values.length; row++) all[before.length + row] = Number(values[row]);
  return all;
}

/** A column's numbers where they lie. */
function numbersOf(batch: RecordBatch, name: string): ArrayLike<number | bigint> {
  const column = batch.getChild(name);
  if (!column) {
    const names = batch.schema.fields.map((field) => field.name).join(", ");
    throw new RangeError(`Cannot make windows of column "${name}": the batches have ${names}`);
  }
  if (column.nullCount > 0) {
    throw new QualityError(
      `Cannot make windows of column "${name}": ${column.nullCount} values are missing in a batch, fill them or ` +
        `filter such rows out`,
    );
  }
  const { type } = column;
  if (!(DataType.isInt(type) || DataType.isFloat(type) || DataType.isTimestamp(type))) {
    throw new QualityError(
      `Cannot make windows of column "${name}": its type ${type} is no number, leave it out`,
    );
  }
  return column.toArray();
}

/** A batch that is being filled. */
class Filling {
  count = 0;
  readonly #x: Float32Array<ArrayBuffer>;
  readonly #y: Float32Array<ArrayBuffer> | null;

  constructor(batchSize: number, readonly lookBack: number, readonly width: number, target: boolean) {
    this.#x = new Float32Array(batchSize * lookBack * width);
    this.#y = target ? new Float32Array(batchSize) : null;
  }

  add({ values, targets }: Rows, start: number, last: number): void {
    const { lookBack, width } = this;
    this.#x.set(values.subarray(start * width, (start + lookBack) * width), this.count * lookBack * width);
    if (this.#y) this.#y[this.count] = targets[last]!;
    this.count++;
  }

  finished(): WindowBatch {
    const { count, lookBack, width } = this;
    return {
      x: this.#x.subarray(0, count * lookBack * width),
      shape: [count, lookBack, width],
      y: this.#y && this.#y.subarray(0, count),
    };
  }
}
