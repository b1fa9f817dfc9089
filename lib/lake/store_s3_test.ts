import { TestS3 } from "./_test_s3_server.ts";
import { storeContract, type TestPlace } from "./_test_store_contract.ts";
import { S3Store } from "./store_s3.ts";
import { type S3Settings, s3Settings } from "./store_s3_settings.ts";

/** Long enough for a busy machine, short enough for a test that waits for it. */
const LEASE = { ttl_ms: 1_500 };

/** A place in a bucket, with every store that was opened in it. */
async function placeIn(settings: S3Settings): Promise<TestPlace & { folder: string }> {
  const folder = await Deno.makeTempDir();
  const all: S3Settings = { ...settings, scratch: `${folder}/scratch` };
  const stores: S3Store[] = [];
  const module = JSON.stringify(import.meta.resolve("./store_s3.ts"));
  return {
    folder,
    open: () => {
      const store = new S3Store(all, { lease: LEASE });
      stores.push(store);
      return store;
    },
    script: `new (await import(${module})).S3Store(${JSON.stringify(all)}, { lease: ${
      JSON.stringify(LEASE)
    } })`,
    lockOutlives_ms: 15_000,
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const ENV = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "not a secret" };

storeContract("S3Store in memory", async () => {
  const s3 = await TestS3.start({ pageSize: 3 });
  s3.bucket("bucket");
  const place = await placeIn(s3Settings("s3://bucket/some/lake", { ...ENV, AWS_ENDPOINT_URL: s3.url }));
  return {
    ...place,
    [Symbol.asyncDispose]: async () => {
      await place[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
    },
  };
});

const endpoint = Deno.env.get("LAKEBOOK_TEST_S3_ENDPOINT");
if (endpoint === undefined) {
  Deno.test({ name: "S3Store on a real server (skipped: no S3 endpoint)", ignore: true, fn: () => {} });
} else {
  const env = {
    AWS_ACCESS_KEY_ID: Deno.env.get("LAKEBOOK_TEST_S3_KEY"),
    AWS_SECRET_ACCESS_KEY: Deno.env.get("LAKEBOOK_TEST_S3_SECRET"),
    AWS_ENDPOINT_URL: endpoint,
  };
  storeContract("S3Store on a real server", async () => {
    const bucket = `lakebook-${crypto.randomUUID().slice(0, 13)}`;
    await makeBucket(s3Settings(`s3://${bucket}`, env));
    return await placeIn(s3Settings(`s3://${bucket}/some/lake`, env));
  });
}

async function makeBucket({ bucket, endpoint, region, credentials }: S3Settings): Promise<void> {
  const { CreateBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    endpoint: endpoint!,
    region: region!,
    credentials: credentials!,
    forcePathStyle: true,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}
