/**
 * Every kind of fault that the served market knows, and seeded plans that mix them. Where an answer was refused, a
 * replay against the mended market must give the lake of a run that never failed; where it was taken, `raw/` holds what
 * was sent and every record is a row, a refused row or a repeat.
 */
import { decodeNdjson } from "../lake/ndjson.ts";
import { main } from "../pipeline/cli.ts";
import { type FaultKind, type FaultPlan, FAULTS } from "../sources/market_faults.ts";
import { marketHandler } from "../sources/market_server.ts";
import { type Findings, noFindings } from "./crash_points.ts";
import { lakeObjects } from "./scenario.ts";

const NOW = "2026-03-01T12:32:30Z";
const SLOT_KEY = "year=2026/month=03/day=01/hour=12/20260301T123000Z";

/** A lake and the market that it asks. */
class Broken {
  readonly lake: string;
  bodies: Uint8Array[] = [];

  constructor(lake: string) {
    this.lake = lake;
  }

  async run(
    args: string[],
    { now, faults }: { now: string; faults?: FaultPlan },
  ): Promise<{ code: number; said: string }> {
    const sleep = () => Promise.resolve();
    const market = marketHandler({ seed: 1, now: () => new Date(now), sleep, ...(faults ? { faults } : {}) });
    let said = "";
    const code = await main([...args, "--lake", this.lake, "--now", now], {
      env: { COINGECKO_DEMO_API_KEY: "CG-test" },
      fetch: async (input, init) => {
        const response = await market(new Request(input, init));
        // What is sent, to compare it with what is kept.
        const [kept, sent] = response.body ? response.body.tee() : [null, null];
        if (sent) {
          new Response(sent).bytes().then((bytes) => this.bodies.push(bytes), () => {});
        }
        return new Response(kept, { status: response.status, headers: response.headers });
      },
      stdout: (text) => void (said += text),
      stderr: (text) => void (said += text),
      sleep,
      terminal: false,
    });
    return { code, said };
  }
}

let cleanLake: Promise<Map<string, Uint8Array>> | undefined;

/** The lake of a run without faults. */
async function clean(): Promise<Map<string, Uint8Array>> {
  return await (cleanLake ??= (async () => {
    const broken = new Broken(await Deno.makeTempDir({ prefix: "lakebook-faults-" }));
    await broken.run(["ingest"], { now: NOW });
    const objects = lakeObjects(broken.lake);
    await Deno.remove(broken.lake, { recursive: true });
    return objects;
  })());
}

/** Kinds that are faults of a whole exchange and not of its content; a hanging connection is left out: it takes its time. */
export const KINDS: readonly FaultKind[] = FAULTS.map(({ fault }) => fault).filter((fault) =>
  fault !== "hang"
);

/** Lets the market fail in one way, all the time, then mends it. */
export async function oneFault(fault: FaultKind, more: Record<string, unknown> = {}): Promise<Findings> {
  const findings = noFindings();
  findings.points = 1;
  const broken = new Broken(await Deno.makeTempDir({ prefix: "lakebook-faults-" }));
  const rule = { path: "/coins/markets", fault, ...more } as NonNullable<FaultPlan["rules"]>[number];
  const first = await broken.run(["ingest"], { now: NOW, faults: { seed: 1, rules: [rule] } });
  const objects = lakeObjects(broken.lake);
  const fail = (text: string) => void findings.failures.push(`${fault}: ${text}`);
  if (objects.has(`raw/demo/markets/${SLOT_KEY}.json`)) {
    if (![0, 7].includes(first.code)) fail(`exit code ${first.code}: ${first.said}`);
    checkTaken(broken, objects, findings, fault);
  } else {
    if (![3, 4].includes(first.code)) fail(`exit code ${first.code}: ${first.said}`);
    if (![...objects.keys()].some((key) => key.startsWith("dead_letters/ingest/markets-"))) fail("no letter");
    const replay = await broken.run(["replay"], { now: NOW });
    if (replay.code !== 0) fail(`replay ended with ${replay.code}: ${replay.said}`);
    compare(lakeObjects(broken.lake), await clean(), findings, fault);
  }
  await Deno.remove(broken.lake, { recursive: true });
  return findings;
}

/** Nothing of a page that was taken is lost: each record is a row, a refused row, or a repeat that the log counts. */
function checkTaken(
  broken: Broken,
  objects: Map<string, Uint8Array>,
  findings: Findings,
  fault: string,
): void {
  const raw = objects.get(`raw/demo/markets/${SLOT_KEY}.json`)!;
  if (!broken.bodies.some((body) => body.join() === raw.join())) {
    findings.failures.push(`${fault}: raw/ does not hold what was sent`);
  }
  const records = JSON.parse(new TextDecoder().decode(raw)) as { id?: string }[];
  const key = `processed/market_prices/${SLOT_KEY}.ndjson.gz`;
  const rows = decodeNdjson(objects.get(key)!, key) as { id: string }[];
  const letter = [...objects].find(([key]) => key.endsWith("-rows.rows.ndjson.gz"));
  const refused = letter ? decodeNdjson(letter[1], letter[0]).length : 0;
  const repeats = records.length - new Set(records.map((record) => JSON.stringify(record))).size;
  findings.lost += Math.abs(records.length - rows.length - refused - repeats);
  findings.doubled += rows.length - new Set(rows.map(({ id }) => id)).size;
}

function compare(
  found: Map<string, Uint8Array>,
  wanted: Map<string, Uint8Array>,
  findings: Findings,
  what: string,
): void {
  for (const [key, bytes] of wanted) {
    if (found.get(key)?.join() === bytes.join()) continue;
    if (found.has(key)) findings.different += 1;
    else findings.lost += 1;
    findings.failures.push(`${what}: ${key} is not as without faults`);
  }
  for (const key of found.keys()) {
    if (wanted.has(key)) continue;
    findings.different += 1;
    findings.failures.push(`${what}: ${key} should not be there`);
  }
}

/** A seeded mix of faults of the connection over some slots, each slot replayed within it: equal to a quiet time. */
export async function mixedFaults(seed: number, slots = 4): Promise<Findings> {
  const findings = noFindings();
  findings.points = slots;
  const [broken, quiet] = await Promise.all(
    [1, 2].map(async () => new Broken(await Deno.makeTempDir({ prefix: "lakebook-faults-" }))),
  ) as [Broken, Broken];
  const faults = [
    "rate_limit",
    "server_error",
    "reset",
    "reset_mid_body",
    "html_200",
    "throttled_200",
    "cut_json",
    "empty_body",
  ];
  const plan = { seed, rules: faults.map((fault) => ({ path: "*", fault, share: 0.12 })) } as FaultPlan;
  for (let slot = 0; slot < slots; slot++) {
    const now = new Date(Date.parse(NOW) + slot * 300_000).toISOString();
    await broken.run(["ingest"], { now, faults: { ...plan, seed: seed * 1000 + slot } });
    await broken.run(["replay"], { now });
    await quiet.run(["ingest"], { now });
  }
  compare(lakeObjects(broken.lake), lakeObjects(quiet.lake), findings, `seed ${seed}`);
  for (const { lake } of [broken, quiet]) await Deno.remove(lake, { recursive: true });
  return findings;
}
