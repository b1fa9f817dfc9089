import { assert, assertEquals } from "@std/assert";
import { auditSources } from "./audit_sources.ts";
import { openDuckDb } from "./engine_duckdb.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Two tables of bars whose closes swing; the second one with other closes and times. */
async function pair(
  { step, bars, change = "close", shift = 0 }: {
    step: number;
    bars: number;
    change?: string;
    shift?: number;
  },
) {
  const engine = await openDuckDb();
  await engine.run(
    `CREATE TABLE a AS SELECT i * ${step} AS time, 10000 + 300 * sin(i * 0.7) + 200 * sin(i * 0.13) AS close
    FROM range(${bars}) AS t (i)`,
  );
  await engine.run(`CREATE TABLE b AS SELECT time + ${shift} AS time, ${change} AS close FROM a`);
  const series = { symbol: "BTCUSD", timeframe: "1h" };
  const both = [{ ...series, table: "a", source: "one" }, { ...series, table: "b", source: "two" }] as const;
  return { engine, both, [Symbol.dispose]: () => engine[Symbol.dispose]() };
}

Deno.test("auditSources() measures how far two sources are apart, and names the worst bars", async () => {
  using test = await pair({
    step: HOUR,
    bars: 720,
    change: `close * CASE time // ${HOUR} WHEN 100 THEN 1.2 ELSE 1.002 END`,
  });
  const audit = await auditSources(test.engine, test.both, { stepMs: HOUR, difference: 0.03 });
  assertEquals([audit.source_a, audit.source_b, audit.common, audit.beyond], ["one", "two", 720, 1]);
  assert(Math.abs(audit.median! - Math.log(1.002)) < 1e-9);
  assert(Math.abs(audit.p99! - Math.log(1.002)) < 1e-9);
  const [worst] = audit.examples;
  assertEquals([audit.examples.length, worst!.time], [1, 100 * HOUR]);
  assert(Math.abs(worst!.log_ratio + Math.log(1.2)) < 1e-9);
});

Deno.test("auditSources() tries bars and hours earlier and later", async () => {
  using test = await pair({ step: HOUR, bars: 720, shift: -2 * HOUR });
  const { lags } = await auditSources(test.engine, test.both, { stepMs: HOUR, difference: 0.03 });
  assertEquals(lags.map(({ lag_ms }) => lag_ms / HOUR), [0, -1, 1, -2, 2, -3, 3]);
  const best = lags.reduce((found, lag) => (lag.median ?? Infinity) < found.median! ? lag : found);
  assertEquals([best.lag_ms, best.bars, best.median], [-2 * HOUR, 720, 0]);
});

Deno.test("auditSources() finds days that start at another hour, which have no bar in common", async () => {
  using test = await pair({ step: DAY, bars: 90, shift: HOUR });
  const audit = await auditSources(test.engine, test.both, { stepMs: DAY, difference: 0.03 });
  assertEquals([audit.common, audit.median, audit.p99, audit.examples], [0, null, null, []]);
  assertEquals(audit.lags.filter(({ bars }) => bars > 0), [{ lag_ms: HOUR, bars: 90, median: 0 }]);
});

Deno.test("auditSources() tries the lags of a long series on a sample", async () => {
  using test = await pair({ step: 60_000, bars: 43_200, shift: 60_000 });
  const { common, lags } = await auditSources(test.engine, test.both, { stepMs: 60_000, difference: 0.03 });
  assertEquals(common, 43_199);
  const best = lags.reduce((found, lag) => (lag.median ?? Infinity) < found.median! ? lag : found);
  assertEquals([best.lag_ms, best.median], [60_000, 0]);
  assert(best.bars > 10_000 && best.bars < 20_000);
});
