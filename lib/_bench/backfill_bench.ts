/**
 * How long a year of minutes takes from an exchange to a lake that can be queried, on this machine and over a real
 * connection: `deno run -P=bench lib/_bench/backfill_bench.ts`. The whole command, in a process of its own; no pace,
 * because the exchange is ours.
 */
import { TestExchange } from "../sources/_test_exchange_server.ts";
import { serveMarket } from "../sources/market_server_listen.ts";

const NOW = "2024-06-01T00:00:00Z";

for (
  const [name, symbol] of [["binance", "BTC/USDT"], ["bitstamp", "BTC/USD"], ["coinbase", "BTC/USD"]] as const
) {
  for (const no_trade of [0, 0.02]) {
    const server = new TestExchange({ now: new Date(NOW), no_trade });
    await using served = await serveMarket(server.handler);
    const lake = await Deno.makeTempDir({ prefix: "lakebook-bench-" });
    const market = ["--exchange", name, "--symbol", symbol, "--timeframe", "1m"];
    const history = ["--since", "2023-01-01", "--until", "2024-01-01", "--now", NOW, "--lake", lake];
    const began = performance.now();
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "-P=backfill", "lib/pipeline/cli.ts", "backfill", "--json"]
        .concat(market, history),
      cwd: new URL("../../", import.meta.url),
      env: {
        LAKEBOOK_EXCHANGE_BASE_URL: new URL(served.url).origin,
        LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "1000000",
      },
      stderr: "null",
    }).output();
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
    if (code !== 0) throw new Error(`backfill ended with ${code}`);
    const [ingest] = JSON.parse(new TextDecoder().decode(stdout)).steps;
    console.log({
      name,
      no_trade,
      seconds,
      ingest_seconds: ingest.duration_ms / 1000,
      detail: ingest.detail,
    });
    const [bars, , absent] = ingest.detail.match(/\d+(?= (bars|requests|absent))/g).map(Number);
    if (bars + absent !== 525_600) throw new Error("rows are missing");
    await Deno.remove(lake, { recursive: true });
  }
}
