/** A long history in pieces: windows whose limits do not depend on where a backfill began or broke off. */
import { compactStamp, DAY_MS, parseDuration } from "../core/time.ts";

/** A unit of a backfill: so many bars, from a bar's start up to, but without, another bar's start. */
export interface CandleWindow {
  /** `1m-20240101T000000Z-20240101T164000Z`: the same bars always have the same name. */
  name: string;
  timeframe: string;
  from_ms: number;
  /** Not included. */
  until_ms: number;
  bars: number;
}

/**
 * Milliseconds of a bar. Weeks and months are refused: exchanges do not agree on where they begin.
 *
 * @throws {RangeError} for a bar longer than a day or one that does not divide it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * assertEquals(timeframeMs("15m"), 900_000);
 * assertThrows(() => timeframeMs("1w"), RangeError);
 * ```
 */
export function timeframeMs(timeframe: string): number {
  const bad = (cause?: unknown) =>
    new RangeError(`Cannot use bars of "${timeframe}": a bar divides a day, name one such as 1m, 1h or 1d`, {
      cause,
    });
  let step: number;
  try {
    step = parseDuration(timeframe);
  } catch (cause) {
    throw bad(cause);
  }
  if (step > DAY_MS || DAY_MS % step !== 0) throw bad();
  return step;
}

/**
 * Cuts `since` up to `until` into windows of `limit` bars. Their limits are multiples of `limit` bars since 1970, so
 * that a backfill that begins elsewhere, or goes on later, has the same windows; only the first and the last one may
 * be smaller. Both ends are taken down to the start of the bar that holds them.
 *
 * @param options.limit Bars of a window: what the exchange gives on one page, `ExchangeClient.page_limit`.
 * @returns none where `until` is not a bar after `since`.
 * @throws {RangeError} for a limit that is no positive integer, or bars that {@linkcode timeframeMs} refuses.
 *
 * @example A day of minutes, on Coinbase
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const windows = planWindows({
 *   since: new Date("2024-01-01"),
 *   until: new Date("2024-01-02"),
 *   timeframe: "1m",
 *   limit: 300,
 * });
 * assertEquals(windows.map(({ bars }) => bars), [180, 300, 300, 300, 300, 60]);
 * assertEquals(windows[0]!.name, "1m-20240101T000000Z-20240101T030000Z");
 * ```
 */
export function planWindows({ since, until, timeframe, limit }: {
  since: Date | number;
  until: Date | number;
  timeframe: string;
  limit: number;
}): CandleWindow[] {
  const step = timeframeMs(timeframe);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`Cannot plan windows of ${limit} bars: it must be a positive integer`);
  }
  const [first, end] = [since, until].map((time) => Math.floor(Number(time) / step) * step) as [
    number,
    number,
  ];
  if (!Number.isFinite(first) || !Number.isFinite(end)) {
    throw new RangeError("Cannot plan windows: since and until must be times");
  }
  const size = limit * step;
  const windows: CandleWindow[] = [];
  for (let from = first; from < end;) {
    const until_ms = Math.min(end, (Math.floor(from / size) + 1) * size);
    windows.push({
      name: `${timeframe}-${compactStamp(new Date(from))}-${compactStamp(new Date(until_ms))}`,
      timeframe,
      from_ms: from,
      until_ms,
      bars: (until_ms - from) / step,
    });
    from = until_ms;
  }
  return windows;
}
