/** Faults planted into candles, for lessons and tests that need to know the truth. */
import type { Candle } from "../core/rows.ts";
import { MINUTE_MS } from "../core/time.ts";

/** Something that goes wrong with a few neighbouring minutes. */
export interface PlantedFault {
  /**
   * - `outage`: the bars do not come.
   * - `swapped`: they come with high and low exchanged.
   * - `stuck`: each of them repeats the last bar before.
   * - `print`: one of their prices is `factor` times what it was; a high above all or a low below all.
   */
  kind: "outage" | "swapped" | "stuck" | "print";
  /** Start of the first minute, epoch milliseconds. */
  from_ms: number;
  /** How many minutes; 1 where it is left out. */
  minutes?: number;
  /** For prints: above 1 the high is out, below 1 the low. */
  factor?: number;
}

/**
 * The candles with the faults in them; the given ones stay as they are.
 *
 * @param candles in order of time.
 * @throws {RangeError} for a print without a factor above zero that is not one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bar = { open: 5, high: 6, low: 4, close: 5, volume: 1 };
 * const minutes = [0, 1, 2, 3].map((minute) => ({ time: minute * 60_000, ...bar }));
 * const spoilt = plantFaults(minutes, [
 *   { kind: "outage", from_ms: 60_000, minutes: 2 },
 *   { kind: "print", from_ms: 180_000, factor: 10 },
 * ]);
 * assertEquals(spoilt.map(({ time, high }) => [time, high]), [[0, 6], [180_000, 60]]);
 * ```
 */
export function plantFaults(candles: readonly Candle[], faults: readonly PlantedFault[]): Candle[] {
  for (const { kind, factor } of faults) {
    if (kind === "print" && !(factor !== undefined && factor > 0 && factor !== 1)) {
      throw new RangeError(
        `Cannot plant a print of factor "${factor}": give one above zero, such as 10 or 0.7`,
      );
    }
  }
  const spoilt: Candle[] = [];
  let last: Candle | undefined;
  for (const candle of candles) {
    const mine = faults.filter(({ from_ms, minutes = 1 }) =>
      candle.time >= from_ms && candle.time < from_ms + minutes * MINUTE_MS
    );
    const stuck = mine.some(({ kind }) => kind === "stuck");
    if (mine.some(({ kind }) => kind === "outage")) continue;
    const bar = stuck && last ? { ...last, time: candle.time } : { ...candle };
    for (const fault of mine) spoil(bar, fault);
    if (!stuck) last = bar;
    spoilt.push(bar);
  }
  return spoilt;
}

function spoil(bar: Candle, { kind, factor = 1 }: PlantedFault): void {
  if (kind === "swapped") [bar.high, bar.low] = [bar.low, bar.high];
  if (kind !== "print") return;
  if (factor > 1) bar.high = inCents(bar.high * factor);
  else bar.low = inCents(bar.low * factor);
}

function inCents(price_usd: number): number {
  return Math.max(0.01, Math.round(price_usd * 100) / 100);
}
