import { assertEquals, assertThrows } from "@std/assert";
import { SourceError } from "../../core/errors.ts";
import { codeCells, parseNotebook, readNotebook, serialiseNotebook, stripOutputs } from "./notebook.ts";

const testdata = `${import.meta.dirname}/testdata`;

Deno.test("serialiseNotebook() gives back the bytes of every notebook in testdata", async () => {
  for await (const { name } of Deno.readDir(testdata)) {
    // Other tests work here at the same time, in folders and files of their own.
    if (!name.endsWith(".ipynb")) continue;
    const text = await Deno.readTextFile(`${testdata}/${name}`);
    assertEquals(serialiseNotebook(parseNotebook(text, name)), text, name);
  }
});

Deno.test("parseNotebook() says what is wrong with a file", () => {
  const table: [string, string][] = [
    ["{", 'Cannot read "a.ipynb": it is not JSON'],
    ["[]", "nbformat is missing"],
    ['{"nbformat": 3}', "nbformat is 3 but must be 4"],
    ['{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "cells:"],
    [
      '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "x"}]}',
      "cells.0.cell_type",
    ],
  ];
  for (const [text, part] of table) assertThrows(() => parseNotebook(text, "a.ipynb"), SourceError, part);
});

Deno.test("stripOutputs() keeps outputs of cells tagged keep_output only", async () => {
  const notebook = stripOutputs(await readNotebook(`${testdata}/dirty.ipynb`));
  assertEquals(codeCells(notebook).map(({ code }) => code.outputs.length), [0, 0, 0, 1]);
  assertEquals(codeCells(notebook).map(({ code }) => code.execution_count), [null, null, null, null]);
});
