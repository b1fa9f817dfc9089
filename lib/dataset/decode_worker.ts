/** A worker of `decode_workers.ts`: takes Parquet files, gives Arrow IPC streams in the same order. */
import { workerData } from "node:worker_threads";
import type { DecodeAnswer, DecodeJob } from "./decode_workers.ts";
import { parquetToIpc } from "./parquet_to_ipc.ts";

const port: MessagePort = workerData;

port.onmessage = ({ data: { file, rows } }: MessageEvent<DecodeJob>) => {
  try {
    const ipc = parquetToIpc(file, rows);
    port.postMessage({ ipc } satisfies DecodeAnswer, [ipc.buffer]);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    port.postMessage({ error: text } satisfies DecodeAnswer);
  }
};
