/**
 * How long a year of minutes takes from an exchange on this machine, over a real connection:
 * `deno run -P=bench lib/_bench/backfill_bench.ts`. No pace: the exchange is ours.
 */
import { DAY_MS } from "../core/time.ts";
import { TestExchange } from "../sources/_test_exchange_server.ts";
import { openExchange } from "../sources/exchange.ts";
import { fetchWindow } from "../sources/exchange_window.ts";
import { planWindows } from "../sources/exchange_windows.ts";
import { serveMarket } from "../sources/market_server_listen.ts";

const SINCE = Date.UTC(2023, 0, 1);
const UNTIL = SINCE + 365 * DAY_MS;
const effects = {
  fetch,
  now: () => new Date(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
  log: { info() {}, warn: console.warn },
};

for (
  const [name, symbol] of [["binance", "BTC/USDT"], ["bitstamp", "BTC/USD"], ["coinbase", "BTC/USD"]] as const
) {
  for (const no_trade of [0, 0.02]) {
    const server = new TestExchange({ now: new Date("2024-06-01"), no_trade });
    await using served = await serveMarket(server.handler);
    const began = performance.now();
    const exchange = await openExchange(name, effects, {
      base_url: new URL(served.url).origin,
      requests_per_minute: 1e6,
    });
    let bars = 0, absent = 0, requests = 0;
    for (
      const window of planWindows({ since: SINCE, until: UNTIL, timeframe: "1m", limit: exchange.page_limit })
    ) {
      const result = await fetchWindow(exchange, { symbol, window });
      if (!result.complete) throw new Error(`${window.name} is not complete`);
      bars += result.candles.length;
      requests += result.requests;
      for (const { missing } of result.absent) absent += missing;
    }
    const seconds = (performance.now() - began) / 1000;
    console.log({ name, no_trade, bars, absent, requests, seconds: Number(seconds.toFixed(1)) });
    if (bars + absent !== 525_600) throw new Error("rows are missing");
  }
}
