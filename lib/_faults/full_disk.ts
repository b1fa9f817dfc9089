/** A disk that is full from its n-th write on, for each n: what was there stays, and once there is room all is well. */
import { addFindings, type Findings, Ground, noFindings } from "./crash_points.ts";
import { copyLake, lakeObjects, perform, type Scenario } from "./scenario.ts";

/** Fills the disk at each write of an act; checks words, exit code, the old objects, and that a rerun mends all. */
export async function fullDisk(scenario: Scenario): Promise<Findings> {
  await using ground = await Ground.prepare(scenario);
  const total = noFindings();
  const writes = ground.acts.filter((act) => act.startsWith("writeFile")).length;
  const start = new Map<string, Uint8Array>();
  for (const [key, bytes] of lakeObjects(`${ground.folder}/start`)) start.set(key, bytes);
  for (let at = 1; at <= writes; at++) {
    const lake = await Deno.makeTempDir({ dir: ground.folder });
    await copyLake(`${ground.folder}/start`, lake);
    const where = `full at write ${at} of ${writes}`;
    const findings = noFindings();
    findings.points = 1;
    const { code, said } = await perform(scenario.act, lake, {
      at,
      moment: "before",
      only: "writeFile",
      kind: "full",
    });
    if (code !== 8 || !said.includes("the disk is full, free some space and run again")) {
      findings.failures.push(`${scenario.name}, ${where}: exit code ${code}, words: ${said}`);
    }
    const after = lakeObjects(lake);
    for (const [key, bytes] of start) {
      // What the act had come to settle or replace before the disk was full may be settled or replaced.
      const possible = [bytes, ground.clean.get(key)].map((known) => known?.join());
      if (!possible.includes(after.get(key)?.join())) {
        findings.failures.push(`${scenario.name}, ${where}: ${key} is not what it was`);
      }
    }
    await perform(scenario.act, lake);
    ground.compare(lakeObjects(lake), findings, where);
    addFindings(total, findings);
    await Deno.remove(lake, { recursive: true });
  }
  return total;
}
