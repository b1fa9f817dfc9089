/**
 * Torn objects: each object of a lake is cut at each of its last 64 bytes, emptied, and has single bits flipped. Each
 * time `doctor` must name it; moved aside, it is made again with the same bytes where `raw/` still has its source.
 */
import { checkObject, committedObjects } from "../lake/integrity.ts";
import { LocalStore } from "../lake/store_local.ts";
import { type Findings, noFindings } from "./crash_points.ts";
import { copyLake, lakeObjects, perform, type Scenario } from "./scenario.ts";

/** How many bits are flipped in each object. */
const FLIPS = 16;

/** Damages each committed object in each way; counts what went unnoticed. */
export async function tearObjects(scenario: Scenario): Promise<Findings> {
  const findings = noFindings();
  const lake = await Deno.makeTempDir({ prefix: "lakebook-faults-" });
  for (const act of [...scenario.before, scenario.act]) await perform(act, lake);
  const store = new LocalStore(lake);
  const committed = await committedObjects(store);
  for (const key of lakeObjects(lake).keys()) {
    if (key !== "_lake.json" && !key.startsWith("dead_letters/") && !committed.has(key)) {
      findings.failures.push(`${scenario.name}: the run log does not know ${key}`);
    }
  }
  for (const expected of committed.values()) {
    const path = store.locate(expected.key);
    const whole = await Deno.readFile(path);
    for (const [how, bytes] of damages(whole)) {
      findings.points += 1;
      await Deno.writeFile(path, bytes);
      const damage = await checkObject(store, expected);
      if (!damage?.detail.includes(expected.key)) {
        findings.failures.push(`${scenario.name}: ${expected.key} ${how} went unnoticed`);
      }
    }
    await Deno.writeFile(path, whole);
    if (await checkObject(store, expected)) {
      findings.failures.push(`${expected.key} is whole and was refused`);
    }
  }
  await store.close();
  await Deno.remove(lake, { recursive: true });
  return findings;
}

function* damages(whole: Uint8Array<ArrayBuffer>): Generator<[how: string, bytes: Uint8Array<ArrayBuffer>]> {
  for (let cut = 1; cut <= Math.min(64, whole.length); cut++) {
    yield [`cut by ${cut} bytes`, whole.slice(0, whole.length - cut)];
  }
  if (whole.length > 64) yield ["empty", new Uint8Array()];
  for (let i = 0; i < Math.min(FLIPS, whole.length); i++) {
    const at = Math.floor((i + 0.5) * whole.length / Math.min(FLIPS, whole.length));
    const flipped = whole.slice();
    flipped[at]! ^= 1 << (i % 8);
    yield [`with bit ${i % 8} of byte ${at} flipped`, flipped];
  }
}

/** Damages one derived object, lets `doctor --quarantine` and a run mend it, and compares with the lake as it was. */
export async function mendObject(scenario: Scenario, pattern: RegExp): Promise<Findings> {
  const findings = noFindings();
  const folder = await Deno.makeTempDir({ prefix: "lakebook-faults-" });
  const lake = `${folder}/lake`;
  await Deno.mkdir(lake);
  for (const act of [...scenario.before, scenario.act]) await perform(act, lake);
  const whole = lakeObjects(lake);
  const keys = [...whole.keys()].filter((key) => pattern.test(key));
  if (keys.length === 0) findings.failures.push(`${scenario.name}: no object is like ${pattern}`);
  for (const key of keys) {
    findings.points += 1;
    const torn = `${folder}/torn`;
    await copyLake(lake, torn);
    await Deno.writeFile(`${torn}/${key}`, whole.get(key)!.slice(0, -7));
    const doctor = await perform(
      { args: ["doctor", "--lake", "{lake}", "--quarantine"], answer: "down" },
      torn,
    );
    if (doctor.code !== 8 || !doctor.said.includes(key)) {
      findings.failures.push(`doctor said: ${doctor.said}`);
    }
    const again = await perform(scenario.act, torn);
    const mended = lakeObjects(torn);
    if (mended.get(key)?.join() !== whole.get(key)!.join()) {
      findings.failures.push(`${key} was not made again: ${again.said}`);
    }
    const aside = [...mended.keys()].filter((other) => other.startsWith(`quarantine/${key}.`));
    if (aside.length !== 1) findings.failures.push(`${key} is not in quarantine`);
    await Deno.remove(torn, { recursive: true });
  }
  await Deno.remove(folder, { recursive: true });
  return findings;
}
