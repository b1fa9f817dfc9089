/** Threads that decode row groups while the program does something else: train, or decode another one. */

/** What a thread says. */
type Answer = { ready: true } | { id: number; arrow: Uint8Array } | { id: number; problem: string };

interface Thread {
  worker: Worker;
  ready: boolean;
  busy: boolean;
}

/** As many as a laptop's cores, or a small server's: decoding is not all that is to be done. */
const THREADS = Math.max(1, Math.min(4, navigator.hardwareConcurrency));
/** Threads without work end after so long, since a process does not end before its threads do. */
const IDLE_MS = 500;

let threads: Thread[] = [];
let idle: ReturnType<typeof setTimeout> | undefined;
let lastId = 0;
const waiting = new Map<number, { resolve(arrow: Uint8Array): void; reject(error: Error): void }>();

/**
 * Hands a Parquet file of one row group to a thread; null where none is free, or none has started yet: then whoever
 * asks decodes it. The threads are shared by all readers of a process.
 *
 * @param file Its memory goes to the thread, and is gone here.
 */
export function decodeInThread(file: Uint8Array<ArrayBuffer>, rows: number): Promise<Uint8Array> | null {
  if (threads.length === 0) threads = Array.from({ length: THREADS }, startThread);
  endWhenIdle();
  const free = threads.find(({ ready, busy }) => ready && !busy);
  if (!free) return null;
  const id = ++lastId;
  free.busy = true;
  const answer = new Promise<Uint8Array>((resolve, reject) => waiting.set(id, { resolve, reject }));
  free.worker.postMessage({ id, file, rows }, [file.buffer]);
  return answer;
}

/** Ends all threads. */
export function endThreads(): void {
  for (const { worker } of threads) worker.terminate();
  threads = [];
}

function startThread(): Thread {
  const worker = new Worker(new URL("./decode_worker.ts", import.meta.url), { type: "module" });
  const thread: Thread = { worker, ready: false, busy: false };
  worker.onmessage = ({ data: answer }: MessageEvent<Answer>) => {
    if ("ready" in answer) return void (thread.ready = true);
    const { resolve, reject } = waiting.get(answer.id)!;
    waiting.delete(answer.id);
    thread.busy = false;
    endWhenIdle();
    if ("arrow" in answer) resolve(answer.arrow);
    else reject(new Error(answer.problem));
  };
  return thread;
}

function endWhenIdle(): void {
  clearTimeout(idle);
  idle = setTimeout(() => waiting.size === 0 ? endThreads() : endWhenIdle(), IDLE_MS);
}
