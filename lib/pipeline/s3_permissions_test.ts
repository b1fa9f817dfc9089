import { assertEquals, assertStringIncludes } from "@std/assert";
import { Workplace } from "./_test_cli.ts";

/** Runs a command as `deno task` does, with the permissions of `deno.json` and nothing else. */
async function runTask(set: string, args: string[], env: Record<string, string>) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `-P=${set}`, "lib/pipeline/cli.ts", ...args],
    env: { NO_COLOR: "1", AWS_EC2_METADATA_DISABLED: "true", AWS_REGION: "us-east-1", ...env },
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

const KEYS = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "not-a-secret-at-all" };
const LAKE = ["--lake", "s3://some-bucket/lake"];
const COMMANDS: [set: string, args: string[]][] = [
  ["pipeline", ["pipeline", "--source", "demo", ...LAKE]],
  ["ingest", ["ingest", ...LAKE]],
  ["ingest", ["doctor", ...LAKE]],
  ["query", ["query", "SELECT 1", ...LAKE]],
];

Deno.test("deno.json lets commands speak TLS with an S3 store", async () => {
  for (const [set, args] of COMMANDS) {
    const { code, stderr } = await runTask(set, args, {
      ...KEYS,
      AWS_ENDPOINT_URL_S3: "https://127.0.0.1:1",
    });
    assertEquals([args[0], code], [args[0], 3]);
    assertStringIncludes(stderr, "nobody answers at https://127.0.0.1:1 (ECONNREFUSED)");
  }
});

Deno.test("deno.json keeps commands from other hosts, and they say where to add one", async () => {
  for (const [set, args] of COMMANDS) {
    const { code, stderr } = await runTask(set, args, {
      ...KEYS,
      AWS_ENDPOINT_URL_S3: "https://192.0.2.1:9000",
    });
    assertEquals([args[0], code], [args[0], 3]);
    assertStringIncludes(
      stderr,
      'Deno may not reach 192.0.2.1:9000, add "192.0.2.1:9000" to the net permissions',
    );
  }
});

Deno.test("deno.json lets pipeline ask Parameter Store, which says what it misses", async () => {
  await using work = await Workplace.make();
  const args = ["pipeline", "--source", "demo", "--lake", work.lake, "--sql-from", "ssm:/a"];
  const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_PROFILE: "", HOME: "/nowhere" };
  const here = { AWS_ENDPOINT_URL_SSM: "https://192.0.2.1:9000" };
  const table: [env: Record<string, string>, words: string][] = [
    [{ ...KEYS, ...here }, 'Deno may not reach 192.0.2.1:9000, add "192.0.2.1:9000" to the net permissions'],
    [{ ...none, ...here }, "no credentials were found, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"],
    [{ ...KEYS, AWS_REGION: "", HOME: "/nowhere" }, "no region is set, set AWS_REGION to the parameter's"],
  ];
  for (const [env, words] of table) {
    const { code, stderr } = await runTask("pipeline", args, env);
    assertEquals([words, code], [words, 3]);
    assertStringIncludes(stderr, `Cannot read "ssm:/a": ${words}`);
  }
});

Deno.test("commands say that they found no credentials for an S3 lake", async () => {
  const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_PROFILE: "", HOME: "/nowhere" };
  for (const [set, args] of COMMANDS) {
    const { code, stderr } = await runTask(set, args, { ...none, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" });
    assertEquals([args[0], code], [args[0], 3]);
    assertStringIncludes(
      stderr,
      "no credentials were found, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  }
});
