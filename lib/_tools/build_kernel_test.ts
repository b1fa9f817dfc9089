import { assertEquals } from "@std/assert";
import { buildKernel } from "./build_kernel.ts";

Deno.test("buildKernel() makes kernel.wasm to the byte, else run `deno task kernel`", async () => {
  assertEquals(
    await buildKernel(),
    await Deno.readFile(new URL("../models/lstm/kernel.wasm", import.meta.url)),
  );
});
