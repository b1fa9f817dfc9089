/** What an S3 store does when the network, the bucket, the credentials or another writer fail it. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError, LakeError, LockError } from "../core/errors.ts";
import { type StoredObject, TestS3 } from "./_test_s3_server.ts";
import { bodyOf } from "./store_s3_body.ts";
import { S3Store } from "./store_s3.ts";
import { type LeaseOptions } from "./store_s3_lease.ts";
import { s3Settings } from "./store_s3_settings.ts";

const SECRET = "wJalrXUtnFEMI+not+a+secret";
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null | undefined) => bytes && new TextDecoder().decode(bytes);

interface Place {
  s3: TestS3;
  objects: Map<string, StoredObject>;
  open: (options?: OpenOptions) => S3Store;
}

interface OpenOptions {
  env?: Record<string, string>;
  lease?: LeaseOptions;
  atInterrupt?: Set<() => Promise<void>>;
}

function test(criterion: string, run: (place: Place) => Promise<void>): void {
  Deno.test(`S3Store ${criterion}`, async () => {
    await using s3 = await TestS3.start();
    const objects = s3.bucket("lake");
    const scratch = await Deno.makeTempDir();
    const env = {
      AWS_ENDPOINT_URL: s3.url,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: SECRET,
      LAKEBOOK_S3_SCRATCH: scratch,
    };
    const stores: S3Store[] = [];
    const open: Place["open"] = (options = {}) => {
      const settings = s3Settings("s3://lake", { ...env, ...options.env });
      stores.push(new S3Store(settings, { lease: options.lease ?? {}, atInterrupt: options.atInterrupt }));
      return stores.at(-1)!;
    };
    await run({ s3, objects, open });
    for (const store of stores) await store.close();
    await Deno.remove(scratch, { recursive: true });
  });
}

/** Two clocks that move by hand. */
function clocks() {
  const at = { monotonic: 0, wall: 1_700_000_000_000 };
  return { at, lease: { ttl_ms: 60_000, monotonic: () => at.monotonic, wall: () => at.wall } };
}

/** As if the lease had been written long ago, by the store's clock. */
function age(objects: Map<string, StoredObject>, seconds: number): void {
  objects.get("_lock")!.modified -= seconds * 1000;
}

for (const [times, words] of [[1, "one reply"], [4, "every reply that the SDK waits for"]] as const) {
  test(`put() and putNew() find their own write after ${words} got lost`, async ({ s3, objects, open }) => {
    const store = open();
    await store.put("ready", bytesOf("x"));
    s3.requests.length = 0;
    const lose = () => s3.faults.dropReply = { method: "PUT", key: /\/raw\//, times };
    lose();
    assertEquals(await store.put("raw/a", bytesOf("one")), "created");
    lose();
    assertEquals(await store.put("raw/a", bytesOf("two")), "replaced");
    lose();
    assertEquals(await store.putNew("raw/b", bytesOf("new")), "created");
    assertEquals(textOf(objects.get("raw/a")!.bytes), "two");
    assertEquals([...objects.keys()].sort(), ["raw/a", "raw/b", "ready"]);
    assertEquals(s3.requests.filter((request) => request.startsWith("DELETE")), []);
  });
}

test("takes its lock although replies got lost", async ({ s3, objects, open }) => {
  const store = open();
  await store.put("ready", bytesOf("x"));
  s3.faults.dropReply = { method: "PUT", key: /_lock/, times: 4 };
  {
    await using _lock = await store.lock("me");
    await store.put("a", bytesOf("a"));
  }
  assertEquals(JSON.parse(textOf(objects.get("_lock")!.bytes)!).holder, null);
});

test("waits out a store that is busy, and gives up on one that stays so", async ({ s3, objects, open }) => {
  const store = open();
  await store.put("a", bytesOf("old"));
  s3.faults.slowDown = 3;
  assertEquals(await store.put("b", bytesOf("b")), "created");
  s3.faults.slowDown = Infinity;
  const error = await assertRejects(
    () => store.put("a", bytesOf("new")),
    LakeError,
    "the store is busy (status 503)",
  );
  assert(error.retryable);
  assertEquals(textOf(objects.get("a")!.bytes), "old");
});

const REFUSED: [code: string, text: string][] = [
  ["AccessDenied", "access denied, give these credentials s3:ListBucket"],
  ["ExpiredToken", "the credentials have expired, renew them"],
  ["InvalidAccessKeyId", "the access key is not known there, check AWS_ACCESS_KEY_ID"],
  ["SignatureDoesNotMatch", "the secret key does not fit the access key"],
  ["RequestTimeTooSkewed", "this machine's clock differs"],
];
for (const [refuse, text] of REFUSED) {
  test(`says what to do about ${refuse}, at the start and in the middle`, async ({ s3, objects, open }) => {
    const begun = open();
    await begun.put("a", bytesOf("old"));
    s3.faults.refuse = refuse;
    const fresh = open();
    const works = [
      () => fresh.get("a"),
      () => fresh.put("a", bytesOf("new")),
      () => fresh.lock("me"),
      () => begun.get("a"),
      () => begun.head("a"),
      () => begun.list(""),
      () => begun.put("a", bytesOf("new")),
      () => begun.putNew("b", bytesOf("new")),
      () => begun.delete("a"),
      () => begun.localPath("a"),
      () => begun.lock("me"),
    ];
    for (const work of works) {
      const error = await assertRejects(work, ConfigError, text);
      assert(!Deno.inspect(error).includes(SECRET));
    }
    assertEquals([...objects].map(([key, { bytes }]) => [key, textOf(bytes)]), [["a", "old"]]);
  });
}

test("names a bucket that does not exist", async ({ open, s3 }) => {
  s3.buckets.clear();
  const store = open();
  const text =
    'Cannot open lake "s3://lake": bucket "lake" does not exist, create it or name another one with --lake';
  for (const work of [() => store.head("a"), () => store.put("a", bytesOf("x")), () => store.lock("me")]) {
    await assertRejects(work, ConfigError, text);
  }
});

test("names an address at which nobody answers", async ({ open }) => {
  const store = open({ env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } });
  const error = await assertRejects(
    () => store.get("a"),
    ConfigError,
    "nobody answers at http://127.0.0.1:1",
  );
  assertStringIncludes(error.message, "ECONNREFUSED");
});

