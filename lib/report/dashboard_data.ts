import type { DailyPrice, MarketPriceDoubles } from "../core/rows.ts";
import type { VolatilityForecast } from "./forecast_card.ts";
import type { VolatilityPrediction } from "./volatility_chart.ts";

/** How a check came out. */
export type CheckStatus = "pass" | "warn" | "fail";

/** The newest market snapshot. */
export interface DashboardMarkets {
  /** ISO 8601, UTC. */
  snapshot_at: string;
  rows: MarketPriceDoubles[];
}

/** The newest quality report. */
export interface DashboardQuality {
  status: CheckStatus;
  findings: { check: string; status: CheckStatus; count: number; detail: string }[];
}

/** The newest trained model and its test. */
export interface DashboardModel {
  /** One honest sentence: who won and by how much, or that nobody beats persistence. */
  verdict: string;
  /** What stands for volatility, in words. */
  volatility_proxy: string;
  /** Name of the model whose forecast is served. */
  champion: string;
  /** Forest's mean absolute error over persistence's; below 1 the forest is better. */
  mae_ratio: number;
  metrics: Record<string, { mae: number; rmse: number; r2: number; mase: number }>;
  forecast: VolatilityForecast;
  predictions: VolatilityPrediction[];
}

/** One step of the run that made the dashboard. */
export interface DashboardStep {
  name: string;
  status: string;
  rows_in: number | null;
  rows_out: number | null;
  duration_ms: number;
  detail: string;
}

/** All that the dashboard shows. `null` and empty lists are allowed: the section then says what is missing. */
export interface DashboardData {
  source: "csv" | "demo" | "coingecko" | "exchange";
  run_id: string;
  /** ISO 8601, UTC; from the run's clock. */
  generated_at: string;
  /** Where the data lie, as the reader would write it. */
  lake: string;
  daily: DailyPrice[];
  markets: DashboardMarkets | null;
  quality: DashboardQuality | null;
  model: DashboardModel | null;
  steps: DashboardStep[];
}
