/** Turns what can go wrong between here and an S3 store into errors that say what to do. */
import { LakebookError, LakeError } from "../core/errors.ts";
import {
  type AwsThrown,
  credentialState,
  describeThrown,
  type Fail,
  failures,
  isBroken,
  isBusy,
  isLocal,
  lacksRegion,
  oneLine,
  reachState,
} from "./aws_errors.ts";
import type { S3Settings } from "./store_s3_settings.ts";

/** A condition of a write did not hold: somebody else was there first, or this writer itself was. */
export class ConditionFailed extends Error {
  override name = "ConditionFailed";
}

/**
 * The error to raise for what an S3 request threw. `what` is a key or a lake's URL.
 *
 * - {@linkcode ConfigError}: bucket, access, credentials, region, clock, encryption key, an address that nobody
 *   answers, and a missing Deno permission;
 * - {@linkcode LakeError}: all else; `retryable` where the store was busy or the connection broke.
 *
 * Neither message nor cause holds a key: of the answer only its code, status and sentence are kept.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * const thrown = Object.assign(new Error("no"), { name: "NoSuchBucket" });
 * const settings = { bucket: "prices", prefix: "", scratch: "" };
 * const { message } = explainS3Error({ action: "read", what: "s3://prices" }, thrown, settings);
 * assertStringIncludes(message, 'Cannot read "s3://prices": bucket "prices" does not exist, create it');
 * ```
 */
export function explainS3Error(
  { action, what }: { action: string; what: string },
  error: unknown,
  settings: S3Settings,
): LakebookError {
  if (error instanceof LakebookError) return error;
  const thrown = describeThrown(error);
  const { config, other } = failures({ action, what }, thrown, LakeError);
  return reachState(thrown, settings.endpoint, config) ?? credentialState(thrown, config) ??
    accessState(thrown, config) ?? placeState(thrown, settings, config) ?? storeState(thrown, other);
}

function accessState({ code, status }: AwsThrown, config: Fail): LakebookError | null {
  if (/^(AccessDenied|AllAccessDisabled|AccountProblem|Forbidden)$/.test(code) || status === 403) {
    return config(
      "access denied, give these credentials s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there " +
        "(and the encryption key where there is one)",
    );
  }
  return null;
}

function placeState(
  thrown: AwsThrown,
  settings: S3Settings,
  config: Fail,
): LakebookError | null {
  const { code, status, message } = thrown;
  if (code === "NoSuchBucket") {
    return config(`bucket "${settings.bucket}" does not exist, create it or name another one with --lake`);
  }
  if (
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/.test(code) ||
    status === 301
  ) {
    return config(`bucket "${settings.bucket}" lies in another region, set AWS_REGION to that`);
  }
  if (lacksRegion(thrown)) return config("no region is set, set AWS_REGION to the bucket's");
  if (code === "InvalidBucketName") return config("the bucket's name is not allowed there, name another one");
  if (code === "NotImplemented" || status === 501) {
    const hint = settings.sse ? "unset LAKEBOOK_S3_SSE or use another store" : "use another store";
    return config(`this store cannot do that (${message}), ${hint}`);
  }
  if (/^KMS\./.test(code)) {
    return config(`its encryption key cannot be used (${code}), check LAKEBOOK_S3_KMS_KEY_ID and its policy`);
  }
  return null;
}

function storeState(thrown: AwsThrown, lake: Fail): LakebookError {
  const { code, status, message } = thrown;
  if (isLocal(thrown)) {
    return lake(`a local file failed (${oneLine(message)}), see LAKEBOOK_S3_SCRATCH and run again`);
  }
  if (isBusy(thrown)) {
    // The answer to HEAD has no body, hence no code.
    const word = /^Unknown/.test(code) ? `status ${status}` : code;
    return lake(`the store is busy (${word}), run again later; what was committed stays`, true);
  }
  if (isBroken(thrown)) {
    return lake(
      `the connection broke (${code}), check the network and run again; what was committed stays`,
      true,
    );
  }
  return lake(`the store answered ${code} (${oneLine(message)}), see what that means there and run again`);
}

/** Whether a write may have happened although no good answer came. */
export function isUnknownOutcome(error: unknown): boolean {
  return error instanceof LakebookError && error.retryable;
}
