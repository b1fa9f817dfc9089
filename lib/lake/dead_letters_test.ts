import { assertEquals } from "@std/assert";
import type { Reject } from "../core/rows.ts";
import { countReasons, keepDeadLetter, reasonCounts, waitingLetters } from "./dead_letters.ts";
import { decodeNdjson } from "./ndjson.ts";
import { LocalStore } from "./store_local.ts";

const reject = (line: number, reason: string): Reject => ({
  line,
  reason,
  detail: `d${line}`,
  raw: `r,"${line}`,
});
const REJECTS = [reject(2, "rare"), ...[3, 4, 5, 6, 7, 8].map((line) => reject(line, "usual"))];

Deno.test("reasonCounts() and countReasons() give the most frequent reason first", () => {
  assertEquals(Object.entries(reasonCounts(REJECTS)), [["usual", 6], ["rare", 1]]);
  assertEquals([countReasons(REJECTS), countReasons([])], ["6 usual, 1 rare", ""]);
});

Deno.test("keepDeadLetter() keeps a summary and every row, and changes nothing the second time", async () => {
  const folder = await Deno.makeTempDir();
  const store = new LocalStore(folder);
  assertEquals(await waitingLetters(store), []);
  const letter = { step: "ingest", unit: "a.csv.1", origin: "raw/a.csv", rejects: REJECTS };
  const key = await keepDeadLetter(store, letter);
  assertEquals(key, "dead_letters/ingest/a.csv.1.json");
  assertEquals(await waitingLetters(store), [key]);
  assertEquals(JSON.parse(await Deno.readTextFile(store.locate(key))), {
    step: "ingest",
    unit: "a.csv.1",
    origin: "raw/a.csv",
    rejected: 7,
    reasons: { usual: 6, rare: 1 },
    rows: "dead_letters/ingest/a.csv.1.rows.ndjson.gz",
    examples: REJECTS.slice(0, 5),
  });
  const rows = "dead_letters/ingest/a.csv.1.rows.ndjson.gz";
  assertEquals(decodeNdjson((await store.get(rows))!, rows), REJECTS);
  const before = await Deno.stat(store.locate(key));
  await keepDeadLetter(store, letter);
  assertEquals((await Deno.stat(store.locate(key))).ino, before.ino);
  await Deno.remove(folder, { recursive: true });
});
