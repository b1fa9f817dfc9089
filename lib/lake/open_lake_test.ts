import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LakeError, UsageError } from "../core/errors.ts";
import { claimLake, lakeKind, openStore } from "./open_lake.ts";

Deno.test("openStore() opens folders and buckets, and refuses every other URL", async () => {
  assertEquals((await openStore("data/")).url, "data");
  const bucket = await openStore("s3://bucket/pre/fix/");
  assertEquals(bucket.url, "s3://bucket/pre/fix");
  await bucket.close();
  for (const url of ["file:///tmp", "https://example.org", "s3://", "S3://Upper", "s3://b/../c"]) {
    await assertRejects(() => openStore(url), UsageError, `Cannot open lake "${url}"`);
  }
});

Deno.test("openStore() refuses folders whose names are patterns to the SQL engine", async () => {
  for (const url of ["data/l?ke", "data/lake*", "data/[x]/lake"]) {
    await assertRejects(() => openStore(url), ConfigError, `Cannot use folder "${url}" as a lake`);
  }
  const env = { LAKEBOOK_S3_SCRATCH: "copies[1]" };
  await assertRejects(
    () => openStore("s3://bucket/lake", { env }),
    ConfigError,
    'Cannot use folder "copies[1]" for local copies',
  );
  assertEquals((await openStore("it's 100 % mine (2)")).url, "it's 100 % mine (2)");
});

Deno.test("claimLake() marks a new lake and refuses the other kind, both ways", async () => {
  for (const [kind, other] of [["live", "demo"], ["demo", "live"]] as const) {
    const folder = await Deno.makeTempDir();
    const store = await openStore(folder);
    assertEquals(await lakeKind(store), null);
    await claimLake(store, kind);
    await claimLake(store, kind);
    assertEquals(await lakeKind(store), kind);
    assertEquals(await Deno.readTextFile(`${folder}/_lake.json`), `{"kind":"${kind}"}\n`);
    await assertRejects(
      () => claimLake(store, other),
      ConfigError,
      `Cannot write ${other} data to lake "${folder}": it is a ${kind} lake, choose another folder with --lake`,
    );
    assertEquals(await lakeKind(store), kind);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("lakeKind() refuses a marker that is damaged or of an unknown kind", async () => {
  const folder = await Deno.makeTempDir();
  for (const text of ["", "{", '{"kind":"test"}', "null"]) {
    await Deno.writeTextFile(`${folder}/_lake.json`, text);
    await assertRejects(() => openStore(folder).then(lakeKind));
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("lakeKind() names a damaged marker and says how to mend it", async () => {
  const store = await openStore(await Deno.makeTempDir());
  await store.put("_lake.json", new TextEncoder().encode('{"kind":'));
  await assertRejects(() => lakeKind(store), LakeError, "_lake.json is damaged");
});
