/** How a service of AWS is reached, from the environment: the same for all of them. Loads nothing of AWS. */
import { ConfigError } from "../core/errors.ts";

/** Variables that every service of AWS listens to. */
export const AWS_VARIABLES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
] as const;

/** Address, region and credentials; what is absent the SDK looks for itself. */
export interface AwsAccess {
  /** Address of another server than AWS's own. */
  endpoint?: string;
  /** Absent where the SDK shall take it from the profile. */
  region?: string;
  /** Absent where the SDK shall look for them: profile files, web identity, container, instance. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/**
 * Reads `AWS_ENDPOINT_URL_<SERVICE>` or `AWS_ENDPOINT_URL`, `AWS_REGION` or `AWS_DEFAULT_REGION`, and the keys. An empty
 * variable counts as absent.
 *
 * @throws {ConfigError} where the address cannot be used. The message never holds a secret.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(awsAccess({ AWS_REGION: "eu-central-1" }, "S3"), { region: "eu-central-1" });
 * ```
 */
export function awsAccess(
  env: Readonly<Record<string, string | undefined>>,
  service: "S3" | "ATHENA" | "SSM",
): AwsAccess {
  const read = (name: typeof AWS_VARIABLES[number] | `AWS_ENDPOINT_URL_${typeof service}`) =>
    env[name]?.trim() || undefined;
  const access: AwsAccess = {};

  const endpoint = read(`AWS_ENDPOINT_URL_${service}`) ?? read("AWS_ENDPOINT_URL");
  if (endpoint !== undefined) access.endpoint = readEndpoint(endpoint);
  const region = read("AWS_REGION") ?? read("AWS_DEFAULT_REGION") ??
    (isCustom(access.endpoint) ? "us-east-1" : undefined);
  if (region !== undefined) access.region = region;

  const accessKeyId = read("AWS_ACCESS_KEY_ID"), secretAccessKey = read("AWS_SECRET_ACCESS_KEY");
  const sessionToken = read("AWS_SESSION_TOKEN");
  if (accessKeyId !== undefined && secretAccessKey !== undefined && read("AWS_PROFILE") === undefined) {
    access.credentials = { accessKeyId, secretAccessKey, ...sessionToken ? { sessionToken } : {} };
  }
  return access;
}

/** Whether an endpoint is of another make than AWS, so that only what every server knows may be asked of it. */
export function isCustom(endpoint: string | undefined): boolean {
  return endpoint !== undefined && !/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
}

function readEndpoint(text: string): string {
  if (URL.canParse(text)) {
    const { protocol, username, password, search, hash } = new URL(text);
    if (/^https?:$/.test(protocol) && username + password + search + hash === "") return text;
  }
  throw new ConfigError(
    `Cannot use "AWS_ENDPOINT_URL": it is not a plain http(s) address, write for example http://127.0.0.1:9000`,
  );
}
