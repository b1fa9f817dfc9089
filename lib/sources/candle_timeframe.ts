/** How long the bars of a file are, told from its times and its name. */
import { QualityError } from "../core/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";

/** Bar lengths that the lake keeps, by name. */
export const TIMEFRAMES: Readonly<Record<string, number>> = {
  "1m": MINUTE_MS,
  "3m": 3 * MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "30m": 30 * MINUTE_MS,
  "1h": HOUR_MS,
  "2h": 2 * HOUR_MS,
  "4h": 4 * HOUR_MS,
  "6h": 6 * HOUR_MS,
  "12h": 12 * HOUR_MS,
  "1d": DAY_MS,
};

/** A share of the steps: what is left are slips. */
const MOST = 0.95;

/** The value that comes most often, the smallest of several; null where there is none above zero. */
export function commonest(values: readonly number[]): { value: number; count: number } | null {
  const counts = new Map<number, number>();
  for (const value of values) if (value > 0) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [top] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return top ? { value: top[0], count: top[1] } : null;
}

/**
 * The bar length and the order of rows. Where they are too few, the file's name has the word, and then the layout; null
 * where nobody has.
 *
 * @param times Starts of the bars in the file's order, epoch milliseconds.
 *
 * @throws {QualityError} where the bars have a length that the lake does not know.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const lengthOf = (minutes: number[], name = "a.csv") =>
 *   timeframeOf(minutes.map((minute) => minute * 60_000), { name }).timeframe;
 * assertEquals([lengthOf([0, 15, 30]), lengthOf([30, 0, 15])], ["15m", "15m"]);
 * assertEquals([lengthOf([0]), lengthOf([0], "BTCUSD_1d.csv")], [null, "1d"]);
 * ```
 */
export function timeframeOf(
  times: readonly number[],
  { name, entry, promised = null }: { name: string; entry?: string | undefined; promised?: string | null },
): { timeframe: string | null; evidence: string[] } {
  const starts = Float64Array.from(new Set(times)).sort();
  const steps = Array.from(starts.subarray(1), (start, i) => start - starts[i]!);
  const step = commonest(steps);
  const named: string | null =
    [entry ?? "", name].map((text) =>
      /(?:^|[^A-Za-z0-9])(\d{1,2}[mhd])(?![A-Za-z0-9])/.exec(text.slice(text.lastIndexOf("/") + 1))?.[1]
    ).find((frame) => frame !== undefined && frame in TIMEFRAMES) ?? promised;
  const timeframe = Object.entries(TIMEFRAMES).find(([, ms]) => ms === step?.value)?.[0];
  if (timeframe !== undefined) {
    return {
      timeframe,
      evidence: [
        `the commonest step is ${step!.value / 1000} s, ${step!.count} of ${steps.length}: ${timeframe} bars`,
        orderOf(times),
      ],
    };
  }
  if (steps.length > 3 && step !== null) {
    const sparse = sparseFrame(steps, { step, named });
    if (sparse !== null) {
      return {
        timeframe: sparse,
        evidence: [
          `steps differ (most often ${step.value / 1000} s) and are whole ${sparse} bars: bars are missing`,
          orderOf(times),
        ],
      };
    }
    throw new QualityError(
      `Cannot read "${name}": its bars are ${step.value / 1000} s apart, give bars of one of ${
        Object.keys(TIMEFRAMES).join(", ")
      }`,
    );
  }
  return {
    timeframe: named,
    evidence: [
      named === null
        ? `${times.length} ${times.length === 1 ? "row is" : "rows are"} too few to tell the bar length`
        : `bars of ${named} by the name, the rows are too few to measure`,
    ],
  };
}

/**
 * The length that was told of a file's bars.
 *
 * @throws {QualityError} where nothing told it.
 */
export function requireTimeframe(path: string, timeframe: string | null): string {
  if (timeframe !== null) return timeframe;
  throw new QualityError(
    `Cannot read "${path}": its rows are too few to tell how long a bar is, say it in the file's name, ` +
      `such as BTCUSD_1m.csv`,
  );
}

function orderOf(times: readonly number[]): string {
  const down = times.filter((time, i) => i > 0 && time < times[i - 1]!).length;
  if (down === 0) return "oldest first";
  const steps = times.length - 1;
  return down === steps ? "newest first" : `in no strict order (${down} steps back, ${steps - down} forward)`;
}

/**
 * The bar length of rows with many bars missing: what the name says, or else the longest, that measures the steps. Null
 * where the steps are alike: then this is the length, and the lake has no such bars.
 */
function sparseFrame(
  steps: readonly number[],
  { step, named }: { step: { value: number; count: number }; named: string | null },
): string | null {
  const measures = (ms: number) => steps.filter((step) => step % ms === 0).length >= steps.length * MOST;
  if (step.value > DAY_MS) return null;
  if (named !== null && measures(TIMEFRAMES[named]!)) return named;
  if (step.count >= steps.length * MOST) return null;
  return Object.entries(TIMEFRAMES).findLast(([, ms]) => measures(ms))?.[0] ?? null;
}
