import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors.ts";
import { useBackend } from "./use_backend.ts";

Deno.test("useBackend() says where there is no WebGPU, and leaves the backend as it was", async () => {
  const say = () => {};
  {
    using _cpu = await useBackend("cpu", { gpu: undefined, say });
    assertEquals(tf.getBackend(), "cpu");
    const none = { requestAdapter: () => Promise.resolve(null) };
    await assertRejects(() => useBackend("webgpu", { gpu: none, say }), ConfigError, "Deno finds no adapter");
    await assertRejects(
      () => useBackend("webgpu", { gpu: undefined, say }),
      ConfigError,
      "this Deno has no WebGPU",
    );
  }
  assertEquals(tf.getBackend(), "cpu");
});
