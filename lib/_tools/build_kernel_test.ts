import { assertEquals } from "@std/assert";
import { buildKernel, KERNELS } from "./build_kernel.ts";

for (const [name, kernel] of Object.entries(KERNELS)) {
  Deno.test(`buildKernel() makes the ${name} kernel's file to the byte, else run \`deno task kernel\``, async () => {
    assertEquals(await buildKernel(kernel), await Deno.readFile(new URL(kernel.wasm, kernel.folder)));
  });
}
