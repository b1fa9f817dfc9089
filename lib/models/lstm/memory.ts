/**
 * The memory that the kernel works in, shared with the other threads, from which `pass_buffers.ts` takes its
 * buffers. WebAssembly's memory never shrinks: what is given back is taken again.
 */
import { ModelError } from "../../core/errors.ts";
import { instantiate } from "./kernel.ts";
import { MOST_PAGES, PAGE } from "./kernel_limits.ts";

/** One memory for all threads. */
export const memory = new WebAssembly.Memory({ initial: 16, maximum: MOST_PAGES, shared: true });
export const compiled = new WebAssembly.Module(Deno.readFileSync(new URL("kernel.wasm", import.meta.url)));

/** This thread's instance. */
export const kernel = instantiate(compiled, memory);

/** A piece of the kernel's memory, in bytes. */
export interface Region {
  address: number;
  bytes: number;
}

/**
 * Pieces that nobody uses, by address, none beside another; the first page belongs to the kernel's constants.
 */
const free: Region[] = [{ address: PAGE, bytes: 15 * PAGE }];

/** Bytes that are taken now. */
export function takenBytes(): number {
  return memory.buffer.byteLength - PAGE - free.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Takes the first free piece that is large enough; the memory grows where none is.
 *
 * @throws {ModelError} if the memory would pass 1 GiB.
 */
export function take(bytes: number): Region {
  const size = Math.ceil(bytes / 64) * 64;
  let piece = free.find((region) => region.bytes >= size);
  if (!piece) {
    const pages = Math.ceil(size / PAGE), address = memory.buffer.byteLength;
    if (address / PAGE + pages > MOST_PAGES) {
      throw new ModelError(
        `Cannot run an LSTM: its buffers need ${Math.ceil(size / 2 ** 20)} MiB more and ` +
          `${Math.ceil(takenBytes() / 2 ** 20)} of ${MOST_PAGES * PAGE / 2 ** 20} MiB are in use; ` +
          "use shorter windows or fewer units, or dispose of models",
      );
    }
    memory.grow(pages);
    give({ address, bytes: pages * PAGE });
    piece = free.find((region) => region.bytes >= size)!;
  }
  const region = { address: piece.address, bytes: size };
  piece.address += size;
  piece.bytes -= size;
  if (piece.bytes === 0) free.splice(free.indexOf(piece), 1);
  return region;
}

/** Gives a piece back, joined to its free neighbours. */
export function give({ address, bytes }: Region): void {
  let at = free.findIndex((region) => region.address > address);
  if (at < 0) at = free.length;
  free.splice(at, 0, { address, bytes });
  for (const left of [at, at - 1]) {
    const piece = free[left], next = free[left + 1];
    if (!piece || !next || piece.address + piece.bytes !== next.address) continue;
    piece.bytes += next.bytes;
    free.splice(left + 1, 1);
  }
}
