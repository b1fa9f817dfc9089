/** Where an S3 lake is and how to talk to it, from its URL and the environment. */
import { z } from "zod";
import { ConfigError, UsageError } from "../core/errors.ts";

/** Settings of an S3 store. Credentials are not among them: the SDK finds them by its standard chain. */
export interface S3Settings {
  bucket: string;
  /** Ends with a slash, or is empty. */
  prefix: string;
  region: string;
  /** A server that is not AWS; then addresses have the bucket in their path, and only needed checksums are sent. */
  endpoint: string | null;
  /** Server-side encryption of what is written. */
  sse: { ServerSideEncryption: "AES256" | "aws:kms"; SSEKMSKeyId?: string } | null;
}

const TEXT = z.string().trim().optional().transform((text) => text === "" ? undefined : text);

const ENVIRONMENT = z.object({
  AWS_ENDPOINT_URL_S3: TEXT,
  AWS_ENDPOINT_URL: TEXT,
  AWS_REGION: TEXT,
  AWS_DEFAULT_REGION: TEXT,
  LAKEBOOK_S3_SSE: TEXT.pipe(z.enum(["AES256", "aws:kms"], "write AES256 or aws:kms").optional()),
  LAKEBOOK_S3_KMS_KEY_ID: TEXT,
});

/**
 * Reads `s3://bucket/prefix` and the variables that the AWS tools know.
 *
 * @throws {UsageError} for a URL that names no bucket.
 * @throws {ConfigError} for a variable that cannot be used.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const settings = s3Settings("s3://my-bucket/lakes/live", { AWS_REGION: "eu-central-1" });
 * assertEquals([settings.bucket, settings.prefix, settings.region], ["my-bucket", "lakes/live/", "eu-central-1"]);
 * ```
 */
export function s3Settings(url: string, env: Readonly<Record<string, string | undefined>>): S3Settings {
  const [, bucket, path = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url) ?? [];
  if (bucket === undefined || path.split("/").includes("..")) {
    throw new UsageError(
      `Cannot open lake "${url}": it is not an S3 URL, write for example s3://my-bucket/lake`,
    );
  }
  const parsed = ENVIRONMENT.safeParse(env);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new ConfigError(`Cannot use "${path.join(".")}": ${message}`);
  }
  const variables = parsed.data;
  const endpoint = variables.AWS_ENDPOINT_URL_S3 ?? variables.AWS_ENDPOINT_URL ?? null;
  if (endpoint !== null && !URL.canParse(endpoint)) {
    throw new ConfigError(
      'Cannot use "AWS_ENDPOINT_URL_S3": it is not an address, write for example http://127.0.0.1:9000',
    );
  }
  const prefix = path.replace(/^\/+|\/+$/g, "");
  const key = variables.LAKEBOOK_S3_KMS_KEY_ID;
  return {
    bucket,
    prefix: prefix === "" ? "" : `${prefix}/`,
    region: variables.AWS_REGION ?? variables.AWS_DEFAULT_REGION ?? "us-east-1",
    endpoint,
    sse: variables.LAKEBOOK_S3_SSE === undefined ? null : {
      ServerSideEncryption: variables.LAKEBOOK_S3_SSE,
      ...(key === undefined ? {} : { SSEKMSKeyId: key }),
    },
  };
}
