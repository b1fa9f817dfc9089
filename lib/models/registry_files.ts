/** How files come into the `models` folder: written aside, brought to the disk, and put in place in one rename. */
import { DISK, type Disk } from "../lake/disk.ts";
import type { ModelFiles } from "./model_files.ts";

/** How names begin of what is not in place yet, or was left by a process that was killed. */
const ASIDE = ".tmp-";

/** A name in a folder that nobody else has. */
function aside(root: string): string {
  return `${root}/${ASIDE}${crypto.randomUUID().slice(0, 8)}`;
}

/**
 * Puts a file in place of whatever is there: a reader, or a process that starts after a crash, finds the old bytes or
 * the new ones.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * for (const byte of [1, 2]) await replaceFile(`${folder}/a/b.bin`, Uint8Array.of(byte));
 * assertEquals(await readIfThere(`${folder}/a/b.bin`), Uint8Array.of(2));
 * assertEquals(await readIfThere(`${folder}/a/c.bin`), null);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function replaceFile(path: string, bytes: Uint8Array, disk: Disk = DISK): Promise<void> {
  const root = path.slice(0, path.lastIndexOf("/"));
  const temporary = aside(root);
  await disk.mkdir(root);
  try {
    await disk.writeFile(temporary, bytes);
    await disk.sync(temporary);
    await disk.rename(temporary, path);
  } catch (error) {
    await disk.remove(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
  await disk.sync(root);
}

/** Removes what killed processes have left in a folder that this process alone writes to. */
export async function sweep(root: string, disk: Disk = DISK): Promise<void> {
  if (!await exists(root)) return;
  for await (const { name } of Deno.readDir(root)) {
    if (name.startsWith(ASIDE)) await disk.remove(`${root}/${name}`);
  }
}

/** Removes a folder with all in it, where there is one. */
export async function removeFolder(path: string, disk: Disk = DISK): Promise<void> {
  if (await exists(path)) await disk.remove(path);
}

/**
 * Puts a folder of files in place; false if somebody else was first.
 *
 * @param root the folder above it.
 */
export async function placeFolder(
  root: string,
  path: string,
  files: ModelFiles,
  disk: Disk = DISK,
): Promise<boolean> {
  const temporary = aside(root);
  await disk.mkdir(temporary);
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await disk.writeFile(`${temporary}/${name}`, bytes);
      await disk.sync(`${temporary}/${name}`);
    }
    await disk.rename(temporary, path);
    await disk.sync(root);
    return true;
  } catch (error) {
    await disk.remove(temporary).catch(() => {}); // the first error is the one to tell
    if (await exists(path)) return false;
    throw error;
  }
}

/** A file's bytes; null if there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** All files of a folder; none where there is no folder. */
export async function readFolder(path: string): Promise<ModelFiles> {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  if (!await exists(path)) return files;
  for await (const { name, isFile } of Deno.readDir(path)) {
    if (isFile) files[name] = await Deno.readFile(`${path}/${name}`);
  }
  return files;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
