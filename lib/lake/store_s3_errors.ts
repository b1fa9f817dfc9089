/** What S3 answers, as errors that say what to do. No message holds a credential. */
import { ConfigError, LakebookError, LakeError } from "../core/errors.ts";

/** The HTTP status of an SDK error; 0 where there was no answer. */
export function statusOf(error: unknown): number {
  return (error as { $metadata?: { httpStatusCode?: number } })?.$metadata?.httpStatusCode ?? 0;
}

/** Whether a conditional request was refused because its condition does not hold. */
export function isPreconditionFailed(error: unknown): boolean {
  return statusOf(error) === 412 || nameOf(error) === "PreconditionFailed" || isConflict(error);
}

/** Two conditional writes at the same moment: S3 lets one win and answers 409 to the other. */
function isConflict(error: unknown): boolean {
  return statusOf(error) === 409 && nameOf(error) === "ConditionalRequestConflict";
}

/** Whether there is no such object. A missing bucket is another thing. */
export function isNoObject(error: unknown): boolean {
  return nameOf(error) !== "NoSuchBucket" && (statusOf(error) === 404 || nameOf(error) === "NoSuchKey");
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

const CREDENTIALS =
  "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or choose a profile with AWS_PROFILE";

/** What to say about the answers that a person can do something about. */
const WORDS: Readonly<Record<string, string>> = {
  NoSuchBucket: "the bucket does not exist, make it or name another one with --lake",
  AccessDenied: "S3 refuses it: give these credentials list, read, write and delete on this prefix",
  Forbidden: "S3 refuses it: give these credentials list, read, write and delete on this prefix",
  AllAccessDisabled: "S3 has closed this bucket, ask its owner",
  ExpiredToken: `the credentials have expired: get new ones, then ${CREDENTIALS}`,
  ExpiredTokenException: `the credentials have expired: get new ones, then ${CREDENTIALS}`,
  TokenRefreshRequired: `the credentials have expired: get new ones, then ${CREDENTIALS}`,
  InvalidAccessKeyId: `S3 does not know this access key: ${CREDENTIALS}`,
  InvalidToken: `S3 does not accept this session token: ${CREDENTIALS}`,
  SignatureDoesNotMatch: `the secret key does not fit the access key: ${CREDENTIALS}`,
  CredentialsProviderError: `no credentials were found: ${CREDENTIALS}`,
  PermanentRedirect: "the bucket is in another region, set AWS_REGION",
  AuthorizationHeaderMalformed: "the bucket is in another region, set AWS_REGION",
  IllegalLocationConstraintException: "the bucket is in another region, set AWS_REGION",
  RequestTimeTooSkewed: "this machine's clock is wrong by more than 15 minutes, set it",
  KMSAccessDeniedException: "the KMS key may not be used, check LAKEBOOK_S3_KMS_KEY_ID and its policy",
  NotImplemented: "this store lacks a part of S3 that Lakebook needs, use another one",
};

/** The error to raise for what the SDK threw while doing something to a key. */
export function explainS3Error(action: string, what: string, error: unknown): LakebookError {
  if (error instanceof LakebookError) return error;
  const status = statusOf(error);
  const name = nameOf(error);
  const words = WORDS[name] ?? (status === 403 ? WORDS["AccessDenied"] : undefined);
  if (words !== undefined) return new ConfigError(`Cannot ${action} "${what}": ${words}`, { cause: error });
  const host = /net access to "([^"]+)"/.exec(deepest(error))?.[1];
  if (name === "NotCapable" || host !== undefined) {
    return new ConfigError(
      `Cannot ${action} "${what}": Deno may not reach ${
        host ?? "it"
      }, add it to the net permissions in deno.json`,
      { cause: error },
    );
  }
  if (status === 0) {
    return new LakeError(
      `Cannot ${action} "${what}": S3 cannot be reached (${
        deepest(error)
      }), check AWS_ENDPOINT_URL_S3 and the network, ` +
        `then run again`,
      { cause: error, retryable: true },
    );
  }
  return new LakeError(
    `Cannot ${action} "${what}": S3 answers ${status} (${name}), run again; what was in the lake before is unharmed`,
    { cause: error, retryable: status >= 500 || status === 429 },
  );
}

function deepest(error: unknown): string {
  let inner = error;
  while (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return (inner instanceof Error ? inner.message || inner.name : String(inner)).replaceAll(/\s+/g, " ").slice(
    0,
    200,
  );
}
