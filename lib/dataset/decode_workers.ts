import { type Transferable, Worker } from "node:worker_threads";
import type { RecordBatch, Schema } from "apache-arrow";
import type { DecodedBytes } from "./decode_bytes.ts";
import { batchOf, numberWidths } from "./decode_row_group.ts";
import type { NumberWidths } from "./flat_pages.ts";

/** A Parquet file of one row group. */
export interface DecodeJob {
  file: Uint8Array<ArrayBuffer>;
  rows: number;
}

/** What came of a job. */
export type DecodeAnswer = { decoded: DecodedBytes; file: Uint8Array<ArrayBuffer> } | { error: string };

/** What a worker starts with. */
export interface DecodeSettings {
  port: MessagePort;
  widths: NumberWidths;
}

/** A port that may be asked not to hold up the end of the process. */
type Port = MessagePort & { ref(): void; unref(): void };

interface Lane {
  worker: Worker;
  /**
   * Jobs and answers pass here, by `onmessage`: Node's `on("message")`, a worker's or a port's, looks at every number of
   * an array for ports, at a hundredth of the speed.
   */
  port: Port;
  /** Jobs in the worker's hands, oldest first: it answers in their order. */
  jobs: { resolve(decoded: DecodedBytes): void; reject(error: Error): void }[];
}

/**
 * Threads that decode row groups while their consumer computes. They start with the first jobs, and end with
 * `Symbol.dispose`; jobs that are not done by then fail.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parquetWriteBuffer } from "hyparquet-writer";
 * import { decodeSchema } from "./decode_row_group.ts";
 * const columnData = [{ name: "price", data: [1, 2, 3], type: "DOUBLE" as const }];
 * const file = new Uint8Array(parquetWriteBuffer({ columnData }));
 * using workers = new DecodeWorkers(2, decodeSchema(file));
 * const batch = await workers.decode(file, 3);
 * assertEquals([...batch.getChild("price")!], [1, 2, 3]);
 * ```
 */
export class DecodeWorkers implements Disposable {
  readonly #count: number;
  readonly #schema: Schema;
  readonly #lanes: Lane[] = [];
  /** Memory of files that are decoded, for the next ones: fresh memory costs more than reading. */
  readonly #rooms: Uint8Array<ArrayBuffer>[] = [];
  #closed = false;

  /**
   * @param count Threads, one at least.
   * @param schema The files' columns.
   */
  constructor(count: number, schema: Schema) {
    this.#count = count;
    this.#schema = schema;
  }

  /**
   * Decodes a Parquet file of one row group. Its bytes move to the worker: the caller has them no more.
   *
   * @throws {Error} in the decoder's words where the bytes are damaged.
   */
  async decode(file: Uint8Array<ArrayBuffer>, rows: number): Promise<RecordBatch> {
    if (this.#closed) throw closed();
    const lane = this.#freest();
    const decoded = await new Promise<DecodedBytes>((resolve, reject) => {
      lane.jobs.push({ resolve, reject });
      lane.port.ref();
      lane.port.postMessage({ file, rows } satisfies DecodeJob, [file.buffer]);
    });
    return batchOf(decoded, rows, this.#schema);
  }

  /** Memory for a file to come, where there is some. */
  room(): Uint8Array<ArrayBuffer> | undefined {
    return this.#rooms.pop();
  }

  /** A worker without a job, a new one while there may be more of them, or the one with the fewest jobs. */
  #freest(): Lane {
    const free = this.#lanes.find(({ jobs }) => jobs.length === 0);
    if (free) return free;
    if (this.#lanes.length < this.#count) return this.#start();
    return this.#lanes.reduce((best, lane) => lane.jobs.length < best.jobs.length ? lane : best);
  }

  #start(): Lane {
    const { port1, port2 } = new MessageChannel(), port = port1 as Port;
    const worker = new Worker(new URL("./decode_worker.ts", import.meta.url), {
      workerData: { port: port2, widths: numberWidths(this.#schema) } satisfies DecodeSettings,
      transferList: [port2 as unknown as Transferable],
    });
    // A reader that nobody closes does not hold up the end of the process: only a job in hand does.
    worker.unref();
    const lane: Lane = { worker, port, jobs: [] };
    port.onmessage = ({ data: answer }: MessageEvent<DecodeAnswer>) => {
      const job = lane.jobs.shift()!;
      if (lane.jobs.length === 0) port.unref();
      if ("error" in answer) job.reject(new Error(answer.error));
      else {
        if (this.#rooms.length < this.#count) this.#rooms.push(new Uint8Array(answer.file.buffer));
        job.resolve(answer.decoded);
      }
    };
    worker.on("error", (error: Error) => {
      this.#drop(lane, new Error(`the thread that decodes it failed: ${error.message}`));
    });
    this.#lanes.push(lane);
    return lane;
  }

  #drop(lane: Lane, error: Error): void {
    lane.worker.terminate();
    lane.port.close();
    const at = this.#lanes.indexOf(lane);
    if (at >= 0) this.#lanes.splice(at, 1);
    for (const job of lane.jobs.splice(0)) job.reject(error);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#rooms.length = 0;
    for (const lane of [...this.#lanes]) this.#drop(lane, closed());
  }
}

function closed(): Error {
  return new TypeError("Cannot read on: the reader is closed, make a new one");
}