for (
  const [fault, header] of [["ignoreIfNoneMatch", "If-None-Match"], ["ignoreIfMatch", "If-Match"]] as const
) {
  test(`refuses a store that ignores ${header}, before it writes`, async ({ s3, objects, open }) => {
    s3.faults[fault] = true;
    const store = open();
    const works = [
      () => store.put("a", bytesOf("x")),
      () => store.putNew("a", bytesOf("x")),
      () => store.lock("me"),
    ];
    for (const work of works) {
      await assertRejects(work, ConfigError, `this store ignores conditional writes (${header})`);
    }
    assertEquals([...objects.keys()], []);
    assertEquals(await store.get("a"), null);
  });
}

test("asks for encryption, and refuses a store that does not do it", async ({ s3, objects, open }) => {
  const env = { LAKEBOOK_S3_SSE: "aws:kms", LAKEBOOK_S3_KMS_KEY_ID: "alias/lake" };
  assertEquals(await open({ env }).put("a", bytesOf("x")), "created");
  s3.faults.ignoreEncryption = true;
  const other = open({ env: { LAKEBOOK_S3_SSE: "AES256" } });
  await assertRejects(() => other.put("b", bytesOf("x")), ConfigError, "the store does not encrypt");
  assertEquals([...objects.keys()], ["a"]);
});

test("reads a body again that broke off in the middle", async ({ s3, open }) => {
  const store = open();
  const text = "0123456789".repeat(10_000);
  await store.put("a", bytesOf(text));
  s3.faults.tearBody = 2;
  assertEquals(textOf(await store.get("a")), text);
});

test("gives harmed bytes as they are, and mends them by the next put()", async ({ objects, open }) => {
  const store = open();
  await store.put("a", bytesOf("sound"));
  objects.get("a")!.bytes.set(bytesOf("h"), 0);
  assertEquals(textOf(await store.get("a")), "hound");
  assertEquals(await store.put("a", bytesOf("sound")), "replaced");
  assertEquals(textOf(objects.get("a")!.bytes), "sound");
});

test("compares by its bytes what another tool wrote", async ({ s3, objects, open }) => {
  const store = open();
  await store.put("a", bytesOf("same"));
  objects.get("a")!.metadata = {};
  s3.requests.length = 0;
  assertEquals(await store.put("a", bytesOf("same")), "unchanged");
  assertEquals(await store.put("a", bytesOf("else")), "replaced");
});

test("names the folder for local copies where that cannot be written", async ({ open }) => {
  const file = await Deno.makeTempFile();
  const store = open({ env: { LAKEBOOK_S3_SCRATCH: file } });
  await store.put("a", bytesOf("x"));
  await assertRejects(
    () => store.localPath("a"),
    ConfigError,
    `Cannot use folder "${file}" for local copies`,
  );
  await Deno.remove(file);
});

