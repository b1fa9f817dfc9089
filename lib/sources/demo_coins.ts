/** The demo market's 250 coins: who they are, what they cost about, and how they move. */
import { fillUniform } from "./demo_rng.ts";

/** One coin of the demo market and the parameters of its price. */
export interface DemoCoin {
  id: string;
  symbol: string;
  name: string;
  /** Where the price starts on the first day, and where it is weakly pulled to, in USD. */
  level_usd: number;
  /** Coins in circulation; constant. */
  supply: number;
  /** As the API has it: null where a coin has no upper limit. */
  max_supply: number | null;
  /** Sensitivity to the market's return. */
  beta: number;
  /** Standard deviation of the coin's own part of a daily log return. */
  own_sd: number;
  /** Share of the distance to the level that is left after a day. */
  persistence: number;
  /** Volume of an ordinary day as a share of the market cap. */
  turnover: number;
  /** The API answers `null` for this coin's 1-hour change. */
  lacks_1h: boolean;
  /** The API answers `null` for everything that needs yesterday's price. */
  lacks_24h: boolean;
}

/** Number of coins, one full page of the API. */
export const DEMO_COIN_COUNT = 250;

/** A half-life of 400 days: 0.5^(1/400). */
const SLOW_PULL = Math.pow(0.5, 1 / 400);
/** A stablecoin loses half of a deviation from 1 USD within a day. */
const PEG_PULL = 0.5;

type Named = [
  id: string,
  symbol: string,
  name: string,
  level: number,
  supply: number,
  max: number | null,
  beta: number,
  sd: number,
];

/** Rounded price levels and supplies of the years 2024 and 2025; beta 0 marks a stablecoin. */
const NAMED: readonly Named[] = [
  ["bitcoin", "btc", "Bitcoin", 65_000, 19_700_000, 21_000_000, 1, 0.012],
  ["ethereum", "eth", "Ethereum", 3_000, 120_300_000, null, 1.15, 0.02],
  ["tether", "usdt", "Tether", 1, 112_000_000_000, null, 0, 0.0004],
  ["binancecoin", "bnb", "BNB", 550, 147_000_000, 200_000_000, 0.95, 0.022],
  ["solana", "sol", "Solana", 150, 465_000_000, null, 1.35, 0.033],
  ["ripple", "xrp", "XRP", 0.9, 56_000_000_000, 100_000_000_000, 1.05, 0.034],
  ["usd-coin", "usdc", "USDC", 1, 34_000_000_000, null, 0, 0.0003],
  ["dogecoin", "doge", "Dogecoin", 0.14, 145_000_000_000, null, 1.25, 0.042],
  ["cardano", "ada", "Cardano", 0.5, 35_500_000_000, 45_000_000_000, 1.2, 0.03],
  ["tron", "trx", "TRON", 0.15, 87_000_000_000, null, 0.75, 0.024],
  ["avalanche-2", "avax", "Avalanche", 29, 400_000_000, 720_000_000, 1.4, 0.033],
  ["chainlink", "link", "Chainlink", 14, 610_000_000, 1_000_000_000, 1.3, 0.031],
  ["polkadot", "dot", "Polkadot", 6.2, 1_430_000_000, null, 1.3, 0.027],
  ["bitcoin-cash", "bch", "Bitcoin Cash", 400, 19_750_000, 21_000_000, 1.1, 0.03],
  ["litecoin", "ltc", "Litecoin", 82, 74_900_000, 84_000_000, 1.05, 0.024],
  ["dai", "dai", "Dai", 1, 5_300_000_000, null, 0, 0.0005],
  ["near", "near", "NEAR Protocol", 5, 1_100_000_000, null, 1.4, 0.037],
  ["uniswap", "uni", "Uniswap", 8, 600_000_000, 1_000_000_000, 1.3, 0.036],
  ["monero", "xmr", "Monero", 160, 18_400_000, null, 0.75, 0.024],
  ["stellar", "xlm", "Stellar", 0.12, 29_500_000_000, 50_000_000_000, 1.05, 0.032],
  ["aave", "aave", "Aave", 115, 14_900_000, 16_000_000, 1.3, 0.037],
];

/** Numbers of invented coins that share a symbol, as a few real coins do: the id alone is unique. */
const SHARED_SYMBOLS: Readonly<Record<number, string>> = { 44: "dmx", 131: "dmx", 87: "dmy", 202: "dmy" };
const LACKS_1H: ReadonlySet<number> = new Set([173, 219]);
const LACKS_24H: ReadonlySet<number> = new Set([241]);

/**
 * The market's coins in a fixed order: 21 that a reader knows, Bitcoin first, then invented ones named
 * `demo-coin-022` to `demo-coin-250`. Market caps of the invented ones fall like `rank^-1.3`, from 6 billion USD
 * to 255 million; their prices spread evenly in logarithm from 0.0002 to 300 USD.
 *
 * @param seed decides the invented coins' prices, betas and volatilities.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const coins = demoCoins(1);
 * assertEquals([coins.length, coins[0]!.id, coins[249]!.id], [250, "bitcoin", "demo-coin-250"]);
 * ```
 */
export function demoCoins(seed: number): DemoCoin[] {
  const coins = NAMED.map(namedCoin);
  for (let number = coins.length + 1; number <= DEMO_COIN_COUNT; number++) {
    coins.push(inventedCoin(seed, number));
  }
  return coins;
}

function namedCoin([id, symbol, name, level_usd, supply, max_supply, beta, own_sd]: Named): DemoCoin {
  const persistence = beta === 0 ? PEG_PULL : SLOW_PULL;
  const turnover = beta === 0 ? 0.45 : 0.04;
  return {
    ...{ id, symbol, name, level_usd, supply, max_supply, beta, own_sd, persistence, turnover },
    ...{ lacks_1h: false, lacks_24h: false },
  };
}

function inventedCoin(seed: number, number: number): DemoCoin {
  const draw = fillUniform({ seed, purpose: 1, series: number, index: 0 }, new Float64Array(5));
  const padded = String(number).padStart(3, "0");
  const cap = 6e9 * Math.pow(number / 22, -1.3);
  const level_usd = Number((0.0002 * Math.pow(1.5e6, draw[0]!)).toPrecision(4));
  const supply = Math.round(cap / level_usd);
  return {
    id: `demo-coin-${padded}`,
    symbol: SHARED_SYMBOLS[number] ?? `dc${padded}`,
    name: `Demo Coin ${padded}`,
    level_usd,
    supply,
    max_supply: draw[1]! < 0.57 ? null : Math.round(supply * (1 + draw[1]!)),
    beta: 0.7 + 0.8 * draw[2]!,
    own_sd: 0.025 + 0.03 * draw[3]!,
    persistence: SLOW_PULL,
    turnover: 0.01 + 0.09 * draw[4]!,
    lacks_1h: LACKS_1H.has(number),
    lacks_24h: LACKS_24H.has(number),
  };
}
