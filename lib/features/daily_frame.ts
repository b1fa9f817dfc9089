import type pl from "nodejs-polars";
import { QualityError } from "../core/errors.ts";
import { utcDay } from "../core/time.ts";
import { ohlcvFrame } from "./ohlcv_frame.ts";

/** A UTC day of one market. */
export interface DailyCandle {
  /** `YYYY-MM-DD`. */
  day: string;
  open: number;
  high: number;
  low: number;
  close: number;
  /** Base coin. */
  volume: number;
}

/**
 * Daily candles as a frame of bars, see `ohlcvFrame`: a day that is missing is a row of nulls.
 *
 * @param candles in order of days, each once.
 * @throws {QualityError} for a day that is none, and for candles that are not sound.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const candle = { open: 100, high: 110, low: 90, close: 105, volume: 5 };
 * const frame = dailyFrame([{ day: "2026-01-01", ...candle }, { day: "2026-01-03", ...candle }]);
 * assertEquals([...frame.getColumn("close").toArray()], [105, null, 105]);
 * ```
 */
export function dailyFrame(candles: readonly DailyCandle[]): pl.DataFrame {
  const timestamp = candles.map(({ day }) => {
    const time = Date.parse(day);
    // A day that a month does not have is read as one of the next month.
    if (Number.isFinite(time) && utcDay(time) === day) return time;
    throw new QualityError(`Cannot build features: "${day}" is no day, write it as YYYY-MM-DD`);
  });
  const column = (name: "open" | "high" | "low" | "close" | "volume") => candles.map((each) => each[name]);
  return ohlcvFrame({
    timestamp,
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: column("volume"),
  }, "1d");
}
