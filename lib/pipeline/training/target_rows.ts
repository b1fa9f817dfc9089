/** What can be forecast, from daily candles: the one place where targets have their names. */
import { type DailyCandle, type VolatilityRows, volatilityRows } from "../../features/volatility_rows.ts";
import { DAY_MS } from "../../core/time.ts";
import { naive, zero } from "../../models/baselines.ts";
import type { TargetName } from "../../models/contestants.ts";
import type { SeriesModel } from "../../models/series_model.ts";

/** Rows of a target, and the naive forecast that every model of it has to beat. */
export interface TargetRows extends VolatilityRows {
  naive: () => SeriesModel;
  /** Unit of target and errors. */
  unit: string;
}

/**
 * Rows with the columns of `volatilityRows`, the day's close, and the target: `volatility` (Parkinson's, of the day
 * `horizon` days later), `price` (its close), `return` (the log of that close over today's). Days whose target is missing
 * amid the series are left out.
 *
 * @throws {QualityError} see `volatilityRows`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const candles = Array.from({ length: 40 }, (_, i) => ({
 *   day: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10),
 *   open: 100, high: 110, low: 100, close: 100 + i, volume: 5,
 * }));
 * const { rows } = targetRows("price", candles, { horizon: 2 });
 * assertEquals([rows.columns["close"]![0], rows.target[0], rows.target.at(-1)], [129, 131, NaN]);
 * ```
 */
export function targetRows(
  target: TargetName,
  candles: readonly DailyCandle[],
  { horizon }: { horizon: number },
): TargetRows {
  const built = volatilityRows(candles, { horizon }), { days } = built.rows;
  const closes = new Map(candles.map(({ day, close }) => [day, close]));
  const close = Float64Array.from(days, (day) => closes.get(day)!);
  const later = Float64Array.from(days, (day) => {
    const then = new Date(Date.parse(day) + horizon * DAY_MS).toISOString().slice(0, 10);
    return closes.get(then) ?? NaN;
  });
  const values = {
    volatility: () => built.rows.target,
    price: () => later,
    return: () => later.map((price, row) => Math.log(price / close[row]!)),
  }[target]();
  const rows = { ...built.rows, columns: { ...built.rows.columns, close }, target: values };
  const lastKnown = values.findLastIndex(Number.isFinite);
  const kept = [...days.keys()].filter((row) => Number.isFinite(values[row]) || row > lastKnown);
  return {
    rows: {
      days: kept.map((row) => days[row]!),
      columns: Object.fromEntries(
        Object.entries(rows.columns).map((
          [name, column],
        ) => [name, Float64Array.from(kept, (row) => column[row]!)]),
      ),
      target: Float64Array.from(kept, (row) => values[row]!),
      horizon,
    },
    touched: built.touched,
    left_out: [...built.left_out, ...days.filter((_, row) => !kept.includes(row))],
    ...{
      volatility: { naive: () => naive("vol_1"), unit: "volatility a day" },
      price: { naive: () => naive("close"), unit: "USD" },
      return: { naive: () => zero(), unit: "log return" },
    }[target],
  };
}
