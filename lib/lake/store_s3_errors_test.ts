import { assert, assertEquals } from "@std/assert";
import { ConfigError, LakeError } from "../core/errors.ts";
import { explainS3Error } from "./store_s3_errors.ts";

const SETTINGS = { bucket: "prices", prefix: "", scratch: "", endpoint: "http://store:9000" };

Deno.test("explainS3Error() says what to do about each kind of failure", () => {
  const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } });
  const table: [thrown: object, Kind: typeof ConfigError | typeof LakeError, text: string, again: boolean][] =
    [
      [{ name: "NoSuchBucket" }, ConfigError, 'bucket "prices" does not exist, create it', false],
      [{ name: "AccessDenied", ...status(403) }, ConfigError, "access denied, give these credentials", false],
      [{ name: "Unknown", ...status(403) }, ConfigError, "access denied", false],
      [
        { name: "ExpiredToken", ...status(400) },
        ConfigError,
        "the credentials have expired, renew them",
        false,
      ],
      [
        { name: "CredentialsProviderError", message: "The SSO session has expired" },
        ConfigError,
        "have expired",
        false,
      ],
      [
        { name: "CredentialsProviderError", message: "Could not load" },
        ConfigError,
        "no credentials were found",
        false,
      ],
      [
        { name: "InvalidAccessKeyId", ...status(403) },
        ConfigError,
        "the access key is not known there",
        false,
      ],
      [{ name: "SignatureDoesNotMatch", ...status(403) }, ConfigError, "the secret key does not fit", false],
      [{ name: "RequestTimeTooSkewed", ...status(403) }, ConfigError, "this machine's clock differs", false],
      [
        { name: "PermanentRedirect", ...status(301) },
        ConfigError,
        "lies in another region, set AWS_REGION",
        false,
      ],
      [{ message: "Region is missing" }, ConfigError, "no region is set, set AWS_REGION", false],
      [
        { name: "KMS.DisabledException", ...status(400) },
        ConfigError,
        "its encryption key cannot be used",
        false,
      ],
      [{ code: "ECONNREFUSED" }, ConfigError, "nobody answers at http://store:9000 (ECONNREFUSED)", true],
      [{ code: "ENOTFOUND" }, ConfigError, "nobody answers at http://store:9000 (ENOTFOUND)", true],
      [
        { code: "EPERM", hostname: "s3.example.org" },
        ConfigError,
        "Deno may not reach s3.example.org, add",
        false,
      ],
      [
        { name: "NotImplemented", message: "no KMS", ...status(501) },
        ConfigError,
        "cannot do that (no KMS)",
        false,
      ],
      [{ code: "ERR_SSL_WRONG_VERSION_NUMBER" }, ConfigError, "its TLS is not accepted (ERR_SSL", false],
      [{ code: "ECONNRESET" }, LakeError, "the connection broke (ECONNRESET)", true],
      [{ code: "ENOENT", message: "no such file" }, LakeError, "a local file failed (no such file)", false],
      [{ code: "ENOSPC", message: "no space" }, LakeError, "a local file failed (no space)", false],
      [{ name: "TimeoutError", message: "late" }, LakeError, "the connection broke (TimeoutError)", true],
      [{ name: "SlowDown", ...status(503) }, LakeError, "the store is busy (SlowDown)", true],
      [{ name: "Unknown", ...status(500) }, LakeError, "the store is busy (status 500)", true],
      [
        { name: "InvalidPart", message: "odd", ...status(400) },
        LakeError,
        "the store answered InvalidPart (odd)",
        false,
      ],
      [
        {
          name: "NotCapable",
          message: 'Requires net access to "store:9000", run again with the --allow-net flag',
        },
        ConfigError,
        'Deno may not reach store:9000, add "store:9000" to the net permissions in deno.json',
        false,
      ],
      [
        { name: "NotCapable", message: 'Requires sys access to "uid", run again with the --allow-sys flag' },
        ConfigError,
        'Deno refuses sys access to "uid", add that to the permissions in deno.json',
        false,
      ],
    ];
  for (const [thrown, Kind, text, again] of table) {
    const cause = Object.assign(new Error("why"), { AWSAccessKeyId: "AKIA", StringToSign: "AKIA" }, thrown);
    const error = explainS3Error({ action: "read", what: "raw/a" }, cause, SETTINGS);
    assert(error instanceof Kind, `${error.name} for ${Deno.inspect(thrown)}`);
    assert(error.message.startsWith('Cannot read "raw/a": '), error.message);
    assert(error.message.includes(text), `${error.message} lacks ${text}`);
    assertEquals([text, error.retryable], [text, again]);
    assert(!Deno.inspect(error).includes("AKIA"));
  }
});

Deno.test("explainS3Error() leaves errors alone that say what to do already", () => {
  const error = new LakeError("Cannot");
  assert(explainS3Error({ action: "read", what: "a" }, error, SETTINGS) === error);
});
