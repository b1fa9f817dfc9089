import { formatShare } from "./format.ts";

/** Tomorrow's volatility as each model sees it, as fractions (0.02 = 2%). */
export interface VolatilityForecast {
  /** The day that is forecast, `YYYY-MM-DD`. */
  day: string;
  persistence: number;
  forest: number;
  champion: number;
}

/** A figure with its words. */
export interface Card {
  label: string;
  value: string;
  note: string;
}

/** From this relative difference on, a forecast counts as different from persistence. */
const SAME_WITHIN = 0.02;

/**
 * The forecast as a figure with words: what the champion says, and how that compares with persistence.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(
 *   forecastCard({ day: "2026-01-03", persistence: 0.025, forest: 0.02, champion: 0.02 }, "random_forest"),
 *   {
 *     label: "Volatility forecast for 2026-01-03",
 *     value: "2.00%",
 *     note: "random_forest expects a calmer day: 20% below persistence (2.50%)",
 *   },
 * );
 * ```
 */
export function forecastCard(forecast: VolatilityForecast, champion: string): Card {
  const label = `Volatility forecast for ${forecast.day}`;
  const value = formatShare(forecast.champion);
  if (champion.toLowerCase() === "persistence") {
    return {
      label,
      value,
      note: `persistence is the champion: as today. The forest says ${formatShare(forecast.forest)}`,
    };
  }
  const change = forecast.champion / forecast.persistence - 1;
  const baseline = `persistence (${formatShare(forecast.persistence)})`;
  if (!Number.isFinite(change)) return { label, value, note: `${champion}; ${baseline}` };
  if (Math.abs(change) < SAME_WITHIN) return { label, value, note: `${champion} agrees with ${baseline}` };
  const mood = change < 0 ? "calmer" : "wilder";
  const side = change < 0 ? "below" : "above";
  return {
    label,
    value,
    note: `${champion} expects a ${mood} day: ${Math.abs(change * 100).toFixed(0)}% ${side} ${baseline}`,
  };
}
