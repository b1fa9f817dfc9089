import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { ConfigError, LakeError, LockError } from "../core/errors.ts";
import { serveMemoryS3 } from "./_test_s3_server.ts";
import { storeContract } from "./_test_store_contract.ts";
import { S3Store } from "./store_s3.ts";
import type { S3Settings } from "./store_s3_settings.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A real server that somebody started: `.ci/run` does. */
const ENDPOINT = Deno.env.get("LAKEBOOK_TEST_S3_ENDPOINT");
const CREDENTIALS = {
  accessKeyId: Deno.env.get("LAKEBOOK_TEST_S3_KEY") ?? "test",
  secretAccessKey: Deno.env.get("LAKEBOOK_TEST_S3_SECRET") ?? "test",
};
const LEASE_MS = 1500;

function settingsOf(endpoint: string, bucket: string): S3Settings {
  return { bucket, prefix: "some/lake/", region: "us-east-1", endpoint, sse: null };
}

function open(settings: S3Settings): S3Store {
  return new S3Store(settings, { leaseMs: LEASE_MS, credentials: CREDENTIALS });
}

/** A new bucket; `done` ends what belongs to it. */
async function makePlace(endpoint: string, done: () => Promise<void> = () => Promise.resolve()) {
  const bucket = `lakebook-${crypto.randomUUID().slice(0, 18)}`;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: CREDENTIALS,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const settings = settingsOf(endpoint, bucket);
  const opened: S3Store[] = [];
  const options = JSON.stringify({ leaseMs: LEASE_MS, credentials: CREDENTIALS });
  return {
    settings,
    open: () => {
      const store = open(settings);
      opened.push(store);
      return store;
    },
    script: `new (await import(${JSON.stringify(new URL("store_s3.ts", import.meta.url).href)}))
      .S3Store(${JSON.stringify(settings)}, ${options})`,
    releasesAfterMs: LEASE_MS,
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close();
      await done();
    },
  };
}

async function memoryPlace(faults?: Parameters<typeof serveMemoryS3>[0]) {
  const server = serveMemoryS3(faults);
  return { ...await makePlace(server.url, server.stop), server };
}

storeContract("S3Store (in memory)", () => memoryPlace());

if (ENDPOINT === undefined) {
  Deno.test({ name: "S3Store (real server) skipped: no S3 endpoint", ignore: true, fn() {} });
  console.log("skipped: no S3 endpoint");
} else {
  storeContract("S3Store (real server)", () => makePlace(ENDPOINT));
}

Deno.test("S3Store refuses a store that ignores If-None-Match or If-Match, before it writes anything", async () => {
  for (const fault of ["ignores_if_none_match", "ignores_if_match"] as const) {
    await using place = await memoryPlace({ [fault]: true });
    const store = place.open();
    for (
      const write of [
        () => store.put("a", bytesOf("x")),
        () => store.putNew("a", bytesOf("x")),
        () => store.lock("me"),
      ]
    ) {
      await assertRejects(write, ConfigError, "this store ignores conditional writes");
    }
    assertEquals(place.server.keys(), []);
  }
});

Deno.test("S3Store knows its own write when the reply is lost, and doubles nothing", async () => {
  await using place = await memoryPlace();
  const store = place.open();
  await store.put("warm", bytesOf("up"));
  place.server.loseReplies(1);
  assertEquals(await store.putNew("raw/a", bytesOf("mine")), "created");
  assertEquals(await place.open().putNew("raw/a", bytesOf("other")), "exists");
  assertEquals(new TextDecoder().decode((await store.get("raw/a"))!), "mine");
  place.server.loseReplies(1);
  await store.put("raw/b", bytesOf("b"));
  assertEquals((await store.list("raw/")).map(({ key }) => key), ["raw/a", "raw/b"]);
});

Deno.test("S3Store rides out a few 503s, and says so where they do not end", async () => {
  await using place = await memoryPlace();
  const store = place.open();
  await store.put("a", bytesOf("old"));
  place.server.fail(2, 503, "SlowDown");
  assertEquals(await store.put("a", bytesOf("new")), "replaced");
  place.server.fail(100, 503, "SlowDown");
  const error = await assertRejects(
    () => store.put("a", bytesOf("newer")),
    LakeError,
    "S3 answers 503 (SlowDown)",
  );
  assertEquals((error as LakeError).retryable, true);
  place.server.fail(0, 503, "SlowDown");
  assertEquals(new TextDecoder().decode((await store.get("a"))!), "new");
});

