import { z } from "zod";
import type { LastActs } from "../core/effects.ts";
import { ConfigError, LakeError, UsageError } from "../core/errors.ts";
import type { Disk } from "./disk.ts";
import type { ObjectStore } from "./store.ts";
import { LocalStore } from "./store_local.ts";
import { s3Settings } from "./store_s3_settings.ts";

/** Real and simulated prices never share a lake. */
export type LakeKind = "live" | "demo";

/** What data are, by the name of their source. */
export function kindOfSource(source: "csv" | "demo" | "coingecko" | "exchange"): LakeKind {
  return source === "demo" ? "demo" : "live";
}

const MARKER = "_lake.json";
const MARKER_SHAPE = z.object({ kind: z.enum(["live", "demo"]) });

/** What the SQL engine takes for a pattern in the path of a file. */
const PATTERN = /[?*[]/;

/** What a store may need from around it. */
export interface StoreOptions {
  /** For S3: see {@linkcode s3Settings}. */
  env?: Readonly<Record<string, string | undefined>>;
  /** For folders: the disk beneath. */
  disk?: Disk | undefined;
  /** What an interrupted process does before it goes: a lock on S3 does not go with it. */
  atInterrupt?: LastActs | undefined;
}

/**
 * The store behind `--lake`: a folder, or `s3://bucket/prefix`. AWS's SDK is loaded for the latter only.
 *
 * @throws {UsageError} where it is another URL, or names no bucket.
 * @throws {ConfigError} where a setting of an S3 lake cannot be used, or a folder's name.
 */
export async function openStore(
  url: string,
  { env = {}, disk, atInterrupt }: StoreOptions = {},
): Promise<ObjectStore> {
  if (/^s3:/i.test(url)) {
    const settings = s3Settings(url, env);
    refusePatterns(settings.scratch, { what: "for local copies", where: "LAKEBOOK_S3_SCRATCH" });
    const { S3Store } = await import("./store_s3.ts");
    return new S3Store(settings, { atInterrupt });
  }
  if (/^[a-z0-9]+:\/\//i.test(url)) {
    throw new UsageError(
      `Cannot open lake "${url}": give --lake a folder, or s3://bucket/prefix`,
    );
  }
  refusePatterns(url, { what: "as a lake", where: "--lake" });
  return new LocalStore(url, disk ? { disk } : {});
}

function refusePatterns(folder: string, { what, where }: { what: string; where: string }): void {
  if (!PATTERN.test(folder)) return;
  throw new ConfigError(
    `Cannot use folder "${folder}" ${what}: the SQL engine takes "?", "*" and "[" in a path for patterns, ` +
      `choose one without them with ${where}`,
  );
}

/** What a lake says it is, or null where nothing has been written yet. */
export async function lakeKind(store: ObjectStore): Promise<LakeKind | null> {
  const bytes = await store.get(MARKER);
  if (!bytes) return null;
  try {
    return MARKER_SHAPE.parse(JSON.parse(new TextDecoder().decode(bytes))).kind;
  } catch (cause) {
    throw new LakeError(
      `Cannot read lake "${store.url}": its ${MARKER} is damaged, write {"kind":"live"} or {"kind":"demo"} into it`,
      { cause },
    );
  }
}

/**
 * Makes sure that a lake is of the wanted kind, and marks a new one.
 *
 * @param options.only what a new lake may become; left out, either.
 * @throws {ConfigError} where simulated prices would go into a live lake, or real ones into a demo lake.
 */
export async function claimLake(
  store: ObjectStore,
  kind: LakeKind,
  { only = kind }: { only?: LakeKind | undefined } = {},
): Promise<void> {
  const found = await lakeKind(store);
  if (found === null && only !== kind) {
    throw new ConfigError(
      `Cannot write ${kind} data to lake "${store.url}": it is to be a ${only} lake, choose another folder with --lake`,
    );
  }
  if (found === null) {
    const made = await store.putNew(MARKER, new TextEncoder().encode(`${JSON.stringify({ kind })}\n`));
    // Somebody else may have marked it in between, and as the other kind.
    if (made === "exists") await claimLake(store, kind);
  } else if (found !== kind) {
    throw new ConfigError(
      `Cannot write ${kind} data to lake "${store.url}": it is a ${found} lake, choose another folder with --lake`,
    );
  }
}
