import { assertRejects } from "@std/assert";
import { ConfigError } from "../../core/errors.ts";
import { useWebGpu } from "./use_webgpu.ts";

Deno.test("useWebGpu() says where there is no WebGPU, and where there is no adapter", async () => {
  const none = { requestAdapter: () => Promise.resolve(null) };
  await assertRejects(() => useWebGpu(none, () => {}), ConfigError, "Deno finds no adapter on this machine");
  await assertRejects(() => useWebGpu(undefined, () => {}), ConfigError, "this Deno has no WebGPU");
});
