import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError, LakebookError, SourceError, UsageError } from "../core/errors.ts";
import { type ParameterRefusal, TestParameters } from "./_test_parameter_server.ts";
import { insertHourSql } from "./market_hours.ts";
import { explainParameterError, readParameter } from "./parameter_store.ts";

/** A reader on a server of its own, with the waits that it made. */
async function onServer(
  run: (read: (name: string) => Promise<string>, store: TestParameters, waits: number[]) => Promise<void>,
): Promise<void> {
  await using store = await TestParameters.start();
  const waits: number[] = [];
  const effects = { random: () => 1, sleep: (ms: number) => Promise.resolve(void waits.push(ms)) };
  await run((name) => readParameter(name, { env: store.env, effects }), store, waits);
}

Deno.test("readParameter() gives a text as it is, decrypted, and hands names and selectors over unchanged", () =>
  onServer(async (read, store) => {
    const names = ["/lakebook/insert", "insert", "/lakebook/insert:3", "insert:stable"];
    for (const [i, name] of names.entries()) {
      const Value = ` INSERT ${i}; é\n\n`;
      store.parameters.set(name, { Type: i % 2 ? "SecureString" : "String", Value });
      assertEquals(await read(name), Value);
    }
    assertEquals(
      store.requests.map(({ body, region }) => [body, region]),
      names.map((Name) => [{ Name, WithDecryption: true }, "us-east-1"]),
    );
  }));

Deno.test("readParameter() asks the region that an ARN names", () =>
  onServer(async (read, store) => {
    const arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/lakebook/insert";
    store.parameters.set(arn, { Type: "String", Value: "INSERT" });
    assertEquals([await read(arn), store.requests[0]!.region], ["INSERT", "eu-central-1"]);
    await assertRejects(() => read(arn.replace("eu-central-1", "eu-west-1")), UsageError, "region eu-west-1");
  }));

Deno.test("readParameter() refuses lists, blanks and no name at all", () =>
  onServer(async (read, store) => {
    store.parameters.set("list", { Type: "StringList", Value: "SELECT 1,2" });
    store.parameters.set("blank", { Type: "String", Value: " \n" });
    const table = { list: "it is a StringList", blank: "it is blank", "": "no parameter is named" };
    for (const [name, words] of Object.entries(table)) {
      const error = await assertRejects(() => read(name), UsageError, words);
      assertStringIncludes(error.message, `Cannot read "ssm:${name}": `);
    }
    assertEquals(store.requests.length, 2);
  }));

Deno.test("readParameter() asks again where Parameter Store is busy or a connection broke", () =>
  onServer(async (read, store, waits) => {
    store.parameters.set("insert", { Type: "String", Value: "INSERT" });
    const throttled = { code: "ThrottlingException", message: "Rate exceeded" };
    store.refusals.push(throttled, "reset", { code: "InternalServerError", status: 500 });
    assertEquals([await read("insert"), waits], ["INSERT", [500, 1000, 2000]]);
    store.refusals.push(...Array(6).fill(throttled));
    const error = await assertRejects(
      () => read("insert"),
      SourceError,
      'Cannot read "ssm:insert": Parameter Store is busy (ThrottlingException), run again later',
    );
    assertEquals([error.retryable, waits.length, store.refusals.length], [true, 8, 0]);
  }));

