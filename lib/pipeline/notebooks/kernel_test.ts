import { assert, assertEquals, assertRejects } from "@std/assert";
import { freePorts } from "./connection.ts";
import { Kernel, KernelDiedError, KernelTimeoutError, killKernels } from "./kernel.ts";
import { OutputCollector } from "./outputs.ts";

const cwd = import.meta.dirname!;

Deno.test("Kernel.execute() gives every output to the cell that made it", async () => {
  await using kernel = await Kernel.start({ cwd });
  for (let round = 0; round < 40; round++) {
    const outputs = new OutputCollector();
    await kernel.execute(`console.log("out");console.error("err");${round}`, { outputs });
    assertEquals(outputs.outputs.map((output) => output.output_type), ["stream", "stream", "execute_result"]);
    const result = outputs.outputs[2];
    assert(result?.output_type === "execute_result");
    assertEquals(result.data, { "text/plain": String(round) });
  }
});

Deno.test("Kernel.execute() counts the cells and no more, also where one has changed the console", async () => {
  await using kernel = await Kernel.start({ cwd });
  const outputs = new OutputCollector();
  await kernel.execute("41 + 1", { outputs });
  await kernel.execute('console.log = console.error = () => {}; "quiet"', { outputs });
  const results = outputs.outputs.map((output) =>
    output.output_type === "execute_result" ? [output.execution_count, output.data["text/plain"]] : output
  );
  assertEquals(results, [[1, "42"], [2, '"quiet"']]);
});

Deno.test("Kernel.execute() takes long messages in both directions", async () => {
  await using kernel = await Kernel.start({ cwd });
  const outputs = new OutputCollector();
  await kernel.execute(`console.log("${"ü".repeat(100_000)}")`, { outputs });
  assertEquals(outputs.outputs, [
    { output_type: "stream", name: "stdout", text: `${"ü".repeat(100_000)}\n` },
  ]);
});

Deno.test("Kernel.execute() rejects at the end of the cell's time and afterwards", async () => {
  await using kernel = await Kernel.start({ cwd });
  await assertRejects(() => kernel.execute("for (;;);", { timeoutMs: 300 }), KernelTimeoutError, "0.3 s");
  await assertRejects(() => kernel.execute("1"), KernelTimeoutError);
});

Deno.test("Kernel.execute() rejects when the process dies", async () => {
  await using kernel = await Kernel.start({ cwd });
  await assertRejects(() => kernel.execute("Deno.exit(7)"), KernelDiedError, "exit code 7");
});

Deno.test("Kernel.start() rejects with what the process wrote when it never gets its ports", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ports = () => freePorts().with(4, (taken.addr as Deno.NetAddr).port);
  const error = await assertRejects(() => Kernel.start({ cwd, ports }), KernelDiedError);
  assert(/it wrote:\n.*in use/is.test(error.message), error.message);
});

Deno.test("Kernel.start() takes other ports when the first are taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let calls = 0;
  // Of the five, the heartbeat's port is one that this side never connects to.
  const ports = () => calls++ === 0 ? freePorts().with(4, (taken.addr as Deno.NetAddr).port) : freePorts();
  await using kernel = await Kernel.start({ cwd, ports });
  assertEquals((await kernel.execute("1")).status, "ok");
  assertEquals(calls, 2);
});

Deno.test("Kernel.start() removes the connection file, of a kernel that cannot start, too", async () => {
  const files = async () => (await Array.fromAsync(Deno.readDir(folder))).length;
  const folder = await Deno.makeTempDir();
  try {
    await using _kernel = await Kernel.start({ cwd, connectionFolder: folder });
    assertEquals(await files(), 0);
    const nowhere = { cwd: `${folder}/missing`, connectionFolder: folder };
    await assertRejects(() => Kernel.start(nowhere), Deno.errors.NotFound);
    assertEquals(await files(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("killKernels() ends a running cell", async () => {
  await using kernel = await Kernel.start({ cwd });
  const running = assertRejects(() => kernel.execute("for (;;);"), KernelDiedError, "SIGKILL");
  killKernels();
  await running;
});
