import type { RecordBatch } from "apache-arrow";
import { batchBytes } from "./column_builder.ts";

/** When a row group is full. */
export interface RowGroupLimits {
  maxBytes: number;
  maxRows: number;
}

/** Rows that wait until they fill a row group. */
export class RowGroupBuffer {
  #batches: RecordBatch[] = [];
  #rows = 0;
  #bytes = 0;

  constructor(private readonly limits: RowGroupLimits) {}

  /** Memory that the waiting rows take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes rows in; gives the row groups that are full now. */
  *add(batch: RecordBatch): Generator<RecordBatch[]> {
    const perRow = batchBytes(batch) / batch.numRows;
    const { maxBytes, maxRows } = this.limits;
    for (let start = 0; start < batch.numRows;) {
      const room = Math.min(maxRows - this.#rows, Math.floor((maxBytes - this.#bytes) / perRow));
      // A row that is larger than a row group gets one of its own.
      const end = Math.min(batch.numRows, start + Math.max(room, this.#rows === 0 ? 1 : 0));
      if (end > start) {
        this.#batches.push(batch.slice(start, end));
        this.#rows += end - start;
        this.#bytes += (end - start) * perRow;
      }
      if (end < batch.numRows || this.#rows === maxRows) yield this.#take();
      start = end;
    }
  }

  /** The rows that are left, in up to `groups` row groups of about the same size. */
  *rest(groups: number): Generator<RecordBatch[]> {
    const batches = this.#take();
    const rows = batches.reduce((sum, { numRows }) => sum + numRows, 0);
    const count = Math.min(groups, rows);
    for (let i = 0; i < count; i++) {
      yield between(batches, Math.floor(i * rows / count), Math.floor((i + 1) * rows / count));
    }
  }

  #take(): RecordBatch[] {
    const batches = this.#batches;
    this.#batches = [];
    this.#rows = this.#bytes = 0;
    return batches;
  }
}

/** Rows from `start` to before `end` of batches in a row. */
function between(batches: readonly RecordBatch[], start: number, end: number): RecordBatch[] {
  const found: RecordBatch[] = [];
  let first = 0;
  for (const batch of batches) {
    const from = Math.max(start - first, 0), to = Math.min(end - first, batch.numRows);
    if (from < to) found.push(batch.slice(from, to));
    first += batch.numRows;
  }
  return found;
}