Deno.test("readParameter() says what to do about what AWS refuses", () =>
  onServer(async (read, store, waits) => {
    // Answers of AWS, with its words; the account is an example.
    const user = "User: arn:aws:iam::123456789012:user/example is not authorized to perform:";
    const table: [refusal: Exclude<ParameterRefusal, "reset">, Kind: typeof LakebookError, words: string][] =
      [
        [
          { code: "ParameterNotFound" },
          UsageError,
          "there is no such parameter (or label of it) in region us-east-1",
        ],
        [
          {
            code: "ParameterVersionNotFound",
            message:
              "Systems Manager could not find version 9 of /lakebook/insert. Verify the version and try again.",
          },
          UsageError,
          "no such version or label (Systems Manager could not find version 9",
        ],
        [
          {
            code: "AccessDeniedException",
            message:
              `${user} ssm:GetParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter/lakebook`,
          },
          ConfigError,
          `access denied (${user} ssm:GetParameter on resource`,
        ],
        [
          {
            code: "AccessDeniedException",
            message:
              "The ciphertext refers to a customer master key that does not exist, does not exist in this " +
              "region, or you are not allowed to access. (Service: AWSKMS; Status Code: 400; Error Code: " +
              "AccessDeniedException; Request ID: 5f642215-959a-11e8-bfd1-81a81941d54a)",
          },
          ConfigError,
          "kms:Decrypt on its key where it is a SecureString",
        ],
        [
          { code: "InvalidKeyId", message: "arn:aws:kms:us-east-1:123456789012:key/1 is disabled." },
          ConfigError,
          "its encryption key cannot be used (arn:aws:kms:us-east-1:123456789012:key/1 is disabled.)",
        ],
        [
          { code: "ValidationException", message: 'Parameter name: can\'t be prefixed with "ssm"' },
          UsageError,
          "that is no parameter's name (Parameter name: can't be prefixed",
        ],
        [
          {
            code: "UnrecognizedClientException",
            message: "The security token included in the request is invalid.",
          },
          ConfigError,
          "the access key is not known there",
        ],
        [
          {
            code: "InvalidSignatureException",
            message: "The request signature we calculated does not match",
          },
          ConfigError,
          "the secret key does not fit the access key",
        ],
        [
          { code: "ExpiredTokenException", message: "The security token included in the request is expired" },
          ConfigError,
          "the credentials have expired",
        ],
        [
          { code: "UnsupportedOperation", message: "not here" },
          SourceError,
          "Parameter Store answered UnsupportedOperation (not here)",
        ],
      ];
    for (const [refusal, Kind, words] of table) {
      store.refusals.push(refusal);
      const error = await assertRejects(() => read("/lakebook/insert"), LakebookError);
      assertEquals([refusal.code, error.constructor], [refusal.code, Kind]);
      assertStringIncludes(error.message, `Cannot read "ssm:/lakebook/insert": `);
      assertStringIncludes(error.message, words);
    }
    assertEquals([store.requests.length, waits], [table.length, []]);
  }));

Deno.test("readParameter() says that nobody answers, after six tries", async () => {
  const env = {
    AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "not a secret",
  };
  let waits = 0;
  const effects = { random: () => 0, sleep: () => Promise.resolve(void waits++) };
  const error = await assertRejects(
    () => readParameter("/lakebook/insert", { env, effects }),
    ConfigError,
    "nobody answers at http://127.0.0.1:1 (ECONNREFUSED), check AWS_ENDPOINT_URL, AWS_REGION and the network",
  );
  assertEquals(waits, 5);
  assert(error.retryable && !error.message.includes("not a secret"));
});

Deno.test("explainParameterError() knows what the SDK throws by itself", () => {
  const table: [thrown: object, Kind: typeof LakebookError, words: string][] = [
    [{ message: "Region is missing" }, ConfigError, "no region is set, set AWS_REGION to the parameter's"],
    // An empty AWS_REGION.
    [
      { message: 'Region not accepted: region="" is not a valid' },
      ConfigError,
      "no region is set, set AWS_REGION",
    ],
    [{ name: "CredentialsProviderError", message: "none" }, ConfigError, "no credentials were found, set"],
    [{ name: "ParameterNotFound" }, UsageError, "in the profile's region of this account"],
    [{ name: "TimeoutError", message: "late" }, SourceError, "the connection broke (TimeoutError)"],
  ];
  for (const [thrown, Kind, words] of table) {
    const error = explainParameterError("a", thrown, {});
    assertEquals(error.constructor, Kind);
    assertStringIncludes(error.message, words);
  }
});

Deno.test("insert_last_hour.sql fits into a parameter of the standard tier: 4 KB", async () => {
  const { length } = new TextEncoder().encode(await insertHourSql());
  assert(length <= 4096, `it has ${length} bytes`);
});
