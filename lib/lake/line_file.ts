/**
 * A file of the scratch folder that is written line by line, through a buffer, for the engine to read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = new LineFile(`${await Deno.makeTempDir()}/a.csv`);
 * file.write("1,2\n");
 * file.close();
 * assertEquals(await Deno.readTextFile(file.path), "1,2\n");
 * await file.remove();
 * ```
 */
export class LineFile {
  readonly path: string;
  #file: Deno.FsFile | null;
  #lines: string[] = [];
  #length = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  /** Adds text; it may stay in the buffer. */
  write(text: string): void {
    this.#lines.push(text);
    this.#length += text.length;
    if (this.#length > 1 << 18) this.#flush();
  }

  #flush(): void {
    const bytes = new TextEncoder().encode(this.#lines.join(""));
    for (let at = 0; at < bytes.length;) at += this.#file!.writeSync(bytes.subarray(at));
    this.#lines = [];
    this.#length = 0;
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.#flush();
    this.#file!.close();
    this.#file = null;
  }

  /** Takes the file away, closed or not. */
  async remove(): Promise<void> {
    this.#file?.close();
    this.#file = null;
    await Deno.remove(this.path);
  }
}
