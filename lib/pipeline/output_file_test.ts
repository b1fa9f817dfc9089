import { assertEquals, assertRejects } from "@std/assert";
import { LakeError, UsageError } from "../core/errors.ts";
import { assertWritable, makeFolder, writeOutput } from "./output_file.ts";

Deno.test("assertWritable() leaves what it looks at as it was, and says what is in the way", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/a.txt`;
    await assertWritable(file);
    assertEquals([...Deno.readDirSync(folder)], []);
    await writeOutput(file, "one\n");
    await assertWritable(file);
    await writeOutput(file, "two\n", { append: true });
    assertEquals(await Deno.readTextFile(file), "one\ntwo\n");
    await makeFolder(`${folder}/b/c`);
    await makeFolder(`${folder}/b/c`);
    const table: [act: () => Promise<void>, error: typeof UsageError | typeof LakeError, message: string][] =
      [
        [() => assertWritable(`${folder}/none/a.txt`), UsageError, "its folder does not exist"],
        [() => assertWritable(folder), UsageError, "it is a folder"],
        [() => assertWritable(`${file}/a.txt`), UsageError, "a file lies where a folder is meant"],
        [() => makeFolder(file), UsageError, "a file lies where a folder is meant"],
        [() => writeOutput(`${folder}/none/a.txt`, ""), LakeError, "its folder does not exist"],
      ];
    for (const [act, error, message] of table) await assertRejects(act, error, message);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
