/** Compiles `lib/models/lstm/kernel.as.ts` to `kernel.wasm`; the same source gives the same bytes. */
// @ts-types="./asc.d.ts"
import asc from "assemblyscript/asc";

const FOLDER = new URL("../models/lstm/", import.meta.url);

/** Memory comes from outside and is shared, so that threads can work on it; its most is 1 GiB, which no page uses ahead. */
const OPTIONS = [
  ...["-O3", "--noAssert", "--runtime", "stub"],
  ...["--enable", "simd", "--enable", "relaxed-simd", "--enable", "threads"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", "16384"],
];

/**
 * The kernel's bytes.
 *
 * @throws {SyntaxError} with the compiler's messages.
 */
export async function buildKernel(): Promise<Uint8Array<ArrayBuffer>> {
  const source = await Deno.readTextFile(new URL("kernel.as.ts", FOLDER));
  let bytes = new Uint8Array();
  const { error, stderr } = await asc.main(["kernel.as.ts", "-o", "kernel.wasm", ...OPTIONS], {
    readFile: (name) => name === "kernel.as.ts" ? source : null,
    writeFile: (_name, contents) => {
      bytes = new Uint8Array(contents as Uint8Array);
    },
    listFiles: () => [],
  });
  if (error) throw new SyntaxError(`Cannot compile kernel.as.ts: ${stderr}`, { cause: error });
  return bytes;
}

if (import.meta.main) await Deno.writeFile(new URL("kernel.wasm", FOLDER), await buildKernel());
