/**
 * A seeded model of a crypto market of 250 coins, for learning, for tests and for machines without a network.
 * It makes what CoinGecko and an exchange would give: market snapshots and Bitcoin's minute candles, both from the
 * same price paths. Every number follows from the seed; nothing reads a clock.
 *
 * ## The model
 *
 * Day `d`, coin `i`, log price `x`, with days counted from 2020-01-01:
 *
 * ```text
 * x[i,d+1] = level_i + φ_i (x[i,d] − level_i) + β_i m[d] + e[i,d]      daily path
 * m[d]     = sqrt(h[d] v[d]) z[d],         z normal, v = (ν−2)/χ²_ν    Student-t with unit variance, ν = 6
 * h[d+1]   = (1 − 0.10 − 0.88) s² + 0.10 m[d]² + 0.88 h[d]             GARCH(1,1), s = 2.6 % a day
 * e[i,d]   the same process with its own draws and the coin's own s_i  1.2 % Bitcoin … 5.5 % invented coins
 * ```
 *
 * - `β` is 1 for Bitcoin and 0.7 to 1.5 for others (0 for stablecoins, whose s is 0.03 to 0.05 %). With these
 *   numbers a coin's daily returns correlate with Bitcoin's at 0.45 to 0.65 on average, depending on the seed.
 * - `φ = 0.5^(1/400)`: half of a distance to the coin's level is gone after 400 days (after one day for a
 *   stablecoin). That keeps prices believable in 2030 too and shifts the daily autocorrelation by less than 0.002.
 *   It is also why nobody should look for a trading rule here: the only predictable part is that weak pull.
 * - `v` is at most 16, so that no single day is beyond belief. Over 2,000 days Bitcoin's returns have an excess
 *   kurtosis of 2 to 25, and `|r|` an autocorrelation of 0.1 to 0.3, depending on the seed.
 *
 * Within a day, minute boundary `k` of 1,440, `w` the share of the day's variance that falls into a minute:
 *
 * ```text
 * w[k]  ∝ 1 + 0.35 cos θ + 0.12 cos 2θ,   θ = 2π (k − 930)/1440        busiest at 15:30 UTC
 * S[k]  = Σ_{j<k} sqrt(h v w[j]) z[j],     W[k] = Σ_{j<k} w[j]
 * B[k]  = S[k] + W[k] (r − S[1440])                                     Brownian bridge to the day's return r
 * ```
 *
 * once for the market factor and once for the coin's own part, so that coins move together within the day as
 * well. `h v` is the day's integrated variance: summed squared minute returns measure it (realised variance), and
 * the day's return divided by its root is normal. A candle's high and low are drawn from the distribution of a
 * Brownian bridge's maximum and minimum. Volume is exponential noise times the season `w`, times the day's
 * volatility, times `0.4 + 0.75 |move|/sd`. In 0.5 % of the minutes nobody trades and no bar exists; the last
 * minute of a day always has one. A bar opens within a cent of the previous bar's close.
 *
 * Supplies are constant. The data is clean: no duplicates, no wrong numbers. As in the real API, a few fields are
 * `null`, and two pairs of coins share a symbol.
 *
 * ## Where the facts come from
 *
 * Fat tails, no autocorrelation of returns, clustered volatility that decays slowly, volume that goes with
 * volatility: Cont (2001), "Empirical properties of asset returns: stylized facts and statistical issues",
 * Quantitative Finance 1(2). GARCH: Bollerslev (1986), Journal of Econometrics 31(3); Student-t innovations:
 * Bollerslev (1987), Review of Economics and Statistics 69(3). Normal returns once divided by realised
 * volatility: Andersen, Bollerslev, Diebold, Ebens (2001), Journal of Financial Economics 61(1). The parameter
 * values are round numbers in the range that studies of Bitcoin report, not a fit to data.
 *
 * @module
 */
import { demoCandlesCsv } from "./demo_candles.ts";
import { demoCoins } from "./demo_coins.ts";
import { type DemoHistory, demoHistory } from "./demo_history.ts";
import { demoPaths } from "./demo_paths.ts";
import { demoSnapshots } from "./demo_snapshot.ts";

/** A market made by {@linkcode demoMarket}. */
export interface DemoMarket extends DemoHistory {
  /** The 250 coins; `id` is unique, `symbol` is not. Bitcoin comes first. */
  coins: readonly { id: string; symbol: string; name: string }[];
  /**
   * The body that `/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=250&page=1&
   * price_change_percentage=1h,24h,7d` would have had: a JSON array of 250 records with the API's 29 keys in its
   * order, sorted by market cap. Prices are those of the last full minute, so Bitcoin's is the close of the candle
   * that ended then. Changes that reach before 2020-01-01 are `null`.
   *
   * The first call of a day computes minutes for 250 coins (a tenth of a second or so), later calls reuse them and take a few milliseconds.
   *
   * @throws {RangeError} outside 2020-01-01 to 2099-12-31.
   */
  marketsJson(instant: Date): string;
  /**
   * Bitcoin's minute candles of one UTC month: CSV with the header `time,open,close,high,low,volume` (close before
   * high), `time` the bar's start in epoch milliseconds, prices in USD with cents, volume in BTC. Only bars that
   * ended at or before `until`. A month is the same whenever and in whichever order it is asked for.
   *
   * @param month 1 to 12.
   * @throws {RangeError} for a month that is none or lies outside 2020 to 2099.
   */
  minuteCandlesCsv(year: number, month: number, options: { until: Date }): Uint8Array<ArrayBuffer>;
}

/**
 * Opens the demo market of a seed. The same seed gives the same market on every run; the last digit of a price may
 * differ between JavaScript engines, whose `Math.log` and `Math.cos` are not bound to agree.
 *
 * @param options.seed an integer from 0 to 2^32 − 1.
 * @throws {RangeError} for another seed.
 *
 * @example A snapshot and the candle that ended at its minute show the same price
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const market = demoMarket({ seed: 7 });
 * const until = new Date("2026-03-01T00:02:00Z");
 * const bars = new TextDecoder().decode(market.minuteCandlesCsv(2026, 3, { until })).trim().split("\n");
 * const [time, _open, close] = bars[2]!.split(",");
 * assertEquals([bars[0], time], ["time,open,close,high,low,volume", String(Date.parse("2026-03-01T00:01:00Z"))]);
 * const coins = JSON.parse(market.marketsJson(until));
 * const bitcoin = coins.find((coin: { id: string }) => coin.id === "bitcoin");
 * assertEquals([coins.length, bitcoin.current_price], [250, Number(close)]);
 * ```
 */
export function demoMarket({ seed = 1 }: { seed?: number } = {}): DemoMarket {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
    throw new RangeError(
      `Cannot open the demo market of seed "${seed}": give an integer from 0 to 4294967295`,
    );
  }
  const coins = demoCoins(seed);
  const paths = demoPaths(seed, coins);
  return {
    coins: coins.map(({ id, symbol, name }) => ({ id, symbol, name })),
    marketsJson: demoSnapshots(seed, coins, paths),
    minuteCandlesCsv: (year, month, { until }) =>
      demoCandlesCsv(paths, { seed, coin: 0, year, month, until }),
    ...demoHistory(seed, coins, paths),
  };
}
