/** Turns what can go wrong between here and an S3 store into errors that say what to do. */
import { ConfigError, LakebookError, LakeError } from "../core/errors.ts";
import type { S3Settings } from "./store_s3_settings.ts";

/** A condition of a write did not hold: somebody else was there first, or this writer itself was. */
export class ConditionFailed extends Error {
  override name = "ConditionFailed";
}

/** What an S3 client throws, as far as it is looked at. */
interface Thrown {
  name: string;
  message: string;
  /** S3's own word for it, where the answer had a body. */
  code: string;
  status: number | undefined;
  /** The host that was looked up, where that failed. */
  host: string | undefined;
}

const EXPIRED = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"];
const UNKNOWN_KEY = [
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidToken",
  "UnrecognizedClientException",
];
const UNKNOWN_KEY_VERSITY = "XAdminUserNotFound";
const UNREACHABLE = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

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
  const thrown = describe(error);
  const cause = new Error(
    `${thrown.code}${thrown.status ? ` (status ${thrown.status})` : ""}: ${thrown.message}`,
  );
  const config = (state: string, retryable = false) =>
    new ConfigError(`Cannot ${action} "${what}": ${state}`, { cause, retryable });
  const lake = (state: string, retryable = false) =>
    new LakeError(`Cannot ${action} "${what}": ${state}`, { cause, retryable });

  if (thrown.name === "NotCapable") return config(permissionState(thrown.message));
  // A name that Deno may not look up.
  if (thrown.code === "EPERM" && thrown.host) return config(unreachable(thrown.host));
  if (UNREACHABLE.includes(thrown.code)) {
    const host = settings.endpoint ?? "AWS";
    return config(
      `nobody answers at ${host} (${thrown.code}), check AWS_ENDPOINT_URL, AWS_REGION and the network`,
      true,
    );
  }
  return credentialState(thrown, config) ?? placeState(thrown, settings, config) ?? storeState(thrown, lake);
}

type Fail = (state: string, retryable?: boolean) => LakebookError;

function credentialState({ name, code, status, message }: Thrown, config: Fail): LakebookError | null {
  if (EXPIRED.includes(code) || /\bexpired\b/i.test(name === "CredentialsProviderError" ? message : "")) {
    return config(
      "the credentials have expired, renew them (for a profile: aws sso login) and run again; what was committed stays",
    );
  }
  if (UNKNOWN_KEY.includes(code) || code === UNKNOWN_KEY_VERSITY) {
    return config("the access key is not known there, check AWS_ACCESS_KEY_ID or AWS_PROFILE");
  }
  if (code === "SignatureDoesNotMatch") {
    return config("the secret key does not fit the access key, check AWS_SECRET_ACCESS_KEY or AWS_PROFILE");
  }
  if (/^(CredentialsProviderError|TokenProviderError|ProviderError)$/.test(name)) {
    return config(
      "no credentials were found, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    );
  }
  if (code === "RequestTimeTooSkewed") {
    return config("this machine's clock differs from the store's by too much, set it right and run again");
  }
  if (/^(AccessDenied|AllAccessDisabled|AccountProblem|Forbidden)$/.test(code) || status === 403) {
    return config(
      "access denied, give these credentials s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there " +
        "(and the encryption key where there is one)",
    );
  }
  return null;
}

function placeState(
  { code, status, message }: Thrown,
  settings: S3Settings,
  config: Fail,
): LakebookError | null {
  if (code === "NoSuchBucket") {
    return config(`bucket "${settings.bucket}" does not exist, create it or name another one with --lake`);
  }
  if (
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/.test(code) ||
    status === 301
  ) {
    return config(`bucket "${settings.bucket}" lies in another region, set AWS_REGION to that`);
  }
  if (/region is missing/i.test(message)) return config("no region is set, set AWS_REGION to the bucket's");
  if (code === "InvalidBucketName") return config("the bucket's name is not allowed there, name another one");
  if (code === "NotImplemented" || status === 501) {
    const hint = settings.sse ? "unset LAKEBOOK_S3_SSE or use another store" : "use another store";
    return config(`this store cannot do that (${message}), ${hint}`);
  }
  if (/^ERR_(SSL|TLS)|CERT/.test(code)) {
    return config(
      `its TLS is not accepted (${code}), check http or https in AWS_ENDPOINT_URL and the certificate`,
    );
  }
  if (/^KMS\./.test(code)) {
    return config(`its encryption key cannot be used (${code}), check LAKEBOOK_S3_KMS_KEY_ID and its policy`);
  }
  return null;
}

function storeState({ name, code, status, message }: Thrown, lake: Fail): LakebookError {
  if (code === "SlowDown" || status === 429 || (status !== undefined && status >= 500)) {
    // The answer to HEAD has no body, hence no code.
    return lake(
      `the store is busy (${
        /^Unknown/.test(code) ? `status ${status}` : code
      }), run again later; what was committed stays`,
      true,
    );
  }
  if (
    status === undefined &&
    (/^E[A-Z]{3,}$/.test(code) || /Timeout|Abort/.test(name) || /socket|connection|aborted/i.test(message))
  ) {
    return lake(
      `the connection broke (${code}), check the network and run again; what was committed stays`,
      true,
    );
  }
  return lake(`the store answered ${code} (${oneLine(message)}), see what that means there and run again`);
}

function permissionState(message: string): string {
  const host = /net access to "([^"]+)"/.exec(message)?.[1];
  if (host !== undefined) return unreachable(host);
  const what = message.replace(/^Requires /, "").replace(/, run again.*$/, "");
  return `Deno refuses ${what}, add that to the permissions in deno.json`;
}

function unreachable(host: string): string {
  return `Deno may not reach ${host}, add "${host}" to the net permissions in deno.json`;
}

/** Whether a write may have happened although no good answer came. */
export function isUnknownOutcome(error: unknown): boolean {
  return error instanceof LakebookError && error.retryable;
}

function describe(error: unknown): Thrown {
  const { name = "Error", message = String(error), Code, code, hostname, $metadata } = (error ?? {}) as {
    name?: string;
    message?: string;
    Code?: string;
    code?: string;
    hostname?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return {
    name,
    message: oneLine(message),
    code: Code ?? code ?? name,
    status: $metadata?.httpStatusCode,
    host: hostname,
  };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 200);
}
