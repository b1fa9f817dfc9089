/**
 * Waits until every piece of work has ended, well or badly, where `Promise.all` would leave some of it running behind
 * its caller's back.
 *
 * @returns What came of each.
 * @throws The failure of the first piece, in their order, that has one.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * assertEquals(await allEnded([Promise.resolve(1), "two"]), [1, "two"]);
 * let ended = false;
 * const slow = new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => void (ended = true));
 * await assertRejects(() => allEnded([slow, Promise.reject(new Error("first")), Promise.reject("second")]), Error, "first");
 * assertEquals(ended, true);
 * ```
 */
export async function allEnded<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const ends = await Promise.allSettled(work);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}
