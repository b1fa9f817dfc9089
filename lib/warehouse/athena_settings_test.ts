import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../core/errors.ts";
import { athenaSettings } from "./athena_settings.ts";

const OUTPUT = { LAKEBOOK_ATHENA_OUTPUT: "s3://bucket/results/" };

Deno.test("athenaSettings() needs a place for results or a workgroup, and names both variables", () => {
  const empty = [{}, { LAKEBOOK_ATHENA_OUTPUT: " ", LAKEBOOK_ATHENA_WORKGROUP: "" }];
  for (const env of empty) {
    const error = assertThrows(() => athenaSettings(env), ConfigError);
    assert(/neither LAKEBOOK_ATHENA_OUTPUT nor LAKEBOOK_ATHENA_WORKGROUP is set, write/.test(error.message));
  }
  assertEquals(athenaSettings({ LAKEBOOK_ATHENA_WORKGROUP: "analysts" }).workgroup, "analysts");
});

Deno.test("athenaSettings() reads amounts with their units, and has defaults", () => {
  const table: [text: string, bytes: number][] = [
    ["1", 1],
    ["1500", 1500],
    ["500MB", 500e6],
    ["2.5 gb", 2.5e9],
    ["2TB", 2e12],
    ["1kb", 1000],
  ];
  for (const [text, bytes] of table) {
    assertEquals(athenaSettings({ ...OUTPUT, LAKEBOOK_ATHENA_BYTE_BUDGET: text }).byte_budget, bytes);
  }
  const { byte_budget, reuse_minutes, usd_per_tb } = athenaSettings(OUTPUT);
  assertEquals([byte_budget, reuse_minutes, usd_per_tb], [10e9, 0, 5]);
});

Deno.test("athenaSettings() reads address, region and credentials as every service of AWS does", () => {
  const env = {
    ...OUTPUT,
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
    AWS_ENDPOINT_URL_ATHENA: "http://127.0.0.1:2",
    AWS_ENDPOINT_URL_S3: "http://127.0.0.1:3",
  };
  assertEquals(athenaSettings(env).endpoint, "http://127.0.0.1:2");
  assertEquals(athenaSettings({ ...OUTPUT, AWS_REGION: "eu-central-1" }).region, "eu-central-1");
});

Deno.test("athenaSettings() says which variable cannot be used, what it is and what to write", () => {
  const table: [name: string, values: string[]][] = [
    ["LAKEBOOK_ATHENA_OUTPUT", ["bucket", "s3://", "s3://b/it's", "https://bucket/x"]],
    ["LAKEBOOK_ATHENA_WORKGROUP", ["a b", "x".repeat(129), "a;b"]],
    ["LAKEBOOK_ATHENA_BYTE_BUDGET", ["0", "-1", "ten", "10 XB", "1e3"]],
    ["LAKEBOOK_ATHENA_REUSE_MINUTES", ["-1", "1.5", "10081", "soon"]],
    ["LAKEBOOK_ATHENA_USD_PER_TB", ["-5", "five"]],
  ];
  for (const [name, values] of table) {
    for (const value of values) {
      assertThrows(
        () => athenaSettings({ ...OUTPUT, [name]: value }),
        ConfigError,
        `Cannot use "${name}": it is "${value}", write `,
      );
    }
  }
});
