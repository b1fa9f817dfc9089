import type { DailyPrice } from "../core/rows.ts";
import { DAY_MS, utcDay } from "../core/time.ts";

/**
 * Made-up daily prices from 2020-01-01 on, whose volatility clusters: its logarithm is an autoregression (0.9 a day)
 * around 3 % and each day's range measures it with noise.
 */
export function syntheticPrices(days: number, seed = 1): DailyPrice[] {
  const normal = normals(seed);
  let logVol = 0;
  let price = 10_000;
  return Array.from({ length: days }, (_, index) => {
    logVol = 0.9 * logVol + 0.2 * normal();
    const vol = 0.03 * Math.exp(logVol);
    price *= Math.exp(vol * 0.5 * normal());
    const half = vol * Math.exp(0.35 * normal());
    return {
      day: utcDay(Date.UTC(2020, 0, 1) + index * DAY_MS),
      avg_price_usd: price,
      min_price_usd: price * Math.exp(-half),
      max_price_usd: price * Math.exp(half),
    };
  });
}

const REAL_FILE = new URL(
  "../../../shared/data/ohlcv/btcusd_bitstamp_coinbase_1d_2011-2023.csv",
  import.meta.url,
);

/** Bitcoin's real daily prices, 4,519 days to 2023-12-31; `null` (and a line that says so) where the file is absent. */
export async function realPrices(): Promise<DailyPrice[] | null> {
  try {
    const [, ...lines] = (await Deno.readTextFile(REAL_FILE)).trim().split("\n");
    return lines.map((line) => {
      const [time, , close, high, low] = line.split(",").map(Number);
      return { day: utcDay(time!), avg_price_usd: close!, min_price_usd: low!, max_price_usd: high! };
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("skipped: ../shared/data is absent");
    return null;
  }
}

/** Standard normal numbers: mulberry32 through Box and Muller. */
function normals(seed: number): () => number {
  const uniform = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), seed | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
