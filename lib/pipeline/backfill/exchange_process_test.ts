/** The command as a process of its own, with the permissions that its task has, against an exchange on this machine. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TestExchange } from "../../sources/_test_exchange_server.ts";
import { serveMarket } from "../../sources/market_server_listen.ts";
import { Workplace } from "../_test_cli.ts";

const NOW = "2024-06-15T12:00:30Z";
const ROOT = new URL("../../../", import.meta.url);

/** An exchange that listens, and calls `onRequest` with the number of each request before it answers. */
async function listen() {
  const exchange = new TestExchange({ now: new Date(NOW), no_trade: 0.005 });
  const state = { requests: 0, onRequest: (_: number) => {} };
  const served = await serveMarket((request) => {
    state.onRequest(++state.requests);
    return exchange.handler(request);
  });
  const url = new URL(served.url).origin;
  return { exchange, state, url, [Symbol.asyncDispose]: () => served.stop() };
}

function spawn(lake: string, env: Record<string, string>, exchange = "bitstamp"): Deno.ChildProcess {
  const args = ["--exchange", exchange, "--symbol", "BTC/USD", "--timeframe", "1m", "--since", "2024-05-20"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=backfill", "lib/pipeline/cli.ts", "backfill", ...args]
      .concat(["--lake", lake, "--now", NOW]),
    cwd: ROOT,
    env: { LAKEBOOK_EXCHANGE_REQUESTS_PER_MINUTE: "1000000", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Data alone: reports carry their run's name. */
async function data(work: Workplace): Promise<[key: string, bytes: string][]> {
  return Object.entries(await work.objects()).filter(([key]) => !key.startsWith("quality_reports/")).sort();
}

Deno.test("backfill stopped by kill -9 or Ctrl-C goes on to the very bytes of an undisturbed run, and repeats a piece at most", async () => {
  await using market = await listen();
  const { state, url } = market;
  const env = { LAKEBOOK_EXCHANGE_BASE_URL: url };
  await using undisturbed = await Workplace.make();
  const calm = await spawn(undisturbed.lake, env).output();
  assertEquals(calm.code, 0, new TextDecoder().decode(calm.stderr));
  const whole = await data(undisturbed);
  const needed = state.requests;
  assert(needed > 40, `${needed} requests`);

  // A May piece of 18 windows and a June piece of 22: within the first, at its end, within the second.
  for (
    const [at, signal, repeated] of [[9, "SIGKILL", 9], [40, "SIGKILL", 40], [60, "SIGINT", 44]] as const
  ) {
    await using work = await Workplace.make();
    state.requests = 0;
    const child = spawn(work.lake, env);
    state.onRequest = (request) => {
      if (request === at) child.kill(signal);
    };
    const { code, signal: died } = await child.output();
    state.onRequest = () => {};
    assertEquals(
      { code, died },
      signal === "SIGINT" ? { code: 130, died: null } : { code: 137, died: signal },
    );
    const again = await spawn(work.lake, env).output();
    assertEquals(again.code, 0, new TextDecoder().decode(again.stderr));
    assertEquals(await data(work), whole);
    assert(state.requests - needed <= repeated + 1, `${state.requests} requests where ${needed} are enough`);
    const doctor = await work.run(["doctor", "--lake", work.lake, "--now", NOW]);
    assertEquals(doctor.code, 0, doctor.stdout);
  }
});

Deno.test("backfill from an exchange whose host deno.json does not name ends with 3 and says how to allow it", async () => {
  await using work = await Workplace.make();
  const { code, stderr } = await spawn(work.lake, {}, "bitfinex").output();
  const words = new TextDecoder().decode(stderr);
  assertEquals(code, 3, words);
  assertStringIncludes(words, 'add "api-pub.bitfinex.com" to the net permissions in deno.json');
});
