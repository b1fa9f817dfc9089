/** The bytes at the end of a Parquet file, which hold its footer. */
import { LakeError } from "../core/errors.ts";
import type { ObjectInfo, ObjectStore } from "../lake/store.ts";

/** A footer of a usual file lies within its last bytes, so that one range is enough. */
const TAIL_BYTES = 64 << 10;
/** Magic, footer, length of the footer, magic. */
const SMALLEST_FILE = 12;

/**
 * Reads the end of a file with the whole footer, in one range or, where it is long, two.
 *
 * @throws {LakeError} where the object is gone, torn, or no Parquet file.
 */
export async function readTail(store: ObjectStore, { key, size }: ObjectInfo): Promise<Uint8Array> {
  const fail = (state: string) => unreadableParquet(store, key, state);
  const last = async (length: number) => {
    const bytes = await store.getRange(key, size - length, length);
    if (bytes?.length !== length) throw fail("it is gone");
    return bytes;
  };
  if (size < SMALLEST_FILE) throw fail(`it has ${size} bytes, too few for a Parquet file`);
  const tail = await last(Math.min(size, TAIL_BYTES));
  const magic = new TextDecoder("latin1").decode(tail.subarray(-4));
  if (magic === "PARE") throw fail("its footer is encrypted, which is not supported");
  if (magic !== "PAR1") throw fail(`it does not end as a Parquet file does (truncated, or another format)`);
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(tail.length - 8, true);
  if (length + 8 > size) throw fail(`its footer claims ${length} bytes of a file of ${size}`);
  return length + 8 > tail.length ? await last(length + 8) : tail;
}

/** The error of a file that is no sound Parquet file. */
export function unreadableParquet(
  store: ObjectStore,
  key: string,
  state: string,
  cause?: unknown,
): LakeError {
  return new LakeError(
    `Cannot read "${store.locate(key)}": ${state}, write the file again or take it out of the dataset`,
    { cause },
  );
}
