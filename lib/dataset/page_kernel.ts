/** The page kernel (`page_kernel.as.ts`), compiled, and its memory: one of each a thread. */
import * as kernel from "./page_kernel.wasm";

/** WebAssembly's page: the first one of the memory is the kernel's. */
export const PAGE = 1 << 16;
/** The kernel moves up to so many bytes more than there are. */
export const SLACK = 16;

export { kernel };

/** The kernel's memory, `bytes` at least. It grows, which ends the arrays that were views of it, and never shrinks. */
export function kernelMemory(bytes: number): Uint8Array<ArrayBuffer> {
  const { memory } = kernel, missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return new Uint8Array(memory.buffer as ArrayBuffer);
}
