/**
 * Candles behind the paths of exchanges, as `Request → Response`: klines as Binance, candles as Coinbase Exchange and
 * OHLC as Bitstamp write them. For notebooks and tests that take in a history without a network.
 */
import type { Effects } from "../core/effects.ts";
import type { Candle } from "../core/rows.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";

/** A question for bars, in whichever of the three languages it came. */
export interface BarsQuery {
  from: number;
  /** Not included. */
  until: number;
  /** Milliseconds of a bar. */
  step: number;
  /** Bars of an answer, at most. */
  limit: number;
  /** How many bars were asked for, and how many may be, where the exchange refuses more; else 0. */
  bars: number;
  most: number;
  newest_first: boolean;
  /** The body of the answer, before it becomes JSON. */
  write: (rows: readonly Candle[]) => unknown;
}

const INTERVALS: Readonly<Record<string, number>> = { "1m": MINUTE_MS, "1h": HOUR_MS, "1d": DAY_MS };

/** Reads a question; null for a path that none of the exchanges has. */
export function readBarsQuery({ pathname, searchParams }: URL): BarsQuery | null {
  const number = (name: string, otherwise = Infinity) => Number(searchParams.get(name) ?? otherwise);
  if (pathname === "/api/v3/klines") {
    const step = INTERVALS[searchParams.get("interval") ?? ""] ?? MINUTE_MS;
    const limit = Math.min(1000, number("limit", 500));
    const write = (rows: readonly Candle[]) => rows.map((row) => kline(row, step));
    const until = number("endTime") + 1;
    return { from: number("startTime"), until, step, limit, bars: 0, most: 0, newest_first: false, write };
  }
  if (/^\/products\/[A-Z]+-[A-Z]+\/candles$/.test(pathname)) {
    const step = SECOND_MS * number("granularity", 60);
    const from = Date.parse(searchParams.get("start") ?? ""), end = Date.parse(searchParams.get("end") ?? "");
    const bars = (end - from) / step;
    const write = (rows: readonly Candle[]) =>
      rows.map(({ time, low, high, open, close, volume }) => [
        time / SECOND_MS,
        low,
        high,
        open,
        close,
        volume,
      ]);
    return { from, until: end + 1, step, limit: Infinity, bars, most: 300, newest_first: true, write };
  }
  if (/^\/api\/v2\/ohlc\/[a-z]+\/$/.test(pathname)) {
    const step = SECOND_MS * number("step", 60);
    const write = (rows: readonly Candle[]) => ({ data: { pair: "BTC/USD", ohlc: rows.map(ohlc) } });
    const until = SECOND_MS * number("end") + 1;
    const limit = Math.min(1000, number("limit", 1000));
    const from = SECOND_MS * number("start");
    return { from, until, step, limit, bars: 0, most: 0, newest_first: false, write };
  }
  return null;
}

/**
 * An exchange that has these candles and no others. As a real one it gives out the bar that is not over yet, too.
 *
 * @param candles of one length, in order of time.
 * @param options.now the exchange's clock; bars that start later are not given out.
 *
 * @example Bitstamp's answer for two minutes, one of which had no trade
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bar = { open: 5, high: 6, low: 4, close: 5, volume: 1 };
 * const exchange = candleHandler([{ time: 60_000, ...bar }, { time: 180_000, ...bar }], {
 *   now: () => new Date(600_000),
 * });
 * const answer = await exchange(new Request("http://demo.invalid/api/v2/ohlc/btcusd/?step=60&start=120&end=180"));
 * const { data } = await answer.json();
 * assertEquals(data.ohlc.map(({ timestamp }: { timestamp: string }) => timestamp), ["180"]);
 * ```
 */
export function candleHandler(
  candles: readonly Candle[],
  { now }: Pick<Effects, "now">,
): (request: Request) => Promise<Response> {
  const times = Float64Array.from(candles, ({ time }) => time);
  const before = (instant: number) => {
    let low = 0, high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! < instant) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const give = (body: unknown, status: number) =>
    Promise.resolve(Response.json(body, { status, headers: { date: now().toUTCString() } }));
  return (request) => {
    const query = readBarsQuery(new URL(request.url));
    if (query === null) return give({ message: "NotFound" }, 404);
    if (query.bars > query.most) return give({ message: "too many bars for one question" }, 400);
    const { from, until, limit, newest_first } = query;
    const first = before(from), end = Math.min(before(until), before(now().getTime() + 1), first + limit);
    const rows = candles.slice(first, Math.max(first, end));
    return give(query.write(newest_first ? rows.toReversed() : rows), 200);
  };
}

function kline({ time, open, high, low, close, volume }: Candle, step: number): unknown[] {
  const prices = [open, high, low, close, volume].map(String);
  return [time, ...prices, time + step - 1, "1", 1, "1", "1", "0"];
}

function ohlc({ time, ...bar }: Candle): Record<string, string> {
  const { open, high, low, close, volume } = bar;
  const fields = { timestamp: time / SECOND_MS, open, high, low, close, volume };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}
