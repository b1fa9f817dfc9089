import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FAULTS } from "../sources/market_faults.ts";
import { Workplace } from "./_test_cli.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("market --faults list names every kind and the ready-made plans", async () => {
  await using work = await Workplace.make();
  const listed = await work.run(["market", "--faults", "list"]);
  assertEquals([listed.code, listed.stderr], [0, ""]);
  for (const { fault, says } of FAULTS) assertMatch(listed.stdout, new RegExp(`^ {2}${fault} +`, "m"), says);
  for (const plan of ["storm", "flaky", "garbage", "drift"]) {
    assertStringIncludes(listed.stdout, `\n  ${plan} `);
  }
  const { stdout } = await work.run(["market", "--faults", "list", "--json"]);
  assertEquals(JSON.parse(stdout).faults, JSON.parse(JSON.stringify(FAULTS)));
});

Deno.test("market refuses wrong flags and plans with exit code 2 and says what to do", async () => {
  await using work = await Workplace.make();
  const broken = await work.file("broken.json", '{"rules": [');
  const wrong = await work.file("wrong.json", '{"rules":[{"fault":"server_error","status":418}]}');
  const cases: [args: string[], words: string][] = [
    [["--speed", "2"], "unknown option '--speed'"],
    [["--port", "70000"], "not a whole number from 0 to 65535"],
    [["--port", "http"], "not a whole number"],
    [["--seed", "-1"], "not a whole number from 0 to 4294967295"],
    [["--now", "yesterday"], "not an ISO 8601 instant"],
    [["--now", "2019-12-31"], "the demo market runs from 2020 to 2099"],
    [["--faults", "earthquake"], "neither a file that can be read nor one of storm, flaky, garbage, drift"],
    [["--faults", broken], "it is not JSON"],
    [["--faults", wrong], "wrong.json: Cannot use the fault plan: rules[0].status: "],
  ];
  for (const [args, words] of cases) {
    const result = await work.run(["market", ...args]);
    assertEquals([args.join(" "), result.code, result.stdout], [args.join(" "), 2, ""]);
    assertStringIncludes(result.stderr, words);
  }
});

Deno.test("market says that a port is taken, with exit code 3", async () => {
  await using work = await Workplace.make();
  using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = taken.addr as Deno.NetAddr;
  const result = await work.run(["market", "--port", String(port)]);
  assertEquals([result.code, result.stdout], [3, ""]);
  assertStringIncludes(
    result.stderr,
    `"${port}": something listens there already, choose another one with --port`,
  );
});

Deno.test("market serves within its permissions, tells each request with its fault, and ends at Ctrl-C with 130", async () => {
  await using work = await Workplace.make();
  const plan = await work.file(
    "plan.json",
    '{"about":"one bad call","rules":[{"path":"/ping","fault":"server_error","status":502,"calls":[1]}]}',
  );
  const args = ["market", "--port", "0", "--seed", "3", "--now", "2026-03-01T12:00:00Z", "--faults", plan];
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-P=market", "lib/pipeline/cli.ts", ...args],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await lines.read();
  const url = /^COINGECKO_BASE_URL=(http:\/\/127\.0\.0\.1:\d+\/api\/v3)\n$/.exec(value)?.[1];
  assert(url !== undefined, value);
  const statuses = [];
  for (
    const path of ["/ping?x_cg_demo_api_key=secret", "/ping", "/simple/price?ids=bitcoin&vs_currencies=usd"]
  ) {
    const response = await fetch(`${url}${path}`);
    assertEquals(response.headers.get("date"), "Sun, 01 Mar 2026 12:00:00 GMT");
    statuses.push(response.status);
    await response.body?.cancel();
  }
  assertEquals(statuses, [502, 200, 200]);
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  assertEquals((await lines.read()).done, true);
  const messages = (await new Response(child.stderr).text()).split("\n");
  assertMatch(
    messages[0]!,
    /seed 3, the clock stands at 2026-03-01T12:00:00Z; faults: one bad call\. Who reads them says --lake/,
  );
  assertEquals(messages.slice(1, 4), [
    "1 /ping 502 fault server_error",
    "2 /ping 200",
    "3 /simple/price 200",
  ]);
});
