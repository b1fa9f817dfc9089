import { ConfigError, LakeError, LockError } from "../core/errors.ts";
import { type Digest, digestFile } from "./digest.ts";
import { DISK, type Disk } from "./disk.ts";
import { safeKey } from "./keys.ts";
import type { ObjectInfo, ObjectStore, PutResult } from "./store.ts";

/** Keys that belong to the store itself: temporary files and the lock. */
const SCRATCH = "_tmp";
const LOCK = "_lock";

/**
 * A lake in a local folder. A commit writes a temporary file in the same file system, syncs it, renames it over
 * the key and syncs the folder: after a crash at any point the key holds the old object or the new one.
 *
 * @throws {ConfigError} where a folder or file may not be read or written.
 * @throws {LakeError} where the disk is full or a write fails.
 * @throws {LockError} where another run holds the lock.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const store = new LocalStore(await Deno.makeTempDir());
 * const bytes = new TextEncoder().encode("a,b\n1,2\n");
 * assertEquals(await store.put("raw/a.csv", bytes), "created");
 * assertEquals(await store.put("raw/a.csv", bytes), "unchanged");
 * assertEquals(await store.list("raw/"), [{ key: "raw/a.csv", size: 8 }]);
 * ```
 */
export class LocalStore implements ObjectStore {
  readonly url: string;
  readonly #disk: Disk;
  #scratch: Promise<Scratch> | null = null;
  #scratchCount = 0;

  constructor(folder: string, { disk = DISK }: { disk?: Disk } = {}) {
    this.url = folder.replace(/\/+$/, "") || "/";
    this.#disk = disk;
  }

  locate(key: string): string {
    return `${this.url}/${safeKey(key)}`;
  }

  localPath(key: string): Promise<string> {
    return Promise.resolve(this.locate(key));
  }

  async head(key: string): Promise<ObjectInfo | null> {
    return await missing(key, async () => {
      const info = await Deno.stat(this.locate(key));
      return info.isFile ? { key, size: info.size } : null;
    });
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return await missing(key, () => Deno.readFile(this.locate(key)));
  }

  async digest(key: string): Promise<Digest | null> {
    return await missing(key, () => digestFile(this.locate(key)));
  }

  async getRange(
    key: string,
    start: number,
    length: number,
    room?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    return await missing(key, async () => {
      using file = await Deno.open(this.locate(key));
      // Sets a number and reads nothing: not worth another thread.
      file.seekSync(start, Deno.SeekMode.Start);
      const buffer = room && room.length >= length ? room.subarray(0, length) : new Uint8Array(length);
      const read = await fill(file, buffer);
      return read === length ? buffer : buffer.slice(0, read);
    });
  }

