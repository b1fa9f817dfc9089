/** A saved model as files in memory: who writes them, and where, is the registry's matter. */
import { ModelError } from "../core/errors.ts";

/** Contents by file name. */
export type ModelFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

const MAIN = "model.json";

/**
 * What a model has learnt as one file, `model.json`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const files = jsonModel({ name: "har", coefficients: [0.1, 0.5] });
 * assertEquals(readJsonModel(files, "har"), { name: "har", coefficients: [0.1, 0.5] });
 * ```
 */
export function jsonModel(state: { name: string } & Record<string, unknown>, file = MAIN): ModelFiles {
  return { [file]: new TextEncoder().encode(JSON.stringify(state)) };
}

/**
 * Reads it back.
 *
 * @throws {ModelError} where it is missing, cut, or of another model.
 */
// deno-lint-ignore no-explicit-any -- each model checks its own numbers
export function readJsonModel(files: ModelFiles, name: string, file = MAIN): any {
  let state;
  try {
    state = JSON.parse(new TextDecoder().decode(files[file]));
  } catch (cause) {
    throw new ModelError(`Cannot load "${name}": its ${file} is missing or cut, train again`, { cause });
  }
  if (state?.name === name) return state;
  throw new ModelError(`Cannot load "${name}": the files are of "${state?.name}", name that model`);
}
