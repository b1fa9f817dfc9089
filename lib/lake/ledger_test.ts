import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { LakeError } from "../core/errors.ts";
import { fingerprint, isDone, readRecord, readRecords, sha256, writeRecord } from "./ledger.ts";
import { LocalStore } from "./store_local.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function inLake(run: (store: LocalStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await run(new LocalStore(folder)).finally(() => Deno.remove(folder, { recursive: true }));
}

const UNIT = "process/markets/a";

async function done(store: LocalStore): Promise<void> {
  await store.put("out/1", bytesOf("one"));
  await store.put("out/2", bytesOf("two"));
  await writeRecord(store, UNIT, { fingerprint: "f1", outputs: ["out/1", "out/2"], notes: { rows: 3 } });
}

Deno.test("sha256() gives the standard's number", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals([sha256("abc"), sha256(bytesOf("abc"))], [abc, abc]);
});

Deno.test("fingerprint() is the same for equal values and another for others", () => {
  assertEquals(fingerprint([1, { a: "b" }]), fingerprint([1, { a: "b" }]));
  assertEquals(fingerprint([1]).length, 32);
  for (const other of [[2], ["1"], [1, null], {}, "1"]) assertNotEquals(fingerprint(other), fingerprint([1]));
});

Deno.test("isDone() gives the record where inputs and outputs are the very same", () =>
  inLake(async (store) => {
    assertEquals(await isDone(store, UNIT, "f1"), null);
    await done(store);
    const record = await isDone(store, UNIT, "f1");
    assertEquals(record, {
      fingerprint: "f1",
      outputs: [
        { key: "out/1", size: 3, sha256: sha256("one") },
        { key: "out/2", size: 3, sha256: sha256("two") },
      ],
      notes: { rows: 3 },
    });
    assertEquals(await readRecord(store, UNIT), record);
  }));

Deno.test("isDone() gives null where the inputs are others, or an output is missing, cut or altered", () =>
  inLake(async (store) => {
    const harms: [name: string, harm: () => Promise<unknown>][] = [
      ["missing", () => Deno.remove(store.locate("out/2"))],
      ["cut", () => store.put("out/2", bytesOf("tw"))],
      ["empty", () => store.put("out/2", bytesOf(""))],
      ["one byte altered", () => store.put("out/2", bytesOf("twO"))],
      ["a folder instead", async () => {
        await Deno.remove(store.locate("out/2"));
        await Deno.mkdir(store.locate("out/2"));
      }],
    ];
    await done(store);
    assertEquals(await isDone(store, UNIT, "f2"), null);
    for (const [name, harm] of harms) {
      await done(store);
      assertEquals([name, (await isDone(store, UNIT, "f1"))?.fingerprint], [name, "f1"]);
      await harm();
      assertEquals([name, await isDone(store, UNIT, "f1")], [name, null]);
    }
  }));

Deno.test("readRecord() raises a LakeError for a damaged record, and isDone() does too", () =>
  inLake(async (store) => {
    const key = `_ledger/units/${UNIT}.json`;
    const texts = [
      "",
      "{",
      "null",
      "[]",
      '{"fingerprint":1}',
      '{"fingerprint":"f","outputs":[{}],"notes":{}}',
      "\0",
    ];
    for (const text of texts) {
      await store.put(key, bytesOf(text));
      const words = `Cannot read "${key}": it is damaged, delete it and run again`;
      await assertRejects(() => readRecord(store, UNIT), LakeError, words);
      await assertRejects(() => isDone(store, UNIT, "f1"), LakeError, words);
    }
  }));

Deno.test("readRecords() gives the units of a folder by name, and no others", () =>
  inLake(async (store) => {
    for (const unit of ["ingest/candles/b", "ingest/candles/a", "ingest/other", "process/candles"]) {
      await writeRecord(store, unit, { fingerprint: unit, outputs: [], notes: {} });
    }
    const records = await readRecords(store, "ingest/candles/");
    assertEquals([...records.keys()], ["ingest/candles/a", "ingest/candles/b"]);
    assertEquals(records.get("ingest/candles/b")?.fingerprint, "ingest/candles/b");
    assertEquals((await readRecords(store, "nothing/")).size, 0);
  }));

Deno.test("writeRecord() refuses to record an object that is not there", () =>
  inLake(async (store) => {
    const record = { fingerprint: "f", outputs: ["out/never"], notes: {} };
    await assertRejects(
      () => writeRecord(store, UNIT, record),
      LakeError,
      'its object "out/never" is not in the lake',
    );
    assertEquals(await readRecord(store, UNIT), null);
  }));
