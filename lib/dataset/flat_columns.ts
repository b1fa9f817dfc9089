/**
 * Decodes flat columns of numbers: Parquet's pages go through a small kernel (`page_kernel.as.ts`) in half of the time
 * that a decoder for everything takes, straight into the arrays that Arrow wants.
 */
import type { DataPage, FlatChunk, Page } from "./flat_pages.ts";
import { kernel, kernelMemory, PAGE, SLACK } from "./page_kernel.ts";

/** A column's values, and its validity bitmap where there are nulls. */
export interface FlatColumn {
  name: string;
  values: Uint8Array<ArrayBuffer>;
  nullBitmap: Uint8Array<ArrayBuffer> | null;
  nullCount: number;
}

/**
 * Decodes a column of `rows` values. Its memory is used again for the next one; what is given is a copy.
 *
 * @throws {Error} where the pages are damaged.
 */
export function decodeFlatColumn(file: Uint8Array, chunk: FlatChunk, rows: number): FlatColumn {
  return new Decoding(file, chunk, rows).column();
}

/** Addresses of one decoding: places in the kernel's memory, one behind the other. */
class Decoding {
  readonly #heap: Uint8Array<ArrayBuffer>;
  readonly #stored: number;
  readonly #plain: number;
  readonly #dictionary: number;
  readonly #present: number;
  readonly #bitmap: number;
  readonly #values: number;
  #done = 0;
  #nulls = 0;

  constructor(
    private readonly file: Uint8Array,
    private readonly chunk: FlatChunk,
    private readonly rows: number,
  ) {
    const { dictionary, pages, width, optional } = chunk;
    const most = (size: (page: Page) => number) =>
      [...pages, ...(dictionary ? [dictionary] : [])].reduce((most, page) => Math.max(most, size(page)), 0);
    let end = PAGE;
    const place = (bytes: number) => {
      const start = end;
      end = Math.ceil((start + bytes + SLACK) / 8) * 8;
      return start;
    };
    this.#stored = place(most(({ start, end }) => end - start));
    this.#plain = place(most(({ bytes }) => bytes));
    this.#dictionary = place(dictionary?.bytes ?? 0);
    this.#present = place(optional ? most(({ count }) => count) * width : 0);
    this.#bitmap = place(optional ? Math.ceil(rows / 8) : 0);
    this.#values = place(rows * width);
    this.#heap = kernelMemory(end);
  }

  column(): FlatColumn {
    const { chunk: { name, dictionary, pages, width, optional }, rows } = this;
    if (optional) this.#heap.fill(0, this.#bitmap, this.#bitmap + Math.ceil(rows / 8));
    if (dictionary) this.#unpack(dictionary, this.#dictionary);
    for (const page of pages) this.#decode(page);
    return {
      name,
      values: this.#copy(this.#values, rows * width),
      nullBitmap: this.#nulls > 0 ? this.#copy(this.#bitmap, Math.ceil(rows / 8)) : null,
      nullCount: this.#nulls,
    };
  }

  /** A copy of some of the memory. `slice()` would fill its own with zeros first. */
  #copy(start: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#heap.subarray(start, start + length));
  }

  /** A page's values, nulls among them, behind those of the pages before. */
  #decode(page: DataPage): void {
    const { width, optional } = this.chunk;
    const out = this.#values + this.#done * width;
    if (!optional && !page.indexed && page.bytes === page.count * width) {
      this.#unpack(page, out);
    } else {
      this.#unpack(page, this.#plain);
      const end = this.#plain + page.bytes;
      let start = this.#plain, present = page.count;
      if (optional) {
        const length = page.bytes < 4 ? -1 : new DataView(this.#heap.buffer).getInt32(start, true);
        start += 4;
        if (length < 0 || length > end - start) throw damaged("definition levels");
        present = kernel.validity(start, start + length, page.count, this.#bitmap, this.#done);
        if (present < 0) throw damaged("definition levels");
        start += length;
      }
      const whole = present === page.count, target = whole ? out : this.#present;
      this.#presentValues(page, start, end, present, target);
      const spread = width === 8 ? kernel.spread8 : kernel.spread4;
      if (!whole) spread(target, this.#bitmap, this.#done, page.count, out);
      this.#nulls += page.count - present;
    }
    this.#done += page.count;
  }

  /** The values that are there. */
  #presentValues({ indexed }: DataPage, start: number, end: number, count: number, target: number): void {
    const { width, dictionary } = this.chunk;
    if (count === 0) return;
    if (!indexed) {
      if (end - start !== count * width) throw damaged("values");
      this.#heap.copyWithin(target, start, end);
      return;
    }
    const lookUp = width === 8 ? kernel.lookUp8 : kernel.lookUp4;
    const bits = start < end ? this.#heap[start]! : 255;
    if (!lookUp(start + 1, end, bits, count, this.#dictionary, dictionary?.count ?? 0, target)) {
      throw damaged("dictionary indices");
    }
  }

  /** A page's bytes without compression. */
  #unpack({ start, end, bytes }: Page, out: number): void {
    const stored = this.file.subarray(start, end);
    if (!this.chunk.snappy) return this.#heap.set(stored, out);
    this.#heap.set(stored, this.#stored);
    if (!kernel.snappy(this.#stored, this.#stored + stored.length, out, bytes)) throw damaged("Snappy");
  }
}

function damaged(what: string): Error {
  return new Error(`a page's ${what} are damaged`);
}
