/** Files that a command is asked to write beside its answer: refused before the work where they cannot be written. */
import { LakeError, UsageError } from "../core/errors.ts";

/**
 * Finds out whether a file can be written, before the work that fills it. What the file holds stays as it is.
 *
 * @throws {UsageError} where it cannot.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { UsageError } from "../core/errors.ts";
 * await assertRejects(() => assertWritable("no/such/folder/board.svg"), UsageError, "its folder does not exist");
 * ```
 */
export async function assertWritable(file: string): Promise<void> {
  try {
    if (await isThere(file)) (await Deno.open(file, { append: true })).close();
    else {
      (await Deno.open(file, { write: true, createNew: true })).close();
      await Deno.remove(file);
    }
  } catch (cause) {
    throw new UsageError(`Cannot write "${file}": ${reasonOf(cause)}, name another file`, { cause });
  }
}

/**
 * Makes a folder and those above it.
 *
 * @throws {UsageError} where that cannot be.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new UsageError(`Cannot make the folder "${folder}": ${reasonOf(cause)}, name another`, { cause });
  }
}

/**
 * Writes a file.
 *
 * @throws {LakeError} where that fails, though {@linkcode assertWritable} found no reason.
 */
export async function writeOutput(
  file: string,
  text: string,
  { append = false }: { append?: boolean } = {},
): Promise<void> {
  try {
    await Deno.writeTextFile(file, text, { append });
  } catch (cause) {
    throw new LakeError(`Cannot write "${file}": ${reasonOf(cause)}, make room or name another file`, {
      cause,
    });
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await Deno.stat(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const { errors } = Deno;
  if (error instanceof errors.NotFound) return "its folder does not exist";
  if (error instanceof errors.IsADirectory) return "it is a folder";
  if (error instanceof errors.NotADirectory || error instanceof errors.AlreadyExists) {
    return "a file lies where a folder is meant";
  }
  if (error instanceof errors.PermissionDenied || error instanceof errors.NotCapable) {
    return "it is not allowed";
  }
  return (error as Error).message;
}
