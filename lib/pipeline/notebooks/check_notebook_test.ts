import { assertEquals } from "@std/assert";
import { checkNotebook, problemLine } from "./check_notebook.ts";

const testdata = `${import.meta.dirname}/testdata`;

Deno.test("checkNotebook() accepts names declared again, top-level await and displayed values", async () => {
  assertEquals(await checkNotebook(`${testdata}/ok.ipynb`), []);
});

Deno.test("checkNotebook() maps type errors and lint to cell and line", async () => {
  const problems = await checkNotebook(`${testdata}/type_error.ipynb`);
  assertEquals(problems.map(({ cell, line, code }) => [cell, line, code]), [
    [2, 1, "TS2322"],
    [2, 3, "prefer-const"],
    [2, 5, "no-unused-vars"],
  ]);
  assertEquals(
    problemLine("a.ipynb", problems[0]!),
    "a.ipynb, cell 2, line 1: TS2322: Type 'number' is not assignable to type 'string'.",
  );
});

Deno.test("checkNotebook() shows the line that cannot be parsed", async () => {
  const problems = await checkNotebook(`${testdata}/syntax_error.ipynb`);
  assertEquals(problems.map(({ cell, line, code }) => [cell, line, code]), [[2, 1, "syntax"]]);
});

Deno.test("checkNotebook() finds outputs, counts, empty and long cells", async () => {
  const problems = await checkNotebook(`${testdata}/dirty.ipynb`);
  assertEquals(problems.map(({ cell, code }) => [cell, code]), [
    [2, "output"],
    [2, "execution-count"],
    [3, "empty-cell"],
    [4, "long-cell"],
  ]);
});

Deno.test("checkNotebook() leaves no file behind", async () => {
  // A folder of its own, for other tests check notebooks in testdata at the same time.
  const folder = await Deno.makeTempDir({ dir: testdata, prefix: ".check_" });
  try {
    await Deno.copyFile(`${testdata}/type_error.ipynb`, `${folder}/type_error.ipynb`);
    assertEquals((await checkNotebook(`${folder}/type_error.ipynb`)).length > 0, true);
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["type_error.ipynb"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
