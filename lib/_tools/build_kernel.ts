/** Compiles `lib/models/lstm/kernel.as.ts` to `kernel.wasm`; the same source gives the same bytes. */
// @ts-types="./asc.d.ts"
import asc from "assemblyscript/asc";
import { MOST_PAGES } from "../models/lstm/kernel_limits.ts";

const FOLDER = new URL("../models/lstm/", import.meta.url);

const SOURCES = ["kernel.as.ts", "kernel_blocks.as.ts", "kernel_dropout.as.ts", "kernel_math.as.ts"];

/**
 * Memory comes from outside and is shared, so that threads can work on it: 1 GiB at most, taken as needed.
 */
const OPTIONS = [
  ...["-O3", "--noAssert", "--runtime", "stub"],
  ...["--enable", "simd", "--enable", "relaxed-simd", "--enable", "threads"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", `${MOST_PAGES}`],
];

/**
 * The kernel's bytes.
 *
 * @throws {SyntaxError} with the compiler's messages.
 */
export async function buildKernel(): Promise<Uint8Array<ArrayBuffer>> {
  const sources = new Map<string, string>();
  for (const name of SOURCES) sources.set(name, await Deno.readTextFile(new URL(name, FOLDER)));
  let bytes = new Uint8Array();
  const { error, stderr } = await asc.main([SOURCES[0]!, "-o", "kernel.wasm", ...OPTIONS], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (_name, contents) => {
      bytes = new Uint8Array(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error) throw new SyntaxError(`Cannot compile kernel.as.ts: ${stderr}`, { cause: error });
  return bytes;
}

if (import.meta.main) await Deno.writeFile(new URL("kernel.wasm", FOLDER), await buildKernel());