  async list(prefix: string): Promise<ObjectInfo[]> {
    const found: ObjectInfo[] = [];
    const walk = async (folder: string): Promise<void> => {
      for await (const entry of Deno.readDir(this.locate(folder))) {
        const key = `${folder}${entry.name}`;
        if (entry.isDirectory) {
          if (key !== SCRATCH) await walk(`${key}/`);
        } else if (key !== LOCK && !entry.name.startsWith(".")) {
          const info = await this.head(key);
          if (info) found.push(info);
        }
      }
    };
    await missing(prefix, () => walk(prefix));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async folders(prefix: string): Promise<string[]> {
    const names: string[] = [];
    await missing(prefix, async () => {
      for await (const { name, isDirectory } of Deno.readDir(this.locate(prefix))) {
        if (isDirectory && `${prefix}${name}` !== SCRATCH) names.push(name);
      }
    });
    return names.sort();
  }

  async put(key: string, bytes: Uint8Array): Promise<PutResult> {
    return await this.putFile(key, await this.#writeAside(key, bytes));
  }

  async putNew(key: string, bytes: Uint8Array): Promise<"created" | "exists"> {
    if (await this.head(key)) return "exists";
    const path = await this.#writeAside(key, bytes);
    try {
      await this.#place(key, path, (from, to) => this.#disk.link(from, to));
      return "created";
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists && await this.head(key)) return "exists";
      throw explainWriteError(key, error);
    } finally {
      await this.#disk.remove(path).catch(ignoreMissing);
    }
  }

  async putFile(key: string, path: string): Promise<PutResult> {
    const before = await this.head(key);
    if (before && await sameBytes(this.locate(key), path)) {
      await this.#disk.remove(path);
      return "unchanged";
    }
    await writing(key, () => this.#place(key, path, (from, to) => this.#disk.rename(from, to)));
    return before ? "replaced" : "created";
  }

  async delete(key: string): Promise<void> {
    const path = this.locate(key);
    if (await this.head(key) === null) return;
    await writing(key, async () => {
      await this.#disk.remove(path).catch(ignoreMissing);
      await this.#disk.sync(path.slice(0, path.lastIndexOf("/")));
    });
  }

  async scratch(): Promise<string> {
    const scratch = await (this.#scratch ??= writing(SCRATCH, () => openScratch(this.url, this.#disk)));
    return scratch.folder;
  }

  async close(): Promise<void> {
    const scratch = await this.#scratch?.catch(() => null);
    this.#scratch = null;
    await scratch?.close();
  }

  async lock(holder: string): Promise<AsyncDisposable> {
    await writing(this.url, () => this.#disk.mkdir(this.url));
    const path = `${this.url}/${LOCK}`;
    // An advisory lock of the operating system on an open file: when the process ends, however, it is free.
    const file = await writing(this.url, () => Deno.open(path, { read: true, write: true, create: true }));
    try {
      if (!await file.tryLock(true)) {
        const owner = (await Deno.readTextFile(path)).trim() || "another run";
        throw new LockError(
          `Cannot write to lake "${this.url}": ${owner} is writing to it, wait for it to end and run again`,
        );
      }
      await writing(this.url, async () => {
        await file.truncate();
        await file.write(new TextEncoder().encode(`${holder}\n`));
      });
    } catch (error) {
      file.close();
      throw error;
    }
    return {
      // Closing a file releases its lock.
      [Symbol.asyncDispose]: () => file.truncate().finally(() => file.close()),
    };
  }

  /** Bytes in a file of the scratch folder. */
  async #writeAside(key: string, bytes: Uint8Array): Promise<string> {
    this.locate(key);
    const path = `${await this.scratch()}/put-${this.#scratchCount++}`;
    await writing(key, () => this.#disk.writeFile(path, bytes));
    return path;
  }

  /** The commit: the bytes reach the disk before the name does, and the name before this returns. */
  async #place(key: string, path: string, act: (from: string, to: string) => Promise<void>): Promise<void> {
    const target = this.locate(key);
    const folder = target.slice(0, target.lastIndexOf("/"));
    const made = await makeFolders(this.#disk, this.url, folder);
    await this.#disk.sync(path);
    await act(path, target);
    for (const changed of new Set([folder, ...made])) await this.#disk.sync(changed);
  }
}

/** A writer's own folder beneath `_tmp/`, and the lock that says that its writer lives. */
interface Scratch {
  folder: string;
  close(): Promise<void>;
}

/** Makes a scratch folder, and clears those of writers that are gone. */
async function openScratch(root: string, disk: Disk): Promise<Scratch> {
  const all = `${root}/${SCRATCH}`;
  await disk.mkdir(all);
  await clearDead(all, disk);
  while (true) {
    const folder = `${all}/${crypto.randomUUID().slice(0, 13)}`;
    const file = await Deno.open(`${folder}.lock`, { write: true, createNew: true });
    // Between the opening and the locking another writer may have taken the file for a dead one's.
    const locked = await file.tryLock(true) &&
      await Deno.stat(`${folder}.lock`).then(() => true, () => false);
    if (!locked) {
      file.close();
      continue;
    }
    await disk.mkdir(folder);
    return {
      folder,
      async close() {
        await disk.remove(folder).catch(ignoreMissing);
        await disk.remove(`${folder}.lock`).catch(ignoreMissing);
        file.close();
      },
    };
  }
}

async function clearDead(all: string, disk: Disk): Promise<void> {
  for await (const { name } of Deno.readDir(all)) {
    if (!name.endsWith(".lock")) continue;
    const path = `${all}/${name}`;
    try {
      using file = await Deno.open(path, { write: true });
      if (!await file.tryLock(true)) continue;
      await disk.remove(path.slice(0, -".lock".length)).catch(ignoreMissing);
      await disk.remove(path);
    } catch (error) {
      // Another writer clears the same folder at the same time.
      ignoreMissing(error);
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** What reading a key gives where there is nothing, a folder, or a file in place of one of its folders. */
const NO_OBJECT = [Deno.errors.NotFound, Deno.errors.IsADirectory, Deno.errors.NotADirectory];

async function missing<T>(key: string, read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (NO_OBJECT.some((NoObject) => error instanceof NoObject)) return null;
    if (isDenied(error)) {
      throw new ConfigError(`Cannot read "${key}": permission denied, give this user access`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function writing<T>(key: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw explainWriteError(key, error);
  }
}

/**
 * Turns an operating system's or an SQL engine's write failure into an error that says what to do.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const error = explainWriteError("a.parquet", new Error("No space left on device (os error 28)"));
 * assertStringIncludes(error.message, "the disk is full");
 * ```
 */
export function explainWriteError(key: string, error: unknown): ConfigError | LakeError {
  if (error instanceof ConfigError || error instanceof LakeError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (isDenied(error) || /permission denied|read-only file system/i.test(text)) {
    return new ConfigError(
      `Cannot write "${key}": permission denied, give this user write access or choose another folder with --lake`,
      { cause: error },
    );
  }
  if (/no space left|ENOSPC|disk quota|file too large/i.test(text)) {
    return new LakeError(
      `Cannot write "${key}": the disk is full, free some space and run again; what was in the lake before is unharmed`,
      { cause: error, retryable: true },
    );
  }
  if (/exists|not a directory/i.test(text)) {
    return new ConfigError(
      `Cannot write "${key}": a file stands where a folder is needed, choose another folder with --lake`,
      { cause: error },
    );
  }
  return new LakeError(`Cannot write "${key}": ${text}, see the cause and run again`, { cause: error });
}

function isDenied(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
}

/** Makes the folders between `root` and `folder`; gives the parents whose listing changed. */
async function makeFolders(disk: Disk, root: string, folder: string): Promise<string[]> {
  const changed: string[] = [];
  let path = folder;
  const absent: string[] = [];
  while (path.length > root.length && !(await isFolder(path))) {
    absent.unshift(path);
    path = path.slice(0, path.lastIndexOf("/"));
  }
  for (const next of absent) {
    await disk.mkdir(next);
    changed.push(next.slice(0, next.lastIndexOf("/")));
  }
  return changed;
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

const CHUNK = 1 << 20;

async function sameBytes(a: string, b: string): Promise<boolean> {
  using fileA = await Deno.open(a);
  using fileB = await Deno.open(b);
  if ((await fileA.stat()).size !== (await fileB.stat()).size) return false;
  const bufferA = new Uint8Array(CHUNK), bufferB = new Uint8Array(CHUNK);
  while (true) {
    const [readA, readB] = [await fill(fileA, bufferA), await fill(fileB, bufferB)];
    if (readA !== readB) return false;
    if (readA === 0) return true;
    for (let i = 0; i < readA; i++) if (bufferA[i] !== bufferB[i]) return false;
  }
}

async function fill(file: Deno.FsFile, buffer: Uint8Array): Promise<number> {
  let used = 0;
  while (used < buffer.length) {
    const read = await file.read(buffer.subarray(used));
    if (read === null) break;
    used += read;
  }
  return used;
}
