/**
 * The acts by which a local store changes the disk. They stand behind an interface so that tests can make any of
 * them fail, or kill the process before, within or after it.
 */
export interface Disk {
  /** Writes a new file, or an old one anew. Not yet safe from a power cut: see {@linkcode Disk.sync}. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Brings a file's bytes, or a folder's entries, from the system's memory to the disk. */
  sync(path: string): Promise<void>;
  /** Moves a file over whatever is there, in one act. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name, in one act. @throws {Deno.errors.AlreadyExists} where the name is taken. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it. */
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it. */
  mkdir(path: string): Promise<void>;
}

/** The machine's own disk. */
export const DISK: Disk = {
  writeFile: (path, bytes) => Deno.writeFile(path, bytes),
  async sync(path) {
    using file = await Deno.open(path, { read: true });
    await file.sync();
  },
  rename: (from, to) => Deno.rename(from, to),
  link: (from, to) => Deno.link(from, to),
  remove: (path) => Deno.remove(path, { recursive: true }),
  mkdir: (path) => Deno.mkdir(path, { recursive: true }),
};
