/** A bounded cache of fetched row groups in a local folder. */
import { LakeError } from "../core/errors.ts";
import { digestOf } from "../lake/digest.ts";
import { DISK, type Disk } from "../lake/disk.ts";

/** Where a reader keeps what it fetched, and how much of it. */
export interface CacheOptions {
  folder: string;
  /** Bytes that all entries together may have; the ones that were used longest ago go first. */
  maxBytes: number;
}

const SUFFIX = ".rowgroup";

/**
 * Bytes under keys. An entry appears whole or not at all; several readers may share a folder.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const cache = new DiskCache({ folder: await Deno.makeTempDir(), maxBytes: 8 });
 * await cache.put("a", Uint8Array.of(1, 2, 3, 4, 5));
 * await cache.put("b", Uint8Array.of(6, 7, 8, 9));
 * assertEquals(await cache.get("a"), null);
 * assertEquals(await cache.get("b"), Uint8Array.of(6, 7, 8, 9));
 * ```
 */
export class DiskCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #disk: Disk;
  #last: Promise<void> = Promise.resolve();

  /** @throws {RangeError} where the limit is none. */
  constructor({ folder, maxBytes }: CacheOptions, disk: Disk = DISK) {
    if (!(maxBytes > 0)) throw new RangeError(`Cannot cache in ${maxBytes} bytes: give maxBytes above 0`);
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#disk = disk;
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const path = this.#path(key);
    try {
      const bytes = await Deno.readFile(path);
      const now = new Date();
      await Deno.utime(path, now, now);
      return bytes;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  }

  /**
   * Puts follow each other, so that each one counts what those before have left.
   *
   * @throws {LakeError} where the folder cannot be written; nothing is left of the entry then.
   */
  put(key: string, bytes: Uint8Array): Promise<void> {
    const putting = this.#last.then(() => this.#put(key, bytes));
    this.#last = putting.catch(() => {});
    return putting;
  }

  async #put(key: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.#maxBytes) return;
    const aside = `${this.#folder}/${crypto.randomUUID()}.tmp`;
    try {
      await this.#disk.mkdir(this.#folder);
      await this.#disk.writeFile(aside, bytes);
      await this.#disk.rename(aside, this.#path(key));
    } catch (cause) {
      // Eviction sees whole entries only.
      await this.#disk.remove(aside).catch(() => {});
      throw new LakeError(
        `Cannot cache a row group in "${this.#folder}": ${
          (cause as Error).message
        }, make room there, choose another ` +
          "folder, or read without a cache",
        { cause },
      );
    }
    await this.#evict(this.#path(key));
  }

  async #evict(newest: string): Promise<void> {
    const entries: { path: string; size: number; used: number }[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!name.endsWith(SUFFIX)) continue;
      const path = `${this.#folder}/${name}`;
      const info = await Deno.stat(path).catch(() => null);
      if (info && path !== newest) entries.push({ path, size: info.size, used: info.mtime?.getTime() ?? 0 });
    }
    let room = this.#maxBytes - (await Deno.stat(newest)).size;
    for (const { path, size } of entries.sort((a, b) => b.used - a.used)) {
      room -= size;
      // Another reader may have taken it away already.
      if (room < 0) await Deno.remove(path).catch(() => {});
    }
  }

  #path(key: string): string {
    return `${this.#folder}/${digestOf(new TextEncoder().encode(key)).sha256.slice(0, 40)}${SUFFIX}`;
  }
}
