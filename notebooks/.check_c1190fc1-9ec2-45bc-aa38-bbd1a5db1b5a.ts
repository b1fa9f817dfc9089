import { assert, assertEquals } from "@std/assert";
import { checkObject, committedObjects, LocalStore, sha256 } from "@lib/lake/mod.ts";
import { Ground, killChild } from "@lib/_faults/crash_points.ts";
import { lakeObjects } from "@lib/_faults/scenario.ts";
import { main } from "@lib/pipeline/cli.ts";
import { Table } from "@lib/report/table.ts";
import type { FaultPlan } from "@lib/sources/market_faults.ts";
import { marketHandler } from "@lib/sources/market_server.ts";
const seed = 1;
// The clock of this notebook: the last minutes of a leap day.
const now = "2024-02-29T23:57:30Z";
// How the market misbehaves in section 2; `deno task market --faults list` shows all kinds.
const broken: FaultPlan = { seed, rules: [{ path: "/coins/markets", fault: "throttled_200" }] };

const sleep = () => Promise.resolve(); // waits of retries take no time here
const market = (faults: FaultPlan = { rules: [] }) => {
  const handler = marketHandler({ seed, now: () => new Date(now), sleep, faults });
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  return { log: handler.log, fetch };
};

const print = (text: string) => console.log(text.trimEnd());
async function lakebook(args: string[], lake: string, { fetch } = market()): Promise<number> {
  const env = { COINGECKO_BASE_URL: "http://demo.market/api/v3" };
  const io = { env, fetch, sleep, stdout: print, stderr: print, terminal: false };
  return await main([...args, "--lake", lake, "--now", now], io);
}
const folder = await Deno.makeTempDir({ prefix: "lakebook-" });
await lakebook(["ingest"], `${folder}/quiet`);

const hashes = (lake: string) =>
  [...lakeObjects(lake)].map(([key, bytes]) => ({
    key,
    bytes: bytes.length,
    sha256: sha256(bytes).slice(0, 12),
  }));
const quiet = hashes(`${folder}/quiet`);
new Table(quiet, { caption: "The quiet lake" });

const storm = market(broken);
const storm_code = await lakebook(["ingest"], `${folder}/stormy`, storm);
console.log(`exit code ${storm_code}`);
new Table(storm.log.map(({ call, path, fault, status }) => ({ call, path, fault, status })));

const letter_key = "dead_letters/ingest/markets-20240229T235500Z";
const stormy = lakeObjects(`${folder}/stormy`);
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const letter = JSON.parse(text(stormy.get(`${letter_key}.json`)));
console.log(`the body: ${text(stormy.get(`${letter_key}.body`))}`);
new Table(Object.entries(letter).map(([field, value]) => ({ field, value: String(value) })));

const replay_code = await lakebook(["replay"], `${folder}/stormy`);
console.log(`exit code ${replay_code}`);
const replayed = hashes(`${folder}/stormy`);
assertEquals(replayed, quiet);
new Table(replayed, { caption: "The stormy lake after the replay: the same bytes" });

const ingest = { args: ["ingest", "--lake", "{lake}", "--now", now], answer: "good" as const };
const ground = await Ground.prepare({ name: "notebook", before: [], act: ingest });
const short = (act: string) => act.replace(/ .*\/(clean|_tmp)\//, " ").slice(0, 90);
const acts = ground.acts.map((act, i) => ({ at: i + 1, act: short(act) }));
new Table(acts, { limit: 12, caption: `${acts.length} acts, ${ground.points().length} places to die` });

const page_linked = ground.acts.findIndex((act) => act.startsWith("link") && act.includes("/raw/")) + 1;
const lake = `${folder}/killed`;
await Deno.mkdir(lake);
await killChild(ingest, lake, { at: page_linked, moment: "after", kind: "kill" });
new Table(hashes(lake), { caption: "Right after the kill: the page is there, its rows are not" });

const { perform } = await import("@lib/_faults/scenario.ts");
const mended = await perform(ingest, lake);
console.log(mended.said.trimEnd());
const same = (found: Map<string, Uint8Array>) =>
  [...ground.clean].every(([key, bytes]) => found.has(key) && sha256(found.get(key)!) === sha256(bytes));
console.log(`as if nothing had happened: ${same(lakeObjects(lake))}`);

const points = ground.points().filter((_, i, all) => i % Math.ceil(all.length / 6) === 3);
const kills = [];
for (const point of points) {
  const { lost, doubled, unreadable, different } = await ground.attempt(
    [{ ...point, kind: "kill" }],
    killChild,
  );
  kills.push({ died: `${point.moment} act ${point.at}`, lost, doubled, unreadable, different });
}
new Table(kills);

const rows_key = quiet.find(({ key }) => key.startsWith("processed/"))!.key;
const rows_path = `${folder}/quiet/${rows_key}`;
const damaged = await Deno.readFile(rows_path);
damaged[damaged.length >> 1]! ^= 1;
await Deno.writeFile(rows_path, damaged);
console.log(`exit code ${await lakebook(["doctor", "--quarantine"], `${folder}/quiet`)}`);

const remake = ["pipeline", "--source", "demo", "--only", "process"];
await lakebook(remake, `${folder}/quiet`);
const wanted = new Set(quiet.map(({ key }) => key)); // the step has converted the day's tick as well
const whole = hashes(`${folder}/quiet`).filter(({ key }) => wanted.has(key));
assertEquals(whole, quiet);
new Table(whole, { caption: "Made again: the same bytes" });

const store = new LocalStore(`${folder}/stormy`);
const expected = (await committedObjects(store)).get(rows_key)!;
console.log("before:", await checkObject(store, expected));
await store.put(rows_key, damaged);
console.log("after: ", (await checkObject(store, expected))?.problem);
await store.close();

const a_day_off: FaultPlan = { rules: [{ path: "*", fault: "wrong_clock", by_s: 86_400 }] };
const clock_code = await lakebook(["ingest"], `${folder}/clock`, market(a_day_off));
console.log(`exit code ${clock_code}`);

const my_plan: FaultPlan = { rules: [] }; // yours here
const mine = market(my_plan);
await lakebook(["ingest"], `${folder}/exercise`, mine);

assert(mine.log.length === 3, `Exercise 1: ${mine.log.length} requests, three are wanted`);
assert(mine.log[2]!.fault === null, "Exercise 1: the third call must succeed");
assertEquals(hashes(`${folder}/exercise`), quiet);
console.log("Exercise 1 is solved.");

type Hashes = { key: string; sha256: string }[];
const sameLake = (_a: Hashes, _b: Hashes): boolean => true; // yours here
sameLake(quiet, replayed);

assert(sameLake(quiet, quiet.toReversed()), "Exercise 2: the order does not matter");
assert(!sameLake(quiet, quiet.slice(1)), "Exercise 2: an object is missing on the right");
assert(!sameLake(quiet.slice(1), quiet), "Exercise 2: an object is missing on the left");
assert(!sameLake(quiet, quiet.map((one) => ({ ...one, sha256: "0" }))), "Exercise 2: other bytes");
console.log("Exercise 2 is solved.");

// When you are done: remove the lakes.
await ground[Symbol.asyncDispose]();
await Deno.remove(folder, { recursive: true });

export {};
