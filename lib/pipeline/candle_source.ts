/** Where a command's daily candles come from: it says which registry is theirs, and what a card may say of them. */
import { lakeKind } from "../lake/open_lake.ts";
import type { DataSource } from "../models/data_source.ts";
import { chooseLake } from "./choose_lake.ts";
import type { CommandIo } from "./command_io.ts";
import { modelsOf } from "./context.ts";

/** A chosen source. */
export interface CandleSource {
  source: DataSource;
  /** The lake to read from now on; undefined where a file was named without one. */
  lake: string | undefined;
  /** The model registry that belongs to it, unless a person names another. */
  models: string;
}

/** Settles it, before anything is read. A lake without a marker has no candles either, and counts as a live one. */
export async function candleSource(
  { ohlcv, lake }: { ohlcv?: string | undefined; lake?: string | undefined },
  io: CommandIo,
): Promise<CandleSource> {
  if (ohlcv !== undefined) return { source: "file", lake, models: "models" };
  const store = await chooseLake(lake, io);
  await using _closing = { [Symbol.asyncDispose]: () => store.close() };
  const source = await lakeKind(store) ?? "live";
  return { source, lake: store.url, models: modelsOf(source) };
}
