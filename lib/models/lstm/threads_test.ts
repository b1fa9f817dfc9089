import { assert, assertEquals, assertRejects } from "@std/assert";
import { lstmThreads } from "./threads.ts";

/** Threads of this process, as Linux counts them. */
async function threadCount(): Promise<number> {
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${Deno.pid}/task`] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").length;
}

/** Runs a script in a process of its own. */
async function runScript(script: string): Promise<Deno.CommandOutput> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = `import { lstmThreads } from ${
      JSON.stringify(import.meta.resolve("./threads.ts"))
    };\n${script}`;
    await Deno.writeTextFile(file, lines);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const args = ["run", "--quiet", "--no-prompt", "--config", config, "--allow-read", "--allow-env", file];
    const signal = AbortSignal.timeout(30_000);
    return await new Deno.Command(Deno.execPath(), { args, signal }).output();
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("lstmThreads() started and stopped 15 times leaves no thread", {
  ignore: Deno.build.os !== "linux", // where threads can be counted from outside
}, async () => {
  (await lstmThreads(3))[Symbol.dispose]();
  const before = await threadCount();
  for (let i = 0; i < 15; i++) {
    using threads = await lstmThreads(3);
    assertEquals(threads.count, 3);
  }
  let after = await threadCount();
  for (let wait = 0; after > before && wait < 100; wait++) after = await threadCount(); // a thread ends soon
  assert(after <= before, `${after} threads, ${before} before`);
});

for (
  const [how, script, code] of [
    ["ends", "await lstmThreads(2);", 0],
    ["ends after disposing", "{ using _threads = await lstmThreads(2); }", 0],
    ["throws", 'await lstmThreads(2); throw new Error("on purpose");', 1],
    ["exits", "await lstmThreads(2); Deno.exit(3);", 3],
  ] as const
) {
  Deno.test(`a process that ${how} is not held up by its threads`, async () => {
    assertEquals((await runScript(script)).code, code);
  });
}

Deno.test("lstmThreads() refuses bad counts, and a second set", async () => {
  for (const count of [0, -1, 1.5, NaN, 65]) {
    await assertRejects(() => lstmThreads(count), RangeError, "Cannot start threads");
  }
  using _threads = await lstmThreads(1);
  await assertRejects(() => lstmThreads(2), RangeError, "1 are at work, dispose of them first");
});
