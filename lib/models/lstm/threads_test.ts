import { assert, assertEquals, assertRejects } from "@std/assert";
import { lstmThreads } from "./threads.ts";

/** Runs a script in a process of its own: other tests have threads in this one. */
async function runScript(script: string): Promise<{ code: number; stdout: string }> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = `import { lstmThreads } from ${
      JSON.stringify(import.meta.resolve("./threads.ts"))
    };\n${script}`;
    await Deno.writeTextFile(file, lines);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const permissions = ["--allow-read", "--allow-env", "--allow-run=ls"];
    const args = ["run", "--quiet", "--no-prompt", "--config", config, ...permissions, file];
    const signal = AbortSignal.timeout(60_000);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, signal, stderr: "null" })
      .output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("lstmThreads() started and stopped 15 times leaves no thread", {
  ignore: Deno.build.os !== "linux", // where a process's threads are files
}, async () => {
  const { stdout } = await runScript(`
    async function threadCount() {
      const { stdout } = await new Deno.Command("ls", { args: ["/proc/" + Deno.pid + "/task"] }).output();
      return new TextDecoder().decode(stdout).trim().split("\\n").length;
    }
    (await lstmThreads(3))[Symbol.dispose]();
    const before = await threadCount();
    for (let i = 0; i < 15; i++) (await lstmThreads(3))[Symbol.dispose]();
    let after = await threadCount();
    for (let wait = 0; after > before + 1 && wait < 200; wait++) after = await threadCount(); // a thread ends soon
    const during = await lstmThreads(9), most = await threadCount();
    during[Symbol.dispose]();
    console.log(JSON.stringify({ before, after, most }));
  `);
  const { before, after, most } = JSON.parse(stdout);
  // 30 workers were started; Deno may have taken a thread more for itself.
  assert(after < before + 5, `${after} threads, ${before} before`);
  assert(most >= before + 5, `${most} threads with eight workers, ${before} without: the count sees none`);
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
