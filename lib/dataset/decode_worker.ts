/** A worker of `decode_workers.ts`: takes Parquet files, gives Arrow IPC streams in the same order. */
import type { DecodeAnswer, DecodeJob } from "./decode_workers.ts";
import { parquetToIpc } from "./parquet_to_ipc.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<DecodeJob>) => void;
  postMessage(answer: DecodeAnswer, transfer: Transferable[]): void;
};

scope.onmessage = ({ data: { file, rows } }) => {
  try {
    const ipc = parquetToIpc(file, rows);
    scope.postMessage({ ipc }, [ipc.buffer]);
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? error.message : String(error) }, []);
  }
};
