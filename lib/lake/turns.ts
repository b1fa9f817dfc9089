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
