import { assertEquals } from "@std/assert";
import { auditTicks } from "./audit_ticks.ts";
import { openDuckDb } from "./engine_duckdb.ts";

const START = Date.UTC(2026, 0, 2);
const HEADER = "epoch_ms,iso_ts,price_usd,source";
const tick = (second: number, price: number | string, source = "coingecko") =>
  `${START + second * 1000},${new Date(START + second * 1000).toISOString()},${price},${source}`;

async function audit(...files: string[]) {
  const folder = await Deno.makeTempDir();
  for (const [i, text] of files.entries()) await Deno.writeTextFile(`${folder}/${i}.csv`, text);
  using engine = await openDuckDb();
  const counts = await auditTicks(engine, { folder: `${folder}/`, day: "2026-01-02", files: files.length });
  await Deno.remove(folder, { recursive: true });
  return counts;
}

Deno.test("auditTicks() counts a sound day", async () => {
  assertEquals(await audit(`${HEADER}\n${tick(0, 100)}\n`, `${HEADER}\n${tick(60, 101)}\n`), {
    day: "2026-01-02",
    files: 2,
    rows: 2,
    missing: [],
    unknown: [],
    nulls: { epoch_ms: 0, iso_ts: 0, price_usd: 0, source: 0 },
    negative: 0,
    duplicates: 0,
    other_day: 0,
    conflicts: 0,
  });
});

Deno.test("auditTicks() counts every kind of oddity", async () => {
  const counts = await audit(
    `${HEADER}\n${tick(0, 100)}\n${tick(0, 100)}\n${tick(60, "x")}\n`,
    `${HEADER}\n${tick(0, 101)}\n${tick(90_000, 100)}\n`,
    `${HEADER},extra\n${tick(120, -1)},7\n${tick(180, 0, "")},\n`,
  );
  assertEquals([counts.rows, counts.files, counts.unknown, counts.missing], [7, 3, ["extra"], []]);
  assertEquals(counts.nulls, { epoch_ms: 0, iso_ts: 0, price_usd: 1, source: 1 });
  const { negative, duplicates, conflicts, other_day } = counts;
  assertEquals([negative, duplicates, conflicts, other_day], [2, 1, 1, 1]);
});

Deno.test("auditTicks() names a column that no file has", async () => {
  const counts = await audit(`epoch_ms,price_usd\n${START},5\n`);
  assertEquals([counts.missing, counts.nulls["iso_ts"], counts.rows], [["iso_ts", "source"], 1, 1]);
});
