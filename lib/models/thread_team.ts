/** A team's state: who asked to join, threads of the team (0 while it gathers), who waits, barriers passed, its end. */
const JOINED = 0, THREADS = 1, WAITING = 2, PASSED = 3, ENDED = 4, WORDS = 5;

/** Loads before a thread that waits goes to sleep: some ten microseconds. */
const SPINS = 5_000;

/** Parts of a program take well under a second. */
const PATIENCE_MS = 60_000;

/** For a helper that is only just starting. */
const GATHER_MS = 1000;

/** Thrown at a barrier when another thread has ended the team. */
export class TeamEnded extends Error {
  override name = "TeamEnded";
}

/**
 * Threads that run the same program on shared memory, each on its share, and meet at barriers: a team, as OpenMP has it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const team = ThreadTeam.alone();
 * team.barrier();
 * assertEquals(team.share(10), [0, 10]);
 * ```
 */
export class ThreadTeam {
  /**
   * @param state shared by the team, see {@linkcode teamState}.
   * @param thread this thread's number, from 0.
   */
  constructor(readonly state: Int32Array, readonly thread: number, readonly threads: number) {}

  /** A team of this thread only. */
  static alone(): ThreadTeam {
    return new ThreadTeam(teamState(), 0, 1);
  }

  /** This thread's share of `count` things, from … to: all threads' shares in turn are the whole. */
  share(count: number): [number, number] {
    const from = (thread: number) => Math.floor(thread * count / this.threads);
    return [from(this.thread), from(this.thread + 1)];
  }

  /**
   * Waits until all threads are here. What they wrote before is seen by all of them after it.
   *
   * @throws {TeamEnded} if another thread has ended the team.
   * @throws {Error} if a thread does not come.
   */
  barrier(): void {
    if (this.threads === 1) return;
    const { state } = this, passed = Atomics.load(state, PASSED);
    this.#checkGoing(); // the end sets its word before it counts as a barrier
    if (Atomics.add(state, WAITING, 1) === this.threads - 1) {
      Atomics.store(state, WAITING, 0);
      Atomics.add(state, PASSED, 1);
      Atomics.notify(state, PASSED);
    } else {
      for (let spin = 0; spin < SPINS && Atomics.load(state, PASSED) === passed; spin++);
      waitWhile(state, PASSED, passed);
    }
    this.#checkGoing();
  }

  /** Sends the other threads home from the barrier where they wait, or that they come to next. */
  end(): void {
    const { state } = this;
    Atomics.store(state, ENDED, 1);
    Atomics.add(state, PASSED, 1);
    Atomics.notify(state, PASSED);
  }

  #checkGoing(): void {
    if (Atomics.load(this.state, ENDED)) {
      throw new TeamEnded("Cannot go on: another thread has ended the work");
    }
  }
}

/** The state of a new team, in shared memory. */
export function teamState(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
}

/** The team of this thread and of those helpers who come within `patience` milliseconds. */
export function gatherTeam(state: Int32Array, helpers: number, patience = GATHER_MS): ThreadTeam {
  const end = performance.now() + patience;
  for (let joined; (joined = Atomics.load(state, JOINED)) < helpers;) {
    const left = end - performance.now();
    if (left <= 0 || Atomics.wait(state, JOINED, joined, left) === "timed-out") break;
  }
  const threads = 1 + Math.min(helpers, Atomics.load(state, JOINED));
  Atomics.store(state, THREADS, threads);
  Atomics.notify(state, THREADS);
  return new ThreadTeam(state, 0, threads);
}

/** A helper's place in the team, or null where it comes too late. */
export function joinTeam(state: Int32Array): ThreadTeam | null {
  const thread = Atomics.add(state, JOINED, 1) + 1;
  Atomics.notify(state, JOINED);
  waitWhile(state, THREADS, 0);
  const threads = Atomics.load(state, THREADS);
  return thread < threads ? new ThreadTeam(state, thread, threads) : null;
}

function waitWhile(state: Int32Array, index: number, value: number): void {
  while (Atomics.load(state, index) === value) {
    if (Atomics.wait(state, index, value, PATIENCE_MS) === "timed-out") {
      throw new Error(`Cannot go on: another thread has not answered for ${PATIENCE_MS / 1000} s`);
    }
  }
}
