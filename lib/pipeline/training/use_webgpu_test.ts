import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../core/errors.ts";
import { useWebGpu } from "./use_webgpu.ts";

Deno.test("useWebGpu() says where there is no WebGPU, and where there is no adapter", async () => {
  const none = { requestAdapter: () => Promise.resolve(null) };
  await assertRejects(() => useWebGpu(none, () => {}), ConfigError, "Deno finds no adapter on this machine");
  await assertRejects(() => useWebGpu(undefined, () => {}), ConfigError, "this Deno has no WebGPU");
});

Deno.test("useWebGpu() refuses a software renderer, by its own word or by its name", async () => {
  const adapters = [
    { description: "llvmpipe (LLVM 15.0.6, 256 bits)" },
    { description: "Microsoft Basic Render Driver" },
    { description: "", isFallbackAdapter: true },
  ];
  for (const info of adapters) {
    const said: string[] = [];
    const gpu = { requestAdapter: () => Promise.resolve({ info }) };
    await assertRejects(
      () => useWebGpu(gpu, (text) => said.push(text)),
      ConfigError,
      `Cannot train on WebGPU: the adapter "${info.description}" is a software renderer`,
    );
    assertEquals(said, []);
  }
});
