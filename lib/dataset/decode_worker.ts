/** A worker of `decode_workers.ts`: takes Parquet files, gives decoded bytes in the same order. */
import { workerData } from "node:worker_threads";
import { buffersOf, decodeBytes } from "./decode_bytes.ts";
import type { DecodeAnswer, DecodeJob, DecodeSettings } from "./decode_workers.ts";

const { port, widths }: DecodeSettings = workerData;

port.onmessage = ({ data: { file, rows } }: MessageEvent<DecodeJob>) => {
  try {
    const decoded = decodeBytes(file, rows, widths);
    port.postMessage({ decoded, file } satisfies DecodeAnswer, [file.buffer, ...buffersOf(decoded)]);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    port.postMessage({ error: text } satisfies DecodeAnswer);
  }
};
