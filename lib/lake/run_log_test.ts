import { assertEquals, assertMatch } from "@std/assert";
import { logRun, newRunId, objectHash, type RunEntry } from "./run_log.ts";
import { LocalStore } from "./store_local.ts";

const ENTRY: RunEntry = {
  run_id: "20260102T030405Z-0001",
  command: "ingest",
  step: "ingest",
  unit: "markets-20260102T030000Z",
  status: "ok",
  started_at: "2026-01-02T03:04:05.000Z",
  ended_at: "2026-01-02T03:04:06.000Z",
  requests: 1,
  rows_in: 250,
  rows_out: 250,
  detail: "250 coins",
  inputs: [],
  outputs: [objectHash("raw/a", new TextEncoder().encode("a"))],
};

Deno.test("logRun() keeps an entry under its day, once, and never changes it", async () => {
  const folder = await Deno.makeTempDir();
  const store = new LocalStore(folder);
  await logRun(store, ENTRY);
  await logRun(store, { ...ENTRY, ended_at: "2026-01-02T03:09:00.000Z", detail: "another story" });
  const objects = await store.list("_ledger/runs/");
  assertEquals(objects.map(({ key }) => key.replace(/\.[0-9a-f]{8}\.json$/, "")), [
    "_ledger/runs/day=2026-01-02/20260102T030405Z-0001.ingest.markets-20260102T030000Z",
  ]);
  assertEquals(JSON.parse(new TextDecoder().decode((await store.get(objects[0]!.key))!)), ENTRY);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("logRun() keeps each attempt at a unit of one run, and what came of it", async () => {
  const folder = await Deno.makeTempDir();
  const store = new LocalStore(folder);
  const attempts: RunEntry[] = [
    { ...ENTRY, status: "failed", outputs: [] },
    ENTRY,
    { ...ENTRY, started_at: "2026-01-02T03:05:05.000Z" },
    { ...ENTRY, outputs: [objectHash("raw/a", new TextEncoder().encode("b"))] },
  ];
  for (const entry of [...attempts, ...attempts]) await logRun(store, entry);
  assertEquals((await store.list("_ledger/runs/")).length, attempts.length);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("newRunId() starts with the second and differs within it", () => {
  const ids = new Set(Array.from({ length: 20 }, () => newRunId(new Date("2026-01-02T03:04:05.678Z"))));
  for (const id of ids) assertMatch(id, /^20260102T030405Z-[0-9a-f]{4}$/);
  assertEquals(ids.size > 10, true);
});
