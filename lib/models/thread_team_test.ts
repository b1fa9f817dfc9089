import { assert, assertEquals, assertThrows } from "@std/assert";
import { gatherTeam, joinTeam, TeamEnded, teamState, ThreadTeam } from "./thread_team.ts";

Deno.test("ThreadTeam shares out everything, to no thread more than one thing more than to another", () => {
  for (const [threads, count] of [[1, 5], [2, 5], [3, 2], [4, 0]] as const) {
    const shares = Array.from({ length: threads }, (_, thread) => {
      const [from, to] = new ThreadTeam(teamState(), thread, threads).share(count);
      return Array.from({ length: to - from }, (_, index) => from + index);
    });
    assertEquals(shares.flat(), Array.from({ length: count }, (_, index) => index));
    const sizes = shares.map(({ length }) => length);
    assert(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }
});

Deno.test("gatherTeam() goes on without a helper that does not come, and lets none in later", () => {
  const state = teamState();
  const team = gatherTeam(state, 1, 10);
  assertEquals(team.threads, 1);
  team.barrier();
  assertEquals(joinTeam(state), null);
});

Deno.test("A thread finds out at its next barrier that another has ended the team", () => {
  const state = teamState();
  const [one, other] = [new ThreadTeam(state, 0, 2), new ThreadTeam(state, 1, 2)];
  one.end();
  assertThrows(() => other.barrier(), TeamEnded, "ended");
});
