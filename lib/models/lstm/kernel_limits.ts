/** Limits of the kernel, for who works in its memory and who estimates it: nothing is loaded with them. */

/** Windows side by side in a block, as in `kernel.as.ts`; no chunk is smaller. */
export const LANES = 8;

/** Bytes that a layer takes at most, unless eight windows alone need more; larger batches go chunk by chunk. */
export const CHUNK_BYTES = 64 * 2 ** 20;

/** Bytes of WebAssembly's unit of memory. */
export const PAGE = 65_536;

/** 1 GiB, which `kernel.wasm` is compiled for (`_tools/build_kernel.ts`): memory is only used once it is taken. */
export const MOST_PAGES = 16_384;
