/** A worker of `decode_workers.ts`: takes Parquet files, gives Arrow IPC streams in the same order. */
import { parentPort } from "node:worker_threads";
import type { DecodeAnswer, DecodeJob } from "./decode_workers.ts";
import { parquetToIpc } from "./parquet_to_ipc.ts";

parentPort!.on("message", ({ file, rows }: DecodeJob) => {
  try {
    const ipc = parquetToIpc(file, rows);
    parentPort!.postMessage({ ipc } satisfies DecodeAnswer, [ipc.buffer]);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    parentPort!.postMessage({ error: text } satisfies DecodeAnswer);
  }
});
