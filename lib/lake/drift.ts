/** Fields of market pages that were not there before: one small object each, written once, by whoever saw it first. */
import { z } from "zod";
import { type Contract, CONTRACT_MODES, type Drift, type SeenDrift } from "../core/contract.ts";
import { LakeError } from "../core/errors.ts";
import { sha256 } from "./ledger.ts";
import type { ObjectStore } from "./store.ts";

const FOLDER = "_ledger/drift/snapshots/";

/** More fields of one page are not noted: an answer whose keys are data would never end. */
const MOST = 100;

const NOTED = z.object({
  kind: z.enum(["columns", "data_type"]),
  column: z.string(),
  example: z.string(),
  origin: z.string(),
  mode: z.enum(CONTRACT_MODES),
});

/**
 * Notes what a page had that was not there before; what is noted already stays as it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LocalStore } from "./store_local.ts";
 * const store = new LocalStore(await Deno.makeTempDir());
 * const drift = [{ kind: "columns", column: "mood", example: "good" }] as const;
 * for (const origin of ["raw/a.json", "raw/b.json"]) {
 *   await noteDrift(store, drift, { origin, contract: { columns: "evolve", data_type: "discard_row" } });
 * }
 * assertEquals((await readDrift(store)).map(({ column, origin }) => [column, origin]), [["mood", "raw/a.json"]]);
 * await store.close();
 * ```
 */
export async function noteDrift(
  store: ObjectStore,
  drift: readonly Drift[],
  { origin, contract }: { origin: string; contract: Readonly<Contract> },
): Promise<void> {
  for (const { kind, column, example } of drift.slice(0, MOST)) {
    const key = `${FOLDER}${sha256(`${kind} ${column}`).slice(0, 16)}.json`;
    if (await store.head(key)) continue;
    const noted: SeenDrift = { kind, column, example, origin, mode: contract[kind] };
    await store.putNew(key, new TextEncoder().encode(`${JSON.stringify(noted, null, 2)}\n`));
  }
}

/** All that was noted, by page. */
export async function readDrift(store: ObjectStore): Promise<SeenDrift[]> {
  const noted: SeenDrift[] = [];
  for (const { key } of await store.list(FOLDER)) {
    const bytes = await store.get(key);
    if (!bytes) continue;
    try {
      noted.push(NOTED.parse(JSON.parse(new TextDecoder().decode(bytes))));
    } catch (cause) {
      throw new LakeError(`Cannot read "${key}": it is damaged, delete it`, { cause });
    }
  }
  const order = ({ origin, kind, column }: SeenDrift) => `${origin} ${kind} ${column}`;
  return noted.sort((a, b) => order(a) < order(b) ? -1 : 1);
}
