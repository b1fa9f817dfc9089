import { assertEquals } from "@std/assert";
import { buildProgram } from "../pipeline/cli.ts";
import { VIEWS } from "../warehouse/catalog.ts";

const ROOT = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", ROOT));
const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));

Deno.test("README.md names every task of deno.json, and no other", () => {
  const named = new Set([...readme.matchAll(/deno(?:@[\d.]+)? task ([a-z:]+)/g)].map((match) => match[1]!));
  assertEquals([...named].sort(), Object.keys(config.tasks).sort());
});

Deno.test("README.md names every flag of the commands that it documents", () => {
  const io = { env: {}, fetch: globalThis.fetch, stdout() {}, stderr() {}, terminal: false };
  const commands = buildProgram(io, () => {}).commands;
  const flags = commands.filter((command) => command.name() !== "notebooks")
    .flatMap((command) => command.options.map((option) => option.long!));
  assertEquals(flags.filter((flag) => !readme.includes(flag)), []);
});

Deno.test("README.md lists every view, and every view is a file", async () => {
  const listed = [...readme.matchAll(/^\| `(v_\w+)` /gm)].map((match) => match[1]!);
  assertEquals(listed.sort(), [...VIEWS].sort());
  const files = await Array.fromAsync(
    Deno.readDir(new URL("lib/warehouse/views/", ROOT)),
    ({ name }) => name,
  );
  assertEquals(files.sort(), VIEWS.map((view) => `${view}.sql`).sort());
});

Deno.test("every task has a description, and none runs with all permissions", () => {
  for (const [name, task] of Object.entries<{ description?: string; command: string }>(config.tasks)) {
    assertEquals([name, typeof task.description], [name, "string"]);
    assertEquals([name, /(^|\s)(-A|--allow-all)\b/.test(task.command)], [name, false]);
  }
});
