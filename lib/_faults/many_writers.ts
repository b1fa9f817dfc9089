/** Several runs of `ingest` at once on one lake: one answer wins a slot, and each slot has its rows once. */
import { decodeNdjson } from "../lake/ndjson.ts";
import { demoMarket } from "../sources/demo_market.ts";
import { main } from "../pipeline/cli.ts";
import { type Findings, noFindings } from "./crash_points.ts";
import { lakeObjects } from "./scenario.ts";

/** Rounds of `writers` runs at once; each run gets an answer of its own for the round's slot. */
export async function manyWriters(
  { writers, rounds }: { writers: number; rounds: number },
): Promise<Findings> {
  const findings = noFindings();
  const lake = await Deno.makeTempDir({ prefix: "lakebook-faults-" });
  const coins = JSON.parse(demoMarket({ seed: 1 }).marketsJson(new Date("2024-02-29T12:00:00Z")));
  for (let round = 0; round < rounds; round++) {
    const now = new Date(Date.UTC(2024, 1, 29, 12) + round * 300_000 + 30_000).toISOString();
    const bodies = Array.from({ length: writers }, (_, i) => {
      coins[0].current_price = 60_000 + round + i / 10;
      return JSON.stringify(coins);
    });
    const codes = await Promise.all(bodies.map((body) =>
      main(["ingest", "--lake", lake, "--now", now], {
        env: {},
        fetch: () => Promise.resolve(new Response(body)),
        stdout: () => {},
        stderr: () => {},
        sleep: () => Promise.resolve(),
        terminal: false,
      })
    ));
    findings.points += 1;
    if (codes.some((code) => code !== 0)) {
      findings.failures.push(`${writers} writers, round ${round}: codes ${codes}`);
    }
  }
  checkSlots(lakeObjects(lake), { rounds, coins: coins.length, findings });
  await Deno.remove(lake, { recursive: true });
  return findings;
}

function checkSlots(
  objects: Map<string, Uint8Array>,
  { rounds, coins, findings }: { rounds: number; coins: number; findings: Findings },
): void {
  const pages = [...objects].filter(([key]) => key.startsWith("raw/coingecko/markets/"));
  const slots = [...objects].filter(([key]) => key.startsWith("processed/market_prices/"));
  findings.lost += Math.abs(rounds - pages.length) + Math.abs(rounds - slots.length);
  for (const [i, [key, bytes]] of slots.entries()) {
    const rows = decodeNdjson(bytes, key) as { id: string; current_price: number }[];
    findings.lost += Math.max(0, coins - rows.length);
    findings.doubled += rows.length - new Set(rows.map(({ id }) => id)).size;
    const page = JSON.parse(new TextDecoder().decode(pages[i]![1]));
    const bitcoin = rows.find(({ id }) => id === "bitcoin")!;
    if (bitcoin.current_price !== page[0].current_price) {
      findings.different += 1;
      findings.failures.push(`${key} is not made from the page in raw/`);
    }
  }
  const left = [...objects.keys()].filter((key) => /^(_incoming|dead_letters)\//.test(key));
  if (left.length > 0) findings.failures.push(`left behind: ${left.slice(0, 3)}`);
}
