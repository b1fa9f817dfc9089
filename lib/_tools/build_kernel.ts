/** Compiles AssemblyScript, `*.as.ts`, to WebAssembly; the same source gives the same bytes. */
// @ts-types="./asc.d.ts"
import asc from "assemblyscript/asc";
import { MOST_PAGES } from "../models/lstm/kernel_limits.ts";

/** Sources, the first one being what is compiled, and how. */
interface Kernel {
  folder: URL;
  sources: readonly string[];
  wasm: string;
  options: readonly string[];
}

const OPTIONS = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"];

/** All kernels, by name. */
export const KERNELS = {
  /** Memory comes from outside and is shared, so that threads can work on it: 1 GiB at most, taken as needed. */
  lstm: {
    folder: new URL("../models/lstm/", import.meta.url),
    sources: ["kernel.as.ts", "kernel_blocks.as.ts", "kernel_dropout.as.ts", "kernel_math.as.ts"],
    wasm: "kernel.wasm",
    options: [
      ...["--enable", "relaxed-simd", "--enable", "threads"],
      ...["--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", `${MOST_PAGES}`],
    ],
  },
  /** Memory of its own, from which the first page is the kernel's. */
  pages: {
    folder: new URL("../dataset/", import.meta.url),
    sources: ["page_kernel.as.ts"],
    wasm: "page_kernel.wasm",
    options: ["--initialMemory", "1"],
  },
} as const satisfies Record<string, Kernel>;

/**
 * A kernel's bytes.
 *
 * @throws {SyntaxError} with the compiler's messages.
 */
export async function buildKernel(
  { folder, sources, wasm, options }: Kernel,
): Promise<Uint8Array<ArrayBuffer>> {
  const texts = new Map<string, string>();
  for (const name of sources) texts.set(name, await Deno.readTextFile(new URL(name, folder)));
  let bytes = new Uint8Array();
  const { error, stderr } = await asc.main([sources[0]!, "-o", wasm, ...OPTIONS, ...options], {
    readFile: (name) => texts.get(name) ?? null,
    writeFile: (_name, contents) => {
      bytes = new Uint8Array(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error) throw new SyntaxError(`Cannot compile ${sources[0]}: ${stderr}`, { cause: error });
  return bytes;
}

if (import.meta.main) {
  for (const kernel of Object.values(KERNELS)) {
    await Deno.writeFile(new URL(kernel.wasm, kernel.folder), await buildKernel(kernel));
  }
}
