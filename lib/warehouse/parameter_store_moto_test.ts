import {
  LabelParameterVersionCommand,
  type ParameterType,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../core/errors.ts";
import { insertHourSql } from "./market_hours.ts";
import { readParameter } from "./parameter_store.ts";

/** The same against a server that is not ours: moto, which keeps parameters, versions and labels. */
const endpoint = Deno.env.get("LAKEBOOK_TEST_MOTO_ENDPOINT");
if (endpoint === undefined) {
  Deno.test({ name: "readParameter() on moto (skipped: no moto)", ignore: true, fn: () => {} });
} else {
  Deno.test("readParameter() on moto: names, versions, labels, ARNs, and what is not there", async () => {
    const env = {
      AWS_ENDPOINT_URL_SSM: endpoint,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "not a secret",
    };
    const credentials = { accessKeyId: "test", secretAccessKey: "not a secret" };
    const client = new SSMClient({ endpoint, region: env.AWS_REGION, credentials });
    const put = (Name: string, Value: string, Type: ParameterType) =>
      client.send(new PutParameterCommand({ Name, Value, Type, Overwrite: true }));
    const read = (name: string, others: Record<string, string> = {}) =>
      readParameter(name, {
        env: { ...env, ...others },
        effects: { sleep: () => Promise.resolve(), random: () => 0 },
      });

    const name = `/lakebook/${crypto.randomUUID()}`, sql = await insertHourSql();
    await put(name, "INSERT old", "SecureString");
    await client.send(
      new LabelParameterVersionCommand({ Name: name, ParameterVersion: 1, Labels: ["before"] }),
    );
    await put(name, sql, "SecureString");
    await put(`${name}/list`, "a,b", "StringList");
    client.destroy();

    const arn = `arn:aws:ssm:eu-central-1:123456789012:parameter${name}`;
    assertEquals([await read(name), await read(`${name}:2`), await read(arn)], [sql, sql, sql]);
    assertEquals(await read(arn, { AWS_REGION: "us-east-1" }), sql);
    assertEquals([await read(`${name}:1`), await read(`${name}:before`)], ["INSERT old", "INSERT old"]);
    await assertRejects(() => read(name, { AWS_REGION: "us-east-1" }), UsageError, "in region us-east-1");
    await assertRejects(() => read(`${name}:9`), UsageError, "no such version or label");
    await assertRejects(() => read(`${name}:after`), UsageError, "no such parameter (or label of it)");
    await assertRejects(() => read(`${name}/list`), UsageError, "it is a StringList");
  });
}
