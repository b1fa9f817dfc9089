import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Command } from "commander";
import { UsageError } from "../../core/errors.ts";
import { checkNotebook } from "./check_notebook.ts";
import { registerNotebooks } from "./register_notebooks.ts";

const testdata = `${import.meta.dirname}/testdata`;

async function run(...args: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const result = { code: undefined as number | undefined, stdout: "", stderr: "" };
  const io = {
    stdout: (text: string) => void (result.stdout += text),
    stderr: (text: string) => void (result.stderr += text),
  };
  const program = new Command().exitOverride();
  registerNotebooks(program, io, (code) => result.code = code);
  await program.parseAsync(["notebooks", ...args], { from: "user" });
  return result;
}

Deno.test("notebooks runs files, reports failures and exits with 1", async () => {
  const { code, stdout, stderr } = await run(`${testdata}/ok.ipynb`, `${testdata}/failing.ipynb`, "--json");
  assertEquals(code, 1);
  assertMatch(stderr, /ok\.ipynb: ok \(\d+\.\d s\)\n.*failing\.ipynb: failed \(/);
  const report = JSON.parse(stdout);
  assertEquals([report.failed, report.exit_code, report.notebooks.length], [1, 1, 2]);
  assertEquals(report.notebooks[1].failure.index, 3);
});

Deno.test("notebooks --write keeps outputs, --clean takes them away", async () => {
  const folder = await Deno.makeTempDir({ dir: testdata, prefix: ".write_" });
  try {
    const path = `${folder}/random.ipynb`;
    await Deno.copyFile(`${testdata}/random.ipynb`, path);
    assertEquals((await run(path, "--write")).code, 0);
    assertEquals((await checkNotebook(path)).filter(({ code }) => code === "output").length, 2);
    assertEquals((await run(path, "--clean")).code, 0);
    assertEquals(await Deno.readTextFile(path), await Deno.readTextFile(`${testdata}/random.ipynb`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("notebooks refuses flags that exclude each other and odd timeouts", async () => {
  await assertRejects(() => run("--check", "--clean"), UsageError, '"--check" and "--clean"');
  for (const seconds of ["0", "soon", "-1"]) {
    await assertRejects(() => run(`--timeout=${seconds}`), UsageError, "--timeout");
  }
});
