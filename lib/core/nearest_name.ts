/**
 * The name that a misspelt one most likely means: the one with the fewest letters to add, drop, change or swap with
 * their neighbour, or null where that would be more than a third of it. Case does not count.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const names = ["processed_prices", "price_ticks", "v_top_100"];
 * assertEquals(nearestName("proccesed_price", names), "processed_prices");
 * assertEquals(nearestName("weather", names), null);
 * ```
 */
export function nearestName(name: string, names: readonly string[]): string | null {
  let nearest: string | null = null, least = Math.max(2, name.length / 3);
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least || (distance === least && nearest === null)) {
      [nearest, least] = [candidate, distance];
    }
  }
  return nearest;
}

/** Damerau's and Levenshtein's distance, where no piece is edited twice. */
function editDistance(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
      }
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
