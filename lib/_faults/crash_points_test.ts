import { assertEquals } from "@std/assert";
import { addFindings, Ground, isClean, noFindings, SCENARIOS, simulateCrash } from "./crash_points.ts";

// Replay and pipeline take the lake's lock, which only the end of a process lets go: see `deno task test:faults`.
for (const scenario of SCENARIOS.filter(({ act }) => act.args[0] === "ingest")) {
  Deno.test({
    name:
      `a crash at every act of "${scenario.name}" leaves, after one more run, what no crash would have left`,
    // A process that is killed closes its files; a simulated crash leaves them open.
    sanitizeResources: false,
    async fn() {
      await using ground = await Ground.prepare(scenario);
      const found = noFindings();
      for (const point of ground.points()) {
        addFindings(found, await ground.attempt([{ ...point, kind: "crash" }], simulateCrash));
      }
      assertEquals(found.failures.slice(0, 5), []);
      assertEquals(isClean(found), true);
      assertEquals(found.points, ground.points().length);
    },
  });
}
