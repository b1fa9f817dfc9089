/** Work that goes on side by side, but not all of it at once. */
import { allEnded } from "../core/all_ended.ts";

/** Runs work as soon as one of a number of turns is free. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Lets at most `width` pieces of work run at the same time, whoever hands them in; the others wait in their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const inTurn = turns(2);
 * let now = 0, most = 0;
 * await Promise.all(Array.from({ length: 5 }, () =>
 *   inTurn(async () => {
 *     most = Math.max(most, ++now);
 *     await Promise.resolve();
 *     now--;
 *   })));
 * assertEquals(most, 2);
 * ```
 */
export function turns(width: number): Turns {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

/** Works through a list, `width` items at a time, and stops at the first failure. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items].reverse();
  const lane = async () => {
    while (queue.length > 0) {
      try {
        await work(queue.pop()!);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  await allEnded(Array.from({ length: width }, lane));
}
