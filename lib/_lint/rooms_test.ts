import { assertEquals } from "@std/assert";
import plugin, { roomOf } from "./rooms.ts";

function lint(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, `/repo/${file}`, source).map(({ id }) => id);
}

Deno.test("room-order refuses an import from a later room, however it is written", () => {
  const later = [
    `import { a } from "../models/mod.ts";`,
    `export { a } from "../models/mod.ts";`,
    `export * from "@lib/models/mod.ts";`,
    `const a = await import("../pipeline/run.ts");`,
    `import type { A } from "../warehouse/catalog.ts";`,
  ];
  for (const source of later) assertEquals(lint("lib/sources/x.ts", source), ["lakebook/room-order"], source);
});

Deno.test("room-order accepts earlier rooms, the room itself, packages and files outside the rooms", () => {
  const fine = [
    `import { a } from "../core/errors.ts";`,
    `import { a } from "./demo_market.ts";`,
    `import { a } from "zod";`,
    `import { a } from "@lib/core/time.ts";`,
  ];
  for (const source of fine) assertEquals(lint("lib/sources/x.ts", source), [], source);
  assertEquals(lint("lib/_tools/x.ts", `import { a } from "../pipeline/run.ts";`), []);
  assertEquals(lint("lib/pipeline/steps/x.ts", `import { a } from "../../models/mod.ts";`), []);
});

Deno.test("pure-room refuses clock, randomness, network and Deno in pure rooms only", () => {
  for (
    const source of ["Date.now();", "new Date();", "Math.random();", "fetch('x');", "Deno.readTextFile('x');"]
  ) {
    assertEquals(lint("lib/features/x.ts", source), ["lakebook/pure-room"], source);
    assertEquals(lint("lib/pipeline/x.ts", source), [], source);
    assertEquals(lint("lib/models/registry.ts", source), [], source);
  }
  assertEquals(lint("lib/features/x.ts", "new Date(0); Math.sqrt(2);"), []);
});

Deno.test("roomOf() knows the rooms and nothing else", () => {
  assertEquals(roomOf("/home/a/lib/core/time.ts"), "core");
  assertEquals(roomOf("/home/a/lib/_lint/rooms.ts"), null);
  assertEquals(roomOf("/home/a/notebooks/x.ts"), null);
});
