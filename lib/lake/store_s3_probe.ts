/** Whether a store keeps the conditions of writes: without that two writers could undo each other. */
import { ConfigError } from "../core/errors.ts";
import type { S3Bucket } from "./store_s3_bucket.ts";
import { bodyOf } from "./store_s3_body.ts";
import { ConditionFailed } from "./store_s3_errors.ts";

/** Keys of the probes' objects, which no list shows. */
const PROBES = "_probe/";

const ASKED = new Map<string, Promise<void>>();

/**
 * Writes a small object of its own four times and takes it away again: `If-None-Match` and `If-Match` must hold.
 * Each bucket is asked once in a process.
 *
 * @throws {ConfigError} where the store ignores or does not know conditions.
 */
export async function probeConditions(bucket: S3Bucket): Promise<void> {
  const { endpoint = "", bucket: name, sse = "" } = bucket.settings;
  const id = `${endpoint} ${name} ${sse}`;
  const asked = ASKED.get(id) ?? askConditions(bucket);
  ASKED.set(id, asked);
  try {
    await asked;
  } catch (error) {
    ASKED.delete(id);
    throw error;
  }
}

async function askConditions(bucket: S3Bucket): Promise<void> {
  const key = `${PROBES}${crypto.randomUUID()}`;
  const refuses = (etag: string | null) =>
    bucket.put(key, bodyOf(`not ${etag}`), { etag }).then(() => false, (error) => {
      if (error instanceof ConditionFailed) return true;
      throw error;
    });
  try {
    // A lost reply makes the SDK send it again and see its own object: that one is there, so all is well.
    const first = bodyOf("first");
    const etag = await bucket.put(key, first, { etag: null }).catch(async (error) => {
      const found = await bucket.head(key).catch(() => null);
      if (found?.write !== first.write) throw error;
      return found.etag;
    });
    if (!await refuses(null)) throw ignored(bucket, "If-None-Match");
    if (!await refuses(`"${"0".repeat(32)}"`)) throw ignored(bucket, "If-Match");
    await bucket.put(key, bodyOf("second"), { etag });
  } catch (error) {
    // Whoever may not write may not delete: the first word is the one that counts.
    await bucket.delete(key).catch(() => {});
    throw error;
  }
  await bucket.delete(key);
}

function ignored(bucket: S3Bucket, header: string): ConfigError {
  return new ConfigError(
    `Cannot write to lake "${bucket.url}": this store ignores conditional writes (${header}), so two runs could ` +
      `undo each other; use AWS S3, MinIO, Versity S3 Gateway or another store that has them, or a folder`,
  );
}
