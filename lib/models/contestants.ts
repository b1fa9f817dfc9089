/** The models of volatility by name. */
import { ewma, garch, har, logHar, naive, seasonalNaive } from "./baselines.ts";
import type { Contestant } from "./leaderboard.ts";

/** Columns of the heterogeneous autoregression for a market that never closes: a day, a week, a month. */
const HAR = ["vol_1", "vol_mean_7", "vol_mean_30"];

const baseline = (make: Contestant["make"]): Contestant => ({ make, baseline: true, random: false });

/** Who takes part where nothing else is said: the baselines of volatility forecasts. */
export const VOLATILITY_MODELS: Readonly<Record<string, Contestant>> = {
  persistence: baseline(() => naive("vol_1")),
  seasonal_naive: baseline(() => seasonalNaive("vol_1")),
  ewma: baseline(() => ewma("vol_1")),
  har: baseline(() => har(HAR)),
  log_har: baseline(() => logHar(HAR.map((name) => `log_${name}`))),
  garch: baseline(() => garch("log_return_1")),
};