Deno.test("S3Store explains what a person can mend", async () => {
  const table: [status: number, code: string, words: string][] = [
    [404, "NoSuchBucket", "the bucket does not exist"],
    [403, "AccessDenied", "give these credentials list, read, write and delete"],
    [400, "ExpiredToken", "the credentials have expired"],
    [403, "InvalidAccessKeyId", "S3 does not know this access key"],
    [403, "SignatureDoesNotMatch", "the secret key does not fit"],
    [403, "RequestTimeTooSkewed", "this machine's clock is wrong"],
    [301, "PermanentRedirect", "the bucket is in another region, set AWS_REGION"],
  ];
  await using place = await memoryPlace();
  for (const [status, code, words] of table) {
    place.server.fail(1000, status, code);
    const store = place.open();
    for (const act of [() => store.list(""), () => store.put("a", bytesOf("x"))]) {
      const error = await assertRejects(act, ConfigError, words);
      assert(!error.message.includes(CREDENTIALS.secretAccessKey) || CREDENTIALS.secretAccessKey === "test");
    }
  }
});

Deno.test("S3Store says that nobody listens at an endpoint", async () => {
  const store = open(settingsOf("http://127.0.0.1:9", "some-bucket"));
  await assertRejects(() => store.get("a"), LakeError, "S3 cannot be reached");
  await store.close();
});

Deno.test("S3Store: a holder that was paused longer than its lease may not write any more", async () => {
  await using place = await memoryPlace();
  const [paused, next] = [place.open(), place.open()];
  const lock = await paused.lock("the paused one");
  // The pause: no renewal comes through until the lease is over.
  place.server.fail(1000, 500, "InternalError", /_lock/);
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1200));
  place.server.fail(0, 500, "InternalError");
  await using _taken = await next.lock("the next one");
  await assertRejects(() => paused.put("a", bytesOf("stale")), LakeError, 'Cannot go on as "the paused one"');
  assertEquals(await next.put("a", bytesOf("fresh")), "created");
  await assertRejects(() => place.open().lock("a third"), LockError, "the next one is writing to it");
  // Giving back a lost lock leaves the new holder's alone.
  await lock[Symbol.asyncDispose]();
  await assertRejects(() => place.open().lock("a third"), LockError, "the next one is writing to it");
});

Deno.test("S3Store: of many takers of a dead lease one wins", async () => {
  await using place = await memoryPlace();
  const dead = place.open();
  await dead.lock("dead");
  place.server.fail(1000, 500, "InternalError", /_lock/);
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 1200));
  place.server.fail(0, 500, "InternalError");
  const takers = await Promise.allSettled(
    Array.from({ length: 6 }, (_, i) => place.open().lock(`taker ${i}`)),
  );
  assertEquals(takers.filter(({ status }) => status === "fulfilled").length, 1);
  for (const taker of takers) if (taker.status === "fulfilled") await taker.value[Symbol.asyncDispose]();
});

Deno.test("S3Store sends encryption settings with each write, and big files in parts", async () => {
  const server = serveMemoryS3();
  await using place = await makePlace(server.url, server.stop);
  const store = new S3Store(
    { ...place.settings, sse: { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "key-1" } },
    { credentials: CREDENTIALS },
  );
  await store.put("small", bytesOf("x"));
  const path = `${await store.scratch()}/big`;
  const big = new Uint8Array(20 << 20).map((_, i) => i);
  await Deno.writeFile(path, big);
  assertEquals(await store.putFile("big", path), "created");
  await Deno.writeFile(path, big);
  assertEquals(await store.putFile("big", path), "unchanged");
  assertEquals(await store.getRange("big", (16 << 20) - 2, 4), big.slice((16 << 20) - 2, (16 << 20) + 2));
  await store.close();
  assertEquals(server.encryption("some/lake/small"), "aws:kms key-1");
  assertEquals(server.encryption("some/lake/big"), "aws:kms key-1");
  assertStringIncludes(server.log.join("\n"), "uploads");
});
