import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../core/errors.ts";
import { isCustom } from "./aws_access.ts";
import { s3Settings } from "./store_s3_settings.ts";

Deno.test("s3Settings() reads bucket, prefix and variables; an empty one counts as absent", () => {
  const scratch = "data/scratch";
  const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
  const table: [url: string, env: Record<string, string>, settings: object][] = [
    ["s3://prices", {}, { bucket: "prices", prefix: "", scratch }],
    ["s3://prices/", { AWS_REGION: "" }, { bucket: "prices", prefix: "", scratch }],
    ["s3://prices/a//b/", { AWS_DEFAULT_REGION: "eu-west-1" }, {
      bucket: "prices",
      prefix: "a/b/",
      region: "eu-west-1",
      scratch,
    }],
    ["s3://prices/a", { AWS_ENDPOINT_URL: "http://127.0.0.1:9000", LAKEBOOK_S3_SCRATCH: "/fast" }, {
      bucket: "prices",
      prefix: "a/",
      endpoint: "http://127.0.0.1:9000",
      region: "us-east-1",
      scratch: "/fast",
    }],
    ["s3://prices", { AWS_ENDPOINT_URL: "http://a", AWS_ENDPOINT_URL_S3: "http://b", AWS_REGION: "auto" }, {
      bucket: "prices",
      prefix: "",
      endpoint: "http://b",
      region: "auto",
      scratch,
    }],
    ["s3://prices", keys, {
      bucket: "prices",
      prefix: "",
      credentials: { accessKeyId: "id", secretAccessKey: "secret" },
      scratch,
    }],
    ["s3://prices", { ...keys, AWS_PROFILE: "other" }, { bucket: "prices", prefix: "", scratch }],
    ["s3://prices", { LAKEBOOK_S3_SSE: "aws:kms", LAKEBOOK_S3_KMS_KEY_ID: "alias/a" }, {
      bucket: "prices",
      prefix: "",
      sse: "aws:kms",
      kmsKeyId: "alias/a",
      scratch,
    }],
  ];
  for (const [url, env, settings] of table) assertEquals([url, s3Settings(url, env)], [url, settings]);
});

Deno.test("s3Settings() refuses values that cannot be used, without repeating an address", () => {
  const table: [env: Record<string, string>, text: string][] = [
    [
      { AWS_ENDPOINT_URL: "127.0.0.1:9000" },
      'Cannot use "AWS_ENDPOINT_URL": it is not a plain http(s) address',
    ],
    [{ AWS_ENDPOINT_URL: "http://me:secret@host" }, "it is not a plain http(s) address"],
    [{ LAKEBOOK_S3_SSE: "yes" }, 'Cannot use "LAKEBOOK_S3_SSE": it is "yes", write AES256 or aws:kms'],
    [{ LAKEBOOK_S3_KMS_KEY_ID: "a", LAKEBOOK_S3_SSE: "AES256" }, "it needs LAKEBOOK_S3_SSE=aws:kms"],
  ];
  for (const [env, text] of table) {
    const error = assertThrows(() => s3Settings("s3://prices", env), ConfigError, text);
    assertEquals(error.message.includes("secret"), false);
  }
});

Deno.test("isCustom() tells AWS's own endpoints from others", () => {
  const table: [endpoint: string | undefined, custom: boolean][] = [
    [undefined, false],
    ["https://s3.eu-west-1.amazonaws.com", false],
    ["https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com", false],
    ["https://s3.cn-north-1.amazonaws.com.cn", false],
    ["http://127.0.0.1:9000", true],
    ["https://amazonaws.com.example.org", true],
  ];
  for (const [endpoint, custom] of table) assertEquals([endpoint, isCustom(endpoint)], [endpoint, custom]);
});
