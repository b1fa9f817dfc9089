/**
 * A thread of `threads.ts`: sleeps until the job number changes, does its part, counts itself off, sleeps
 * again.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CONTROL, instantiate, OPERATIONS, partsFrom, SPINS, type ThreadStart } from "./kernel.ts";

const { compiled, memory, control, thread, threads } = workerData as ThreadStart;
const kernel = instantiate(compiled, memory);
parentPort!.postMessage("ready");
setTimeout(work, 0); // after the message is on its way

/** One job after the other, until it is told to stop. */
function work(): void {
  for (let seen = 0;; seen++) {
    for (let spin = 0; spin < SPINS && Atomics.load(control, CONTROL.job) === seen; spin++);
    while (Atomics.load(control, CONTROL.job) === seen) Atomics.wait(control, CONTROL.job, seen);
    const operation = OPERATIONS[control[CONTROL.operation]!];
    if (operation === undefined) return; // STOP
    const parts = control[CONTROL.parts]!;
    const from = partsFrom(thread, threads, parts), to = partsFrom(thread + 1, threads, parts);
    try {
      kernel[operation](control[CONTROL.pass]!, from, to);
    } catch {
      Atomics.store(control, CONTROL.failed, 1); // `threads.ts` throws
    }
    Atomics.sub(control, CONTROL.pending, 1);
    Atomics.notify(control, CONTROL.pending);
  }
}
