/** Texts in Parameter Store (AWS Systems Manager), where a team keeps what its jobs run. */
import { GetParameterCommand, type Parameter, SSMClient } from "@aws-sdk/client-ssm";
import type { Effects } from "../core/effects.ts";
import { type LakebookError, SourceError, UsageError } from "../core/errors.ts";
import { type AwsAccess, awsAccess } from "../lake/aws_access.ts";
import {
  credentialState,
  describeThrown,
  failures,
  isBroken,
  isBusy,
  lacksRegion,
  reachState,
} from "../lake/aws_errors.ts";
import { sendPatiently } from "../lake/aws_tries.ts";

const EXAMPLES = "/folder/name, /folder/name:3 (a version), /folder/name:label, or an ARN";

/**
 * The text of a parameter, decrypted where it is a SecureString. `name` is what GetParameter takes: a name with or
 * without folders, behind it `:3` for a version or `:stable` for a label, or the parameter's ARN, whose region counts
 * before that of the environment. Address, region and credentials are found as {@linkcode awsAccess} says.
 *
 * @throws {UsageError} where there is no such parameter, version or label, or where it is a list or blank.
 * @throws {ConfigError} where access, credentials, region or encryption key are wrong, or nobody answers.
 * @throws {SourceError} where Parameter Store is busy (after six tries) or answers what is not known here.
 *
 * @example It asks an address of the environment, else AWS
 * ```ts
 * import { assertRejects } from "@std/assert";
 * const env = {
 *   AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:1",
 *   AWS_ACCESS_KEY_ID: "test",
 *   AWS_SECRET_ACCESS_KEY: "not a secret",
 * };
 * const effects = { sleep: () => Promise.resolve(), random: () => 0 };
 * await assertRejects(
 *   () => readParameter("/lakebook/insert", { env, effects }),
 *   Error,
 *   'Cannot read "ssm:/lakebook/insert": nobody answers at http://127.0.0.1:1',
 * );
 * ```
 */
export async function readParameter(
  name: string,
  { env, effects }: {
    env: Readonly<Record<string, string | undefined>>;
    effects: Pick<Effects, "sleep" | "random">;
  },
): Promise<string> {
  const cannot = (state: string) => new UsageError(`Cannot read "ssm:${name}": ${state}`);
  if (name.trim() === "") throw cannot(`no parameter is named, write ssm: and behind it ${EXAMPLES}`);
  const access = accessOf(name, env);
  const { Type, Value = "" } = await getParameter(name, access, effects);
  if (Type === "StringList") {
    throw cannot("it is a StringList, whose commas part texts, store it as a String or a SecureString");
  }
  if (Value.trim() === "") throw cannot("it is blank, store the text in it");
  return Value;
}

/** An ARN names its region. */
function accessOf(name: string, env: Readonly<Record<string, string | undefined>>): AwsAccess {
  const region = /^arn:[^:]+:ssm:([^:]+):/.exec(name)?.[1];
  return { ...awsAccess(env, "SSM"), ...region ? { region } : {} };
}

async function getParameter(
  name: string,
  access: AwsAccess,
  effects: Pick<Effects, "sleep" | "random">,
): Promise<Parameter> {
  const client = new SSMClient({
    maxAttempts: 1, // sendPatiently() tries again
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    ...access,
  });
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  try {
    const { Parameter = {} } = await sendPatiently(() => client.send(command), effects);
    return Parameter;
  } catch (error) {
    throw explainParameterError(name, error, access);
  } finally {
    client.destroy();
  }
}

/** The error to raise for what a request to Parameter Store threw; see {@linkcode readParameter} for its kinds. */
export function explainParameterError(name: string, error: unknown, access: AwsAccess): LakebookError {
  const thrown = describeThrown(error);
  const { code, message } = thrown;
  const about = { action: "read", what: `ssm:${name}` };
  const { config, other: source } = failures(about, thrown, SourceError);
  const { other: wrong } = failures(about, thrown, UsageError);
  const known = reachState(thrown, access.endpoint, config) ?? credentialState(thrown, config);
  if (known) return known;
  if (lacksRegion(thrown)) {
    return config("no region is set, set AWS_REGION to the parameter's");
  }
  if (/^ParameterNotFound/.test(code)) {
    const region = access.region === undefined ? "the profile's region" : `region ${access.region}`;
    return wrong(
      `there is no such parameter (or label of it) in ${region} of this account, check its name and AWS_REGION`,
    );
  }
  if (/^ParameterVersion(Label)?NotFound/.test(code)) {
    return wrong(`the parameter has no such version or label (${message}), leave it out for the newest`);
  }
  if (/^AccessDenied/.test(code)) {
    return config(
      `access denied (${message}), give these credentials ssm:GetParameter on it, and kms:Decrypt on its key ` +
        `where it is a SecureString`,
    );
  }
  if (/^(InvalidKeyId|KMS)/.test(code)) {
    return config(`its encryption key cannot be used (${message || code}), check that key and its policy`);
  }
  if (/^(ValidationException|InvalidParameter)/.test(code)) {
    return wrong(`that is no parameter's name (${message}), write ${EXAMPLES}`);
  }
  if (isBusy(thrown)) return source(`Parameter Store is busy (${code}), run again later`, true);
  if (isBroken(thrown)) {
    return source(`the connection broke (${code}), check the network and run again`, true);
  }
  return source(`Parameter Store answered ${code} (${message}), see what that means there`);
}
