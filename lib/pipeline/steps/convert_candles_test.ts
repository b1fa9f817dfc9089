import { assertRejects } from "@std/assert";
import { LakeError } from "../../core/errors.ts";
import type { RunContext } from "../context.ts";
import { convertCandles } from "./convert_candles.ts";

Deno.test("convertCandles() ends with a clear word where the converted file cannot be written", async () => {
  const folder = await Deno.makeTempDir();
  const bars = Array.from({ length: 100_000 }, (_, i) => {
    const price = 100 + (i * 7919 % 10_007) / 1000;
    return `${1_500_000_000_000 + i * 60_000},${price},${price},${price},${price},${
      i * 104_729 % 1_299_709
    }\n`;
  });
  await Deno.writeTextFile(`${folder}/minutes.csv`, bars.join(""));
  // A folder stands in its way: as with a full disk, the stream fails while there is much more to write.
  await Deno.mkdir(`${folder}/scratch/minutes.csv.gz`, { recursive: true });
  const store = { scratch: () => Promise.resolve(`${folder}/scratch`) };
  const context = { store, startedAt: new Date("2026-01-01") } as unknown as RunContext;
  const choice = { layout: "bitfinex" };
  await assertRejects(
    () => convertCandles(context, `${folder}/minutes.csv`, { choice, symbol: "BTCUSD", columns: "evolve" }),
    LakeError,
    `Cannot write "${folder}/scratch/minutes.csv.gz"`,
  );
  await Deno.remove(folder, { recursive: true });
});