test("knows by one HEAD that nothing changed", async ({ s3, open }) => {
  const store = open();
  await store.put("a", bytesOf("same"));
  s3.requests.length = 0;
  assertEquals(await store.put("a", bytesOf("same")), "unchanged");
  assertEquals(s3.requests, ["HEAD lake/a"]);
});

test("localPath() fetches only what changed", async ({ s3, open }) => {
  const store = open();
  for (const name of ["a", "b", "c"]) await store.put(`t/${name}`, bytesOf(name));
  await store.localPath("t/");
  await open().put("t/b", bytesOf("B"));
  s3.requests.length = 0;
  const folder = await store.localPath("t/");
  assertEquals(s3.requests.filter((request) => request.startsWith("GET")), ["GET lake/", "GET lake/t/b"]);
  assertEquals(await Deno.readTextFile(`${folder}b`), "B");
});

test("localPath() fetches many folders side by side, sixteen requests at a time; the same folder once", async ({ s3, open }) => {
  const store = open();
  const hours = Array.from({ length: 40 }, (_, hour) => `t/hour=${hour}/`);
  for (const hour of hours) await store.put(`${hour}a`, bytesOf(hour));
  let now = 0, most = 0;
  const gone: (() => void)[] = [];
  s3.faults.before = ({ method }) => {
    if (method !== "GET") return;
    most = Math.max(most, ++now);
    const { promise, resolve } = Promise.withResolvers<void>();
    gone.push(() => (now--, resolve()));
    // Answered once no further request comes: so what is asked at the same time is seen.
    const seen = gone.length;
    setTimeout(() => seen === gone.length && gone.splice(0).forEach((go) => go()), 30);
    return promise;
  };
  s3.requests.length = 0;
  const folders = await Promise.all([...hours, ...hours, "t/"].map((hour) => store.localPath(hour)));
  s3.faults = {};
  assertEquals(most, 16);
  const fetched = s3.requests.filter((request) => request.startsWith("GET lake/t/"));
  assertEquals([fetched.length, new Set(fetched).size], [40, 40]);
  for (const [i, hour] of hours.entries()) assertEquals(await Deno.readTextFile(`${folders[i]}a`), hour);
});

test("writes big objects in parts and reads them in pieces", async ({ s3, objects, open }) => {
  const store = open();
  const bytes = new Uint8Array(34 << 20);
  new Uint32Array(bytes.buffer).forEach((_, i, words) => words[i] = i);
  assertEquals(await store.put("big", bytes), "created");
  assertEquals(s3.requests.filter((request) => request === "POST lake/big").length, 2);
  assertEquals(await store.put("big", bytes), "unchanged");
  assert(sameBytes((await store.get("big"))!, bytes));
  assert(sameBytes(await Deno.readFile(await store.localPath("big")), bytes));
  assert(
    sameBytes((await store.getRange("big", 20 << 20, 1000))!, bytes.subarray(20 << 20, (20 << 20) + 1000)),
  );
  const path = `${await store.scratch()}/building`;
  await Deno.writeFile(path, bytes.fill(9, 0, 10));
  s3.faults.dropReply = { method: "POST", key: /big\?uploadId/, times: 1 };
  assertEquals(await store.putFile("big", path), "replaced");
  assert(sameBytes(objects.get("big")!.bytes, bytes));
});

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return bodyOf(a).sha256 === bodyOf(b).sha256;
}

test("gives its lock back when the process is interrupted", async ({ objects, open }) => {
  const atInterrupt = new Set<() => Promise<void>>();
  const holder = () => JSON.parse(textOf(objects.get("_lock")!.bytes)!).holder;
  const store = open({ atInterrupt });
  const lock = await store.lock("me");
  assertEquals([holder(), atInterrupt.size], ["me", 1]);
  for (const act of atInterrupt) await act();
  assertEquals(holder(), null);
  await (await open().lock("the next"))[Symbol.asyncDispose]();
  await lock[Symbol.asyncDispose]();
  assertEquals(atInterrupt.size, 0);
});

test("says what is refused, and not that its probe cannot be taken away either", async ({ s3, open }) => {
  const store = open();
  s3.faults.before = ({ method }) => {
    if (["PUT", "DELETE"].includes(method)) s3.faults.refuse = "AccessDenied";
    else delete s3.faults.refuse;
  };
  await assertRejects(() => store.lock("me"), ConfigError, 'Cannot write "_probe/');
});

test("lock() leaves a young lease alone and takes over one that has run out", async ({ objects, open }) => {
  const holder = open(), taker = open();
  await using _lock = await holder.lock("the first");
  await assertRejects(
    () => taker.lock("the second"),
    LockError,
    "the first is writing to it, wait for it to end",
  );
  age(objects, 58);
  await assertRejects(() => taker.lock("the second"), LockError);
  age(objects, 5);
  await using _taken = await taker.lock("the second");
  const { holder: name, epoch } = JSON.parse(textOf(objects.get("_lock")!.bytes)!);
  assertEquals([name, epoch], ["the second", 2]);
});

