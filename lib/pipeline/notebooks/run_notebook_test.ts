import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compareNotebook } from "./compare_notebook.ts";
import { failureReport, runNotebook } from "./run_notebook.ts";

const testdata = `${import.meta.dirname}/testdata`;

Deno.test("runNotebook() collects streams, displays, results and errors on purpose", async () => {
  const run = await runNotebook(`${testdata}/ok.ipynb`);
  assertEquals(run.status, "ok", failureReport(run));
  assertEquals(run.cells.map(({ index, execution_count }) => [index, execution_count]), [
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 4],
    [6, 5],
    [7, 6],
  ]);
  assertEquals(run.cells.slice(0, 4).map(({ outputs }) => outputs), [
    [],
    [
      { output_type: "stream", name: "stdout", text: "first\nsecond\n" },
      { output_type: "stream", name: "stderr", text: "careful\n" },
    ],
    [{
      output_type: "execute_result",
      execution_count: 3,
      data: { "text/plain": "chart", "image/svg+xml": "<svg/>" },
      metadata: {},
    }],
    [
      { output_type: "display_data", data: { "text/html": "<b>ü</b>" }, metadata: {} },
      {
        output_type: "execute_result",
        execution_count: 4,
        data: { "text/plain": '"1970-01-01"' },
        metadata: {},
      },
    ],
  ]);
  assertEquals(run.cells[4]?.outputs.map(({ output_type }) => output_type), ["error"]);
});

Deno.test("runNotebook() stops at a failing cell and reports it", async () => {
  const run = await runNotebook(`${testdata}/failing.ipynb`);
  assertEquals([run.status, run.cells.length, run.failure?.ename], ["failed", 2, "TypeError"]);
  const report = failureReport(run);
  assertStringIncludes(report, "failing.ipynb, cell 3: failed\n  1 | // a comment\n");
  assertStringIncludes(report, "\nTypeError: no mean of 1,2,3\n");
});

Deno.test("runNotebook() says that a cell cannot be parsed", async () => {
  const { status, failure } = await runNotebook(`${testdata}/syntax_error.ipynb`);
  assertEquals([status, failure?.index, failure?.ename], ["failed", 2, "SyntaxError"]);
});

Deno.test("runNotebook() ends an endless cell and keeps the outputs before it", async () => {
  const run = await runNotebook(`${testdata}/endless.ipynb`, { timeoutMs: 500 });
  assertEquals([run.status, run.failure?.index], ["timeout", 2]);
  assertEquals(run.cells[0]?.outputs, [{ output_type: "stream", name: "stdout", text: "before\n" }]);
});

Deno.test("runNotebook() notices that a cell ends the kernel", async () => {
  const run = await runNotebook(`${testdata}/exiting.ipynb`);
  assertEquals([run.status, run.failure?.index], ["kernel_died", 1]);
  assertStringIncludes(failureReport(run), "exit code 7");
});

Deno.test("compareNotebook() finds the first cell that differs", async () => {
  const { run, difference } = await compareNotebook(`${testdata}/random.ipynb`);
  assertEquals([run.status, difference?.index], ["ok", 2]);
});

Deno.test("compareNotebook() finds no difference in a deterministic notebook", async () => {
  const { run, difference } = await compareNotebook(`${testdata}/ok.ipynb`);
  assertEquals(run.status, "ok");
  assert(difference === undefined, JSON.stringify(difference));
});
