import { assertEquals } from "@std/assert";
import { isClean } from "./crash_points.ts";
import { killTrainings } from "./killed_training.ts";

Deno.test("a training that is killed resumes to the weights of an unbroken one, bit for bit", async () => {
  const found = await killTrainings([0, 1]);
  assertEquals(found.failures, []);
  assertEquals(isClean(found) && found.points >= 2, true);
});