test("lock() of many writers at once lets one in", async ({ objects, open }) => {
  for (let round = 1; round <= 5; round++) {
    const ends = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((i) => open().lock(`writer ${i}`)));
    const locks = ends.flatMap((end) => end.status === "fulfilled" ? [end.value] : []);
    assertEquals(locks.length, 1);
    for (const end of ends) {
      if (end.status === "rejected") assert(end.reason instanceof LockError, `${end.reason}`);
    }
    assertEquals(JSON.parse(textOf(objects.get("_lock")!.bytes)!).epoch, round);
    await locks[0]![Symbol.asyncDispose]();
  }
});

test("keeps its lock where a renewal was carried out and nobody could say so", async ({ s3, objects, open }) => {
  const { at, lease } = clocks();
  const store = open({ lease });
  {
    await using _lock = await store.lock("me");
    const before = objects.get("_lock")!.etag;
    s3.faults.dropReply = { method: "PUT", key: /_lock/, times: 4 };
    s3.faults.before = ({ method, key }) => {
      if (method === "HEAD" && key === "_lock") s3.faults.slowDown = 1;
    };
    at.monotonic += 50_000;
    const error = await assertRejects(() => store.put("a", bytesOf("a")), LakeError);
    assert(error.retryable);
    assert(objects.get("_lock")!.etag !== before);
    s3.faults = {};
    assertEquals(await store.put("a", bytesOf("a")), "created");
    at.monotonic += 50_000;
    assertEquals(await store.put("b", bytesOf("b")), "created");
  }
  assertEquals(JSON.parse(textOf(objects.get("_lock")!.bytes)!).holder, null);
});

for (const clock of ["monotonic", "wall"] as const) {
  test(`refuses a paused holder whose lease was taken over (${clock} clock)`, async ({ objects, open }) => {
    const { at, lease } = clocks();
    const paused = open({ lease }), next = open();
    const path = `${await paused.scratch()}/f`;
    await Deno.writeTextFile(path, "late");
    await using _old = await paused.lock("the paused one");
    await paused.put("a", bytesOf("before"));
    age(objects, 120);
    await using _new = await next.lock("the next one");
    await next.put("a", bytesOf("by the next one"));
    at[clock] += 120_000;
    const text = "the paused one lost the lock";
    for (let round = 0; round < 2; round++) {
      await assertRejects(() => paused.put("a", bytesOf("late")), LockError, text);
      await assertRejects(() => paused.putNew("b", bytesOf("late")), LockError, text);
      await assertRejects(() => paused.putFile("c", path), LockError, text);
      await assertRejects(() => paused.delete("a"), LockError, text);
    }
    assertEquals([...objects.keys()].sort(), ["_lock", "a"]);
    assertEquals(textOf(objects.get("a")!.bytes), "by the next one");
  });
}

test("lets a late holder go on whose lease nobody took", async ({ objects, open }) => {
  const { at, lease } = clocks();
  const store = open({ lease });
  await using _lock = await store.lock("a laptop that slept");
  age(objects, 500);
  at.wall += 500_000;
  assertEquals(await store.put("a", bytesOf("x")), "created");
  await assertRejects(() => open().lock("another"), LockError, "a laptop that slept is writing");
});

test("refuses a PUT that was under way when the lock changed hands", async ({ s3, objects, open }) => {
  const paused = open(), next = open();
  await using _old = await paused.lock("the paused one");
  await paused.put("a", bytesOf("before"));
  const inFlight = Promise.withResolvers<void>(), arrived = Promise.withResolvers<void>();
  s3.faults.before = async ({ method, key }) => {
    if (method !== "PUT" || key !== "a") return;
    s3.faults.before = () => {};
    arrived.resolve();
    await inFlight.promise;
  };
  const late = assertRejects(() => paused.put("a", bytesOf("late")), LockError, "lost the lock");
  await arrived.promise;
  age(objects, 120);
  await using _new = await next.lock("the next one");
  await next.put("a", bytesOf("by the next one"));
  inFlight.resolve();
  await late;
  assertEquals(textOf(objects.get("a")!.bytes), "by the next one");
});

test("renews its lease while it lives", async ({ objects, open }) => {
  const store = open({ lease: { ttl_ms: 90 } });
  await using _lock = await store.lock("me");
  const first = objects.get("_lock")!.etag;
  for (let waits = 0; objects.get("_lock")!.etag === first && waits < 200; waits++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(objects.get("_lock")!.etag !== first);
});
