/** Small rows for the tests of this room. */
import type { DailyPrice, MarketPriceDoubles } from "../core/rows.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import { judgeGaps } from "../quality/completeness.ts";
import type { CompletenessData } from "./completeness_chart.ts";
import type { DashboardData } from "./dashboard_data.ts";
import type { VolatilityPrediction } from "./volatility_chart.ts";

/** Names that a page must not believe. */
export const HOSTILE_NAME = `</script><script>alert("1")</script> & 'Ünï' 币安`;

export const DAILY: DailyPrice[] = [
  { day: "2017-04-12", avg_price_usd: 1218.4567891, min_price_usd: 1210, max_price_usd: 1226 },
  { day: "2017-04-13", avg_price_usd: 1190, min_price_usd: 1155, max_price_usd: 1219 },
  { day: "2017-04-14", avg_price_usd: 1178, min_price_usd: 1160, max_price_usd: 1195 },
  { day: "2017-04-15", avg_price_usd: 890, min_price_usd: 0.06, max_price_usd: 1191 },
  { day: "2017-04-18", avg_price_usd: 1198, min_price_usd: 1186, max_price_usd: 1211 },
  { day: "2017-04-19", avg_price_usd: 1210, min_price_usd: 1201, max_price_usd: 1217 },
];

export const LONG_RANGE: DailyPrice[] = Array.from({ length: 40 }, (_, index) => {
  const price = 10 * 1.15 ** index;
  const day = new Date(Date.UTC(2013, 0, 1 + index)).toISOString().slice(0, 10);
  return { day, avg_price_usd: price, min_price_usd: price * 0.9, max_price_usd: price * 1.1 };
});

export const PREDICTIONS: VolatilityPrediction[] = [
  { day: "2023-01-01", actual: 0.021, persistence: 0.019, forest: 0.02 },
  { day: "2023-01-02", actual: 0.034, persistence: 0.021, forest: 0.024 },
  { day: "2023-01-05", actual: 0.018, persistence: 0.034, forest: 0.027 },
];

const MINUTE_0 = Date.UTC(2024, 1, 14);

/** Three hours of minutes, with more than an hour missing between the first and the last ones. */
export const MINUTE_BARS = Array.from({ length: 100 }, (_, i) => {
  const close = 100 + Math.round(10 * Math.sin(i / 9));
  return { time: MINUTE_0 + (i < 50 ? i : i + 80) * MINUTE_MS, high: close + 1, low: close - 1, close };
});

/** Prints beyond the axis on both sides, and one on it that nobody found. */
export const PRINTS = [
  { time: MINUTE_0 + 10 * MINUTE_MS, price: 1000, found: true },
  { time: MINUTE_0 + 20 * MINUTE_MS, price: 0.06, found: true },
  { time: MINUTE_0 + 150 * MINUTE_MS, price: 121, found: false },
];

const HOURS = { from_ms: Date.UTC(2024, 1, 12), until_ms: Date.UTC(2024, 1, 16), step_ms: HOUR_MS };

/** Four days of hours, of which 2, 10 and 1 are absent for three causes. */
export const LEDGER: CompletenessData = {
  symbol: "BTCUSD",
  timeframe: "1h",
  ...HOURS,
  expected: 96,
  absent: 13,
  gaps: judgeGaps(
    {
      from_ms: Float64Array.of(HOURS.from_ms + HOUR_MS, HOURS.from_ms + DAY_MS, HOURS.from_ms + 3 * DAY_MS),
      missing: Float64Array.of(2, 10, 1),
    },
    HOURS,
    [
      { cause: "no_trade" as const, evidence: "the exchange denies these bars", day: 0 },
      { cause: "source_offline" as const, evidence: "status is 503", day: 1 },
      { cause: "our_failure" as const, evidence: "1 row was refused", day: 3 },
    ].map(({ day, ...evidence }) => ({
      ...evidence,
      strength: 3,
      from_ms: HOURS.from_ms + day * DAY_MS,
      until_ms: HOURS.from_ms + (day + 1) * DAY_MS,
    })),
  ),
};

const COIN: MarketPriceDoubles = {
  id: "bitcoin",
  symbol: "btc",
  name: "Bitcoin",
  current_price: 105509,
  market_cap: 2107656638441,
  market_cap_rank: 1,
  volume_24h: 56939131251,
  price_change_pct_1h: -2.1,
  price_change_pct_24h: -3.94913,
  price_change_pct_7d: -8.03489,
  timestamp: 1762185900,
  source: "coingecko",
};

export const MARKETS: MarketPriceDoubles[] = [
  COIN,
  {
    ...COIN,
    id: "evil",
    symbol: "<i>",
    name: HOSTILE_NAME,
    market_cap: 9e9,
    market_cap_rank: 2,
    price_change_pct_24h: 12,
  },
  { ...COIN, id: "twin-a", name: "Twin", market_cap: 5e9, market_cap_rank: 3, price_change_pct_24h: 4 },
  { ...COIN, id: "twin-b", name: "Twin", market_cap: 4e9, market_cap_rank: 4, price_change_pct_24h: 3 },
  {
    ...COIN,
    id: "new",
    name: "New",
    current_price: null,
    market_cap: null,
    market_cap_rank: null,
    price_change_pct_24h: null,
  },
];

export const DATA: DashboardData = {
  source: "coingecko",
  run_id: `run"<1>`,
  generated_at: "2025-11-03T16:05:51Z",
  lake: "data/lake",
  daily: DAILY,
  markets: { snapshot_at: "2025-11-03T16:05:00Z", rows: MARKETS },
  quality: {
    status: "warn",
    findings: [
      { check: "duplicates", status: "pass", count: 0, detail: "no day twice" },
      { check: "price_range", status: "warn", count: 1, detail: "low <0.06> beside 1,191" },
    ],
  },
  model: {
    verdict: "No model beats persistence.",
    volatility_proxy: "Parkinson range",
    champion: "persistence",
    mae_ratio: 1.02,
    metrics: { persistence: { mae: 0.012, rmse: 0.018, r2: 0.2, mase: 1 } },
    forecast: { day: "2025-11-04", persistence: 0.0283, forest: 0.0241, champion: 0.0283 },
    predictions: PREDICTIONS,
  },
  steps: [
    { name: "ingest", status: "ok", rows_in: null, rows_out: 250, duration_ms: 1234, detail: "1 page <b>" },
  ],
};
