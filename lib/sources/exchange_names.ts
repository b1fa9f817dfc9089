/** What is known of an exchange beyond what ccxt knows: its public host, its pace, how it names a market. */

/** Facts about one exchange; an exchange without them works by ccxt's own. */
export interface ExchangeFacts {
  /** ccxt's id, where ours differs. */
  ccxt_id?: string;
  /** The host of its public market data, where a better one than ccxt's exists. */
  origin?: string;
  /** Far below what the exchange allows to one address. */
  requests_per_minute: number;
  /** Its name of a spot market, so that no list of markets (10 MB and more) is downloaded for one symbol. */
  marketId?: (base: string, quote: string) => string;
  /** It answers only the newest bars, however old the ones are that are asked for. */
  newest_only?: number;
}

/**
 * Sources: https://developers.binance.com/docs/binance-spot-api-docs (6,000 weight a minute, a page of klines
 * weighs 2), https://docs.cdp.coinbase.com/exchange (10 requests a second; at most 300 candles), https://www.bitstamp.net/api
 * (400 requests a second, 10,000 in ten minutes), https://docs.kraken.com/api (about one request a second; the newest
 * 720 bars).
 *
 * `coinbase` is Coinbase Exchange, which ccxt calls `coinbaseexchange`: its candles are public and documented.
 */
const FACTS: Readonly<Record<string, ExchangeFacts>> = {
  binance: {
    // Market data only; it answers, without a key, also where api.binance.com refuses the country.
    origin: "https://data-api.binance.vision",
    requests_per_minute: 600,
    marketId: (base, quote) => `${base}${quote}`,
  },
  coinbase: {
    ccxt_id: "coinbaseexchange",
    requests_per_minute: 300,
    marketId: (base, quote) => `${base}-${quote}`,
  },
  bitstamp: {
    requests_per_minute: 300,
    marketId: (base, quote) => `${base}${quote}`.toLowerCase(),
  },
  kraken: { requests_per_minute: 40, newest_only: 720 },
};

/** The facts about an exchange; null for one that only ccxt knows. */
export function exchangeFacts(name: string): ExchangeFacts | null {
  return Object.hasOwn(FACTS, name) ? FACTS[name]! : null;
}

/**
 * Names that a person may have meant, the closest first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(closeNames("bitstmap", ["binance", "bitstamp", "kraken"]), ["bitstamp"]);
 * assertEquals(closeNames("coin", ["coinbase", "coinex", "kraken"]), ["coinex", "coinbase"]);
 * ```
 */
export function closeNames(name: string, known: readonly string[], most = 5): string[] {
  return known
    .map((other) => ({
      other,
      far: other.startsWith(name) ? (other.length - name.length) / 10 : distance(name, other),
    }))
    .filter(({ far }) => far <= Math.max(2, name.length / 3))
    .toSorted((a, b) => a.far - b.far || (a.other < b.other ? -1 : 1))
    .slice(0, most)
    .map(({ other }) => other);
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
