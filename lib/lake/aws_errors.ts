/** What every service of AWS can answer, or fail to, in words that say what to do. */
import { ConfigError, LakebookError } from "../core/errors.ts";

/** What a client of AWS throws, as far as it is looked at. */
export interface AwsThrown {
  name: string;
  message: string;
  /** The service's own word for it, where the answer had a body. */
  code: string;
  status: number | undefined;
  /** The host that was looked up, where that failed. */
  host: string | undefined;
}

/** Makes the error of a state, retryable or not. */
export type Fail = (state: string, retryable?: boolean) => LakebookError;

const EXPIRED = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"];
const UNKNOWN_KEY = [
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidToken",
  "UnrecognizedClientException",
];
const UNKNOWN_KEY_VERSITY = "XAdminUserNotFound";
const WRONG_SECRET = ["SignatureDoesNotMatch", "InvalidSignatureException"];
const BUSY = [
  "InternalServerException",
  "RequestLimitExceeded",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
];
const UNREACHABLE = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/** The few things of a thrown value that count; of the answer only its code, status and sentence are kept. */
export function describeThrown(error: unknown): AwsThrown {
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

/**
 * The two kinds of errors for what a request threw: a setting that is wrong, and one of the service's own kind. Their
 * messages read `Cannot <action> "<what>": <state>`, and their cause holds no key.
 */
export function failures<Other extends typeof LakebookError>(
  { action, what }: { action: string; what: string },
  thrown: AwsThrown,
  Other: Other,
): { config: Fail; other: Fail } {
  const cause = new Error(
    `${thrown.code}${thrown.status ? ` (status ${thrown.status})` : ""}: ${thrown.message}`,
  );
  const make = (Kind: typeof LakebookError): Fail => (state, retryable = false) =>
    new Kind(`Cannot ${action} "${what}": ${state}`, { cause, retryable });
  return { config: make(ConfigError), other: make(Other) };
}

/** Where Deno or the network is in the way; `endpoint` is the server's address where it is not AWS's own. */
export function reachState(
  thrown: AwsThrown,
  endpoint: string | undefined,
  config: Fail,
): LakebookError | null {
  const { name, code, host, message } = thrown;
  if (name === "NotCapable") return config(permissionState(message));
  // A name that Deno may not look up.
  if (code === "EPERM" && host) return config(unreachable(host));
  if (UNREACHABLE.includes(code)) {
    return config(
      `nobody answers at ${endpoint ?? "AWS"} (${code}), check AWS_ENDPOINT_URL, AWS_REGION and the network`,
      true,
    );
  }
  if (/^ERR_(SSL|TLS)|CERT/.test(code)) {
    return config(
      `its TLS is not accepted (${code}), check http or https in AWS_ENDPOINT_URL and the certificate`,
    );
  }
  return null;
}

/** Where the credentials are what is wrong; what they do not allow is for the service's own words. */
export function credentialState({ name, code, message }: AwsThrown, config: Fail): LakebookError | null {
  if (EXPIRED.includes(code) || /\bexpired\b/i.test(name === "CredentialsProviderError" ? message : "")) {
    return config(
      "the credentials have expired, renew them (for a profile: aws sso login) and run again; what was committed stays",
    );
  }
  if (UNKNOWN_KEY.includes(code) || code === UNKNOWN_KEY_VERSITY) {
    return config("the access key is not known there, check AWS_ACCESS_KEY_ID or AWS_PROFILE");
  }
  if (WRONG_SECRET.includes(code)) {
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
  return null;
}

/** Whether no region is set, or an empty or odd one; which region it should be is for the service's own words. */
export function lacksRegion({ message }: AwsThrown): boolean {
  return /region (is missing|not accepted)/i.test(message);
}

/** Whether the service, or something on the way to it, asks for patience. */
export function isBusy({ code, status }: AwsThrown): boolean {
  return BUSY.includes(code) || status === 429 || (status !== undefined && status >= 500);
}

/** Codes of the operating system for connections; others, such as ENOENT and ENOSPC, are about files. */
const CONNECTION = [
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTCONN",
  "ENOTFOUND",
  "EPIPE",
  "EPROTO",
  "ETIMEDOUT",
];

/** Whether this machine's own disk is at fault: a local file that is gone, no room for it. */
export function isLocal({ code }: AwsThrown): boolean {
  return /^E[A-Z]{3,}/.test(code) && code !== "EPERM" && !CONNECTION.includes(code);
}

/** Whether the connection broke before an answer was whole: its status may have come. A refusal of Deno is none. */
export function isBroken(thrown: AwsThrown): boolean {
  const { name, code, status, message } = thrown;
  return (status ?? 200) < 300 && name !== "NotCapable" && code !== "EPERM" && !isLocal(thrown) &&
    (CONNECTION.includes(code) || /Timeout|Abort/.test(name) || /socket|connection|aborted/i.test(message));
}

/** A sentence of somebody else, short and on one line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 200);
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
