import { lakeKind, openStore } from "../lake/open_lake.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { CommandIo } from "./command_io.ts";

/** The lake that was named, else the live one, unless only the demo lake exists: then that, and it is said. */
export async function chooseLake(
  lake: string | undefined,
  { env, effects, disk }: Pick<CommandIo, "env" | "effects" | "disk">,
): Promise<ObjectStore> {
  if (lake !== undefined) return await openStore(lake, { env, disk });
  const live = await openStore("data/lake", { disk });
  if (await lakeKind(live) !== null) return live;
  const demo = await openStore("data/demo", { disk });
  if (await lakeKind(demo) === null) return live;
  effects.log.warn("There is no live lake yet: this is data/demo, simulated prices. (--lake chooses)");
  return demo;
}
