/** Where an S3 lake lies and how it is reached, from its URL and the environment. Loads nothing of AWS. */
import { ConfigError, UsageError } from "../core/errors.ts";
import { AWS_VARIABLES, type AwsAccess, awsAccess } from "./aws_access.ts";

/** Variables that a command hands to {@linkcode s3Settings}; AWS's SDK reads further ones of its own. */
export const S3_VARIABLES = [
  ...AWS_VARIABLES,
  "AWS_ENDPOINT_URL_S3",
  "LAKEBOOK_S3_KMS_KEY_ID",
  "LAKEBOOK_S3_SSE",
  "LAKEBOOK_S3_SCRATCH",
] as const;

/** Where a lake's bucket is and how objects are written to it. */
export interface S3Settings extends AwsAccess {
  bucket: string;
  /** In front of every key: empty, or with a slash at its end. */
  prefix: string;
  /** Encryption at rest; the bucket's own default where it is left out. */
  sse?: "AES256" | "aws:kms";
  kmsKeyId?: string;
  /** Local folder beneath which each writer has a folder of its own. */
  scratch: string;
}

/**
 * Reads a lake's URL and its settings: what {@linkcode awsAccess} reads, `LAKEBOOK_S3_SSE` (`AES256` or `aws:kms`),
 * `LAKEBOOK_S3_KMS_KEY_ID` and `LAKEBOOK_S3_SCRATCH` (default `data/scratch`). An empty variable counts as absent.
 *
 * @throws {UsageError} where the URL names no bucket.
 * @throws {ConfigError} where a variable cannot be used. The message never holds a secret.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const { bucket, prefix, region } = s3Settings("s3://prices/lake/", { AWS_REGION: "eu-central-1" });
 * assertEquals([bucket, prefix, region], ["prices", "lake/", "eu-central-1"]);
 * ```
 */
export function s3Settings(url: string, env: Readonly<Record<string, string | undefined>>): S3Settings {
  const read = (name: typeof S3_VARIABLES[number]) => env[name]?.trim() || undefined;
  const settings: S3Settings = {
    ...readUrl(url),
    ...awsAccess(env, "S3"),
    scratch: read("LAKEBOOK_S3_SCRATCH") ?? "data/scratch",
  };

  const sse = read("LAKEBOOK_S3_SSE"), kmsKeyId = read("LAKEBOOK_S3_KMS_KEY_ID");
  if (sse !== undefined) {
    if (sse !== "AES256" && sse !== "aws:kms") {
      throw new ConfigError(`Cannot use "LAKEBOOK_S3_SSE": it is "${sse}", write AES256 or aws:kms`);
    }
    settings.sse = sse;
  }
  if (kmsKeyId !== undefined) {
    if (sse !== "aws:kms") {
      throw new ConfigError(
        `Cannot use "LAKEBOOK_S3_KMS_KEY_ID": it needs LAKEBOOK_S3_SSE=aws:kms, set that as well`,
      );
    }
    settings.kmsKeyId = kmsKeyId;
  }
  return settings;
}

/** `s3://bucket/some/prefix` in its parts. */
function readUrl(url: string): { bucket: string; prefix: string } {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]*)\/?(.*)$/i.exec(url) ?? [];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new UsageError(
      `Cannot open lake "${url}": it names no bucket (3 to 63 of a-z, 0-9, "-" and "."), write s3://bucket/prefix`,
    );
  }
  const folders = path.split("/").filter((folder) => folder !== "");
  if (folders.some((folder) => folder === "." || folder === "..")) {
    throw new UsageError(`Cannot open lake "${url}": its prefix has a "." or "..", write s3://bucket/prefix`);
  }
  return { bucket, prefix: folders.map((folder) => `${folder}/`).join("") };
}
