import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigError, LakeError } from "../core/errors.ts";
import { storeContract } from "./_test_store_contract.ts";
import { explainWriteError, LocalStore } from "./store_local.ts";

const bytes = new TextEncoder().encode("x");

storeContract("LocalStore", async () => {
  const folder = await Deno.makeTempDir();
  const module = JSON.stringify(import.meta.resolve("./store_local.ts"));
  return {
    open: () => new LocalStore(`${folder}/lake/`),
    script: `new (await import(${module})).LocalStore(${JSON.stringify(`${folder}/lake`)})`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
});

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("LocalStore names itself without a slash at its end", () => {
  for (const [given, url] of [["data", "data"], ["data/", "data"], ["/", "/"], ["a/b//", "a/b"]]) {
    assertEquals(new LocalStore(given!).url, url);
  }
  assertEquals(new LocalStore("data/").locate("raw/a.csv"), "data/raw/a.csv");
});

Deno.test("LocalStore does not make its folder by reading", () =>
  inFolder(async (folder) => {
    const store = new LocalStore(`${folder}/lake`);
    assertEquals([await store.head("a"), await store.get("a")], [null, null]);
    assertEquals(await store.list(""), []);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("LocalStore put() explains a file that stands where a folder is needed", () =>
  inFolder(async (folder) => {
    const store = new LocalStore(folder);
    await store.put("a", bytes);
    await assertRejects(
      () => store.put("a/b/c", bytes),
      ConfigError,
      'Cannot write "a/b/c": a file stands where',
    );
    await Deno.writeTextFile(`${folder}/plain`, "");
    for (const below of ["plain", "plain/deeper"]) {
      const lost = new LocalStore(`${folder}/${below}`);
      await assertRejects(() => lost.put("a", bytes), ConfigError, "choose another folder with --lake");
      await assertRejects(() => lost.lock("me"), ConfigError, "a file stands where a folder is needed");
    }
    assertEquals(await store.get("a"), bytes);
  }));

Deno.test("LocalStore put() explains a folder that stands where the object belongs, and harms nothing", () =>
  inFolder(async (folder) => {
    const store = new LocalStore(folder);
    await store.put("a/b", bytes);
    await assertRejects(() => store.put("a", bytes), LakeError, 'Cannot write "a"');
    assertEquals(await store.get("a/b"), bytes);
  }));

Deno.test("LocalStore leaves nothing but objects once it is closed", () =>
  inFolder(async (folder) => {
    const store = new LocalStore(folder);
    {
      await using _lock = await store.lock("me");
      await store.put("a/b", bytes);
      await Deno.writeTextFile(`${await store.scratch()}/rest`, "x");
    }
    await store.close();
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["_lock", "_tmp", "a"]);
    assertEquals([...Deno.readDirSync(`${folder}/_tmp`)], []);
    assertEquals(await Deno.readTextFile(`${folder}/_lock`), "");
  }));

Deno.test("LocalStore clears what a killed writer left, and leaves a living one's files", () =>
  inFolder(async (folder) => {
    const living = new LocalStore(folder);
    await Deno.writeTextFile(`${await living.scratch()}/half`, "x");
    const module = new URL("./store_local.ts", import.meta.url).href;
    const code = `import { LocalStore } from ${JSON.stringify(module)};
      await Deno.writeTextFile((await new LocalStore(${JSON.stringify(folder)}).scratch()) + "/half", "x");
      Deno.kill(Deno.pid, "SIGKILL");`;
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(script, code);
    const { signal } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", "--config", "deno.json", script],
    }).output();
    await Deno.remove(script);
    assertEquals(signal, "SIGKILL");
    const halves = () =>
      [...Deno.readDirSync(`${folder}/_tmp`)].filter(({ isDirectory }) => isDirectory).length;
    assertEquals(halves(), 2);
    const next = new LocalStore(folder);
    await next.scratch();
    assertEquals(halves(), 2);
    assertEquals(await Deno.readTextFile(`${await living.scratch()}/half`), "x");
    await next.close();
    await living.close();
    assertEquals(halves(), 0);
  }));

Deno.test("LocalStore lock() says that the disk is full, and leaves the lake free", () =>
  inFolder(async (folder) => {
    const store = new LocalStore(folder);
    const { write } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.write = () => Promise.reject(new Error("No space left on device (os error 28)"));
    try {
      await assertRejects(() => store.lock("me"), LakeError, `Cannot write "${folder}": the disk is full`);
    } finally {
      Deno.FsFile.prototype.write = write;
    }
    await using _lock = await store.lock("me");
  }));

Deno.test("LocalStore lock() is not fooled by the text of a run that crashed", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/_lock`, "a run of last year with a long name\n");
    const store = new LocalStore(folder);
    await using _lock = await store.lock("me");
    assertEquals(await Deno.readTextFile(`${folder}/_lock`), "me\n");
  }));

const PERMISSION = "permission denied, give this user write access or choose another folder with --lake";
const FULL = "the disk is full, free some space and run again; what was in the lake before is unharmed";
const STANDS = "a file stands where a folder is needed, choose another folder with --lake";

Deno.test("explainWriteError() says what to do about each kind of failure", () => {
  const table: [
    error: unknown,
    ErrorClass: typeof ConfigError | typeof LakeError,
    text: string,
    again: boolean,
  ][] = [
    [new Deno.errors.PermissionDenied("x"), ConfigError, PERMISSION, false],
    [new Deno.errors.NotCapable("x"), ConfigError, PERMISSION, false],
    [new Error("Permission denied (os error 13)"), ConfigError, PERMISSION, false],
    [new Error('IO Error: Cannot open file "a": Permission denied'), ConfigError, PERMISSION, false],
    [new Error("Read-only file system (os error 30)"), ConfigError, PERMISSION, false],
    [new Error("No space left on device (os error 28)"), LakeError, FULL, true],
    [new Error("ENOSPC: no space left on device, write"), LakeError, FULL, true],
    [new Error("Could not write file: Disk quota exceeded"), LakeError, FULL, true],
    [new Error("File too large (os error 27)"), LakeError, FULL, true],
    [new Deno.errors.AlreadyExists("File exists (os error 17)"), ConfigError, STANDS, false],
    [new Error("Not a directory (os error 20)"), ConfigError, STANDS, false],
    [new Error("Input/output error"), LakeError, "Input/output error, see the cause and run again", false],
    ["a text", LakeError, "a text, see the cause and run again", false],
  ];
  for (const [cause, ErrorClass, text, again] of table) {
    const error = explainWriteError("a/b.parquet", cause);
    assert(error instanceof ErrorClass, `${error.name} for ${cause}`);
    assertEquals(error.message, `Cannot write "a/b.parquet": ${text}`);
    assertEquals([error.retryable, error.cause], [again, cause]);
  }
});

Deno.test("explainWriteError() leaves errors alone that say what to do already", () => {
  for (const error of [new ConfigError("Cannot"), new LakeError("Cannot")]) {
    assertEquals(explainWriteError("a", error) === error, true);
  }
});

Deno.test("explainWriteError() knows the system's own words for a full disk", async () => {
  const device = "/dev/full";
  if (!await Deno.stat(device).then(() => true, () => false)) {
    return console.log(`skipped: no ${device} here`);
  }
  const cause = await assertRejects(() => Deno.writeFile(device, bytes));
  assertStringIncludes(explainWriteError("a", cause).message, "the disk is full");
});
