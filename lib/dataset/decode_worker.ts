/** A thread of `decode_pool.ts`: Parquet bytes come in, Arrow bytes go out, neither is copied on the way. */
import { arrowBytes } from "./decode_row_group.ts";

/** What this module is to itself when it runs as a worker, which the project's types do not know of. */
const thread = self as unknown as {
  onmessage: (event: MessageEvent<{ id: number; file: Uint8Array; rows: number }>) => void;
  postMessage(message: unknown, transfer?: Transferable[]): void;
};

thread.onmessage = ({ data: { id, file, rows } }) => {
  try {
    const arrow = arrowBytes(file, rows);
    thread.postMessage({ id, arrow }, [arrow.buffer]);
  } catch (error) {
    thread.postMessage({ id, problem: (error as Error).message });
  }
};
thread.postMessage({ ready: true });
