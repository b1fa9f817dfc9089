/** The compiled kernel's exports (`kernel.as.ts`), and the words through which threads share it. */

/**
 * What can be split between threads: a pass over blocks of windows (the first two) and over fours of rows of A, dropout
 * over parts of its numbers.
 */
export const OPERATIONS = ["forward", "backward", "weightGradients", "dropout"] as const;
export type Operation = typeof OPERATIONS[number];

/** A part `from` to, not including, `to` of an operation; `pass` is the address of its sizes and buffers. */
type Run = (pass: number, from: number, to: number) => void;
/** What `kernel.as.ts` exports. */
export type Kernel = Record<Operation, Run> & { packWeights(pass: number): void };

/** The kernel on a memory: one instance a thread. */
export function instantiate(compiled: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernel;
}

/** Shared words: the number of the newest job, what it is, and how many threads still work on it. */
export const CONTROL = { job: 0, operation: 1, pass: 2, parts: 3, pending: 4, failed: 5 } as const;

/** In place of an operation's number: the thread ends. */
export const STOP = -1;

/** What a thread is started with. */
export interface ThreadStart {
  compiled: WebAssembly.Module;
  memory: WebAssembly.Memory;
  control: Int32Array;
  /** Which of how many threads it is; the one that calls is number 0. */
  thread: number;
  threads: number;
}

/** Looks at a shared word before sleeping on it: a few dozen microseconds. */
export const SPINS = 20_000;

/** Where thread number `thread` begins: it ends where the next one begins. */
export function partsFrom(thread: number, threads: number, parts: number): number {
  return Math.floor((parts * thread) / threads);
}
