/** What every {@linkcode ObjectStore} must keep: `storeContract("LocalStore", makeStore)` registers its tests. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { LakeError, LockError } from "../core/errors.ts";
import { sha256 } from "./ledger.ts";
import type { ObjectStore } from "./store.ts";

/** A place for objects, empty at first, that this process and others can open. */
export interface TestPlace extends AsyncDisposable {
  /** A new store over the place. */
  open(): ObjectStore;
  /** A JavaScript expression that opens the place in another process. */
  script: string;
  /** How long a killed holder's lock may live on; at once where it is left out. */
  lockOutlives_ms?: number;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);

/** Tries again until it goes well or the time is over. */
async function eventually<T>(work: () => Promise<T>, wait_ms: number): Promise<T> {
  const until = performance.now() + wait_ms;
  while (true) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() >= until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Registers the contract's tests for one kind of store. */
export function storeContract(name: string, makePlace: () => Promise<TestPlace>): void {
  const test = (criterion: string, run: (store: ObjectStore, place: TestPlace) => Promise<void>) =>
    Deno.test(`${name} ${criterion}`, async () => {
      await using place = await makePlace();
      await run(place.open(), place);
    });

  test(
    "put() says created, replaced or unchanged, and get() gives the latest bytes",
    async (store, place) => {
      const table: [text: string, result: string][] = [
        ["one", "created"],
        ["one", "unchanged"],
        ["two", "replaced"],
        ["two and more", "replaced"],
        ["", "replaced"],
        ["", "unchanged"],
      ];
      for (const [text, result] of table) {
        assertEquals(await store.put("raw/a=1/b.csv", bytesOf(text)), result);
        assertEquals(textOf(await place.open().get("raw/a=1/b.csv")), text);
        assertEquals(await store.head("raw/a=1/b.csv"), { key: "raw/a=1/b.csv", size: text.length });
      }
    },
  );

  test("put() tells large objects apart that differ in one byte, at either end", async (store) => {
    const bytes = new Uint8Array(3_000_001).fill(7);
    assertEquals(await store.put("large", bytes), "created");
    assertEquals(await store.put("large", bytes.slice()), "unchanged");
    for (const at of [0, 1_500_000, bytes.length - 1]) {
      bytes[at] = 8;
      assertEquals(await store.put("large", bytes), "replaced");
      assertEquals((await store.get("large"))![at], 8);
    }
  });

  test("digest() says size and hash of what is there, also of what is read in pieces", async (store) => {
    assertEquals(await store.digest("no/such"), null);
    const large = Uint8Array.from({ length: (33 << 20) + 5 }, (_, i) => i % 251);
    for (
      const [key, bytes] of [["empty", new Uint8Array()], ["small", bytesOf("abc")], [
        "large",
        large,
      ]] as const
    ) {
      await store.put(key, bytes);
      assertEquals(await store.digest(key), { size: bytes.length, sha256: sha256(bytes) });
    }
  });

  test("putFile() commits a local file and takes it away, also where nothing changes", async (store) => {
    for (const result of ["created", "unchanged"] as const) {
      const path = `${await store.scratch()}/building`;
      await Deno.writeTextFile(path, "built");
      assertEquals(await store.putFile("out/part-0.parquet", path), result);
      await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    }
    assertEquals(textOf(await store.get("out/part-0.parquet")), "built");
  });

  test("list() gives the objects beneath a folder, sorted by key, temporary files left out", async (store) => {
    const keys = ["b/2", "b/10", "b/1/z", "b/1/a", "a", "bb/1", "b/1-x", "b/Z", "b/ä", "b/～", "b/😀"];
    for (const key of keys) await store.put(key, bytesOf(key));
    await Deno.writeTextFile(`${await store.scratch()}/left-over`, "x");
    const listed = async (prefix: string) => (await store.list(prefix)).map(({ key }) => key);
    assertEquals(await listed("b/"), [
      "b/1-x",
      "b/1/a",
      "b/1/z",
      "b/10",
      "b/2",
      "b/Z",
      "b/ä",
      "b/😀",
      "b/～",
    ]);
    assertEquals(await listed("b/1/"), ["b/1/a", "b/1/z"]);
    assertEquals(await listed(""), [...keys].sort());
    assertEquals(await listed("nothing/"), []);
    assertEquals(await store.list("bb/"), [{ key: "bb/1", size: 4 }]);
  });

  test("list() leaves out what systems drop into folders: names that begin with a dot", async (store) => {
    for (const key of ["t/.DS_Store", "t/year=2024/._a", "t/year=2024/a.b"]) {
      await store.put(key, bytesOf(key));
    }
    assertEquals((await store.list("t/")).map(({ key }) => key), ["t/year=2024/a.b"]);
  });

  test("folders() names what lies right beneath a folder, sorted, the store's own left out", async (store) => {
    const keys = [
      "t/year=2026/month=01/a",
      "t/year=2026/month=12/a",
      "t/year=2025/b/c/d",
      "t/object",
      "tt/x/y",
    ];
    for (const key of keys) await store.put(key, bytesOf(key));
    await store.scratch();
    assertEquals(await store.folders(""), ["t", "tt"]);
    assertEquals(await store.folders("t/"), ["year=2025", "year=2026"]);
    assertEquals(await store.folders("t/year=2026/"), ["month=01", "month=12"]);
    for (const prefix of ["t/year=2026/month=01/", "none/", "t/object/"]) {
      assertEquals([prefix, await store.folders(prefix)], [prefix, []]);
    }
  });

  test("list() leaves out the lock while it is held", async (store) => {
    await store.put("a", bytesOf("a"));
    await using _lock = await store.lock("run 1");
    await store.put("b", bytesOf("b"));
    assertEquals((await store.list("")).map(({ key }) => key), ["a", "b"]);
  });

  test("head() and get() give null for what is no object", async (store) => {
    await store.put("folder/object", bytesOf("x"));
    for (const key of ["nothing", "folder/nothing", "nothing/object", "folder", "folder/object/below"]) {
      assertEquals([key, await store.head(key)], [key, null]);
      assertEquals([key, await store.get(key)], [key, null]);
    }
    assertEquals(await store.list("folder/object/"), []);
  });

  test('refuses keys with ".."', async (store) => {
    for (const key of ["../a", "a/../../b", "a/.."]) {
      const text = `Cannot use key "${key}": it leaves the lake`;
      assertThrows(() => store.locate(key), LakeError, text);
      await assertRejects(() => store.get(key), LakeError, text);
      await assertRejects(() => store.head(key), LakeError, text);
      await assertRejects(() => store.getRange(key, 0, 1), LakeError, text);
      await assertRejects(() => store.put(key, bytesOf("x")), LakeError, text);
      await assertRejects(() => store.list(`${key}/`), LakeError);
    }
    assertEquals(await store.put("a..b/c..", bytesOf("x")), "created");
  });

  test("keeps the old object while a new one is being built", async (store) => {
    await store.put("table/part-0", bytesOf("old"));
    await Deno.writeTextFile(`${await store.scratch()}/table-0.parquet`, "new, half writ");
    assertEquals(textOf(await store.get("table/part-0")), "old");
    assertEquals(await store.list("table/"), [{ key: "table/part-0", size: 3 }]);
    assertEquals(await store.put("table/part-0", bytesOf("new")), "replaced");
  });

  test("scratch() is a writer's own; close() takes it away and leaves others'", async (store, place) => {
    const other = place.open();
    const [mine, theirs] = [await store.scratch(), await other.scratch()];
    assert(mine !== theirs);
    await Deno.writeTextFile(`${mine}/a`, "mine");
    await Deno.writeTextFile(`${theirs}/a`, "theirs");
    await store.close();
    await assertRejects(() => Deno.stat(mine), Deno.errors.NotFound);
    assertEquals(await Deno.readTextFile(`${theirs}/a`), "theirs");
    await other.close();
  });

  test("putNew() creates once and never replaces", async (store, place) => {
    assertEquals(await store.putNew("new/a", bytesOf("first")), "created");
    assertEquals(await place.open().putNew("new/a", bytesOf("second")), "exists");
    assertEquals(textOf(await store.get("new/a")), "first");
  });

  test("putNew() of many writers at once lets one create, and its bytes stay", async (store, place) => {
    for (let round = 0; round < 5; round++) {
      const writers = Array.from({ length: 8 }, (_, i) => ({ i, store: place.open() }));
      const results = await Promise.all(
        writers.map(({ i, store }) => store.putNew(`race/${round}`, bytesOf(`writer ${i}`))),
      );
      const winners = results.flatMap((result, i) => result === "created" ? [i] : []);
      assertEquals(winners.length, 1);
      assertEquals(textOf(await store.get(`race/${round}`)), `writer ${winners[0]}`);
      for (const writer of writers) await writer.store.close();
    }
  });

  test("getRange() reads a part, also at the end and of nothing", async (store) => {
    await store.put("range", bytesOf("0123456789"));
    const table: [start: number, length: number, text: string][] = [
      [0, 3, "012"],
      [4, 2, "45"],
      [8, 2, "89"],
      [8, 50, "89"],
      [0, 50, "0123456789"],
      [0, 0, ""],
      [10, 5, ""],
      [99, 1, ""],
    ];
    for (const [start, length, text] of table) {
      assertEquals(textOf(await store.getRange("range", start, length)), text);
      for (const room of [0, 3, 100]) {
        assertEquals(
          textOf(await store.getRange("range", start, length, new Uint8Array(room).fill(1))),
          text,
        );
      }
    }
    await store.put("empty", bytesOf(""));
    assertEquals(textOf(await store.getRange("empty", 0, 5)), "");
    for (const key of ["nothing", "range/below"]) assertEquals(await store.getRange(key, 0, 3), null);
  });

  test("keeps a big object whole: putFile(), get(), localPath() and getRange()", async (store) => {
    const bytes = new Uint8Array(34 << 20);
    new Uint32Array(bytes.buffer).forEach((_, i, words) => words[i] = i);
    const same = (found: Uint8Array | null) => found !== null && sha256(found) === sha256(bytes);
    for (const result of ["created", "unchanged", "replaced"] as const) {
      if (result === "replaced") bytes[20 << 20] = 99;
      const path = `${await store.scratch()}/building`;
      await Deno.writeFile(path, bytes);
      assertEquals(await store.putFile("big/part-0", path), result);
    }
    assert(same(await store.get("big/part-0")));
    assert(same(await Deno.readFile(await store.localPath("big/part-0"))));
    const piece = await store.getRange("big/part-0", (20 << 20) - 3, 1000);
    assertEquals(piece, bytes.slice((20 << 20) - 3, (20 << 20) + 997));
  });

  test("delete() takes an object away, and is fine with none", async (store) => {
    await store.put("x/a", bytesOf("a"));
    await store.put("x/b", bytesOf("b"));
    await store.delete("x/a");
    await store.delete("x/a");
    await store.delete("nothing/at/all");
    assertEquals((await store.list("x/")).map(({ key }) => key), ["x/b"]);
    assertEquals(await store.putNew("x/a", bytesOf("again")), "created");
  });

  test("localPath() gives objects and folders as files, and follows changes", async (store) => {
    await store.put("t/y=1/a.csv", bytesOf("one"));
    await store.put("t/y=2/b.csv", bytesOf("two"));
    assertEquals(await Deno.readTextFile(await store.localPath("t/y=1/a.csv")), "one");
    await store.put("t/y=1/a.csv", bytesOf("ONE"));
    await store.delete("t/y=2/b.csv");
    await store.put("t/y=3/c.csv", bytesOf("three"));
    const folder = await store.localPath("t/");
    assertEquals(await Deno.readTextFile(`${folder}y=1/a.csv`), "ONE");
    assertEquals(await Deno.readTextFile(`${folder}y=3/c.csv`), "three");
    await assertRejects(() => Deno.stat(`${folder}y=2/b.csv`), Deno.errors.NotFound);
  });

  test(
    "lock() admits one holder at a time, names it to the others, and can be taken again",
    async (store, place) => {
      for (const holder of ["run 1", "2"]) {
        await using _lock = await store.lock(holder);
        const error = await assertRejects(
          () => place.open().lock("late"),
          LockError,
          `${holder} is writing to it`,
        );
        assertStringIncludes(error.message, store.url);
      }
    },
  );

  test("lock() excludes another process and is free when that is killed", async (store, place) => {
    const code = `const store = ${place.script};
      await store.lock("the child");
      console.log("locked");
      await new Promise((resolve) => Deno.stdin.readable.getReader().read().then(resolve));`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", code],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = child.stdout.getReader();
    const { value } = await output.read();
    assertEquals(textOf(value ?? null), "locked\n");
    await assertRejects(() => store.lock("late"), LockError, "the child is writing to it");
    child.kill("SIGKILL");
    await child.status;
    await output.cancel();
    await child.stdin.abort().catch(() => {});
    await using _lock = await eventually(() => store.lock("next"), place.lockOutlives_ms ?? 0);
  });

  test(
    "lock() leaves readers alone, and an object replaced under a reader stays whole",
    async (store, place) => {
      await store.put("a", bytesOf("old"));
      const reader = place.open();
      await using _lock = await store.lock("writer");
      assertEquals(textOf(await reader.get("a")), "old");
      const seen = new Set<string>();
      const reads = Array.from({ length: 50 }, async () => seen.add(textOf(await reader.get("a"))!));
      await Promise.all([store.put("a", bytesOf("new and longer")), ...reads]);
      seen.delete("old");
      seen.delete("new and longer");
      assertEquals([...seen], []);
      assertEquals(textOf(await reader.get("a")), "new and longer");
    },
  );

  test("put() of many objects at once keeps each whole", async (store) => {
    const keys = Array.from({ length: 40 }, (_, i) => `many/${i % 4}/${i}`);
    const results = await Promise.all(keys.map((key) => store.put(key, bytesOf(key.repeat(100)))));
    assert(results.every((result) => result === "created"));
    for (const key of keys) assertEquals(textOf(await store.get(key)), key.repeat(100));
  });
}
