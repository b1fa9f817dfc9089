/** For tests: a disk whose n-th act fails, or kills the process, before, within or after it. */
import { DISK, type Disk } from "./disk.ts";

/** When the fault strikes; `within` leaves half of a written file. */
export type Moment = "before" | "within" | "after";

/** One fault of one disk. */
export interface DiskFault {
  /** Which act, counted from 1. Only acts of `only` count, where given. */
  at: number;
  moment: Moment;
  only?: keyof Disk;
  /** What happens; a function that returns makes the act succeed. */
  strike: () => void;
}

/** Counts the acts of a disk, names them, and lets a fault strike at one of them. */
export class FaultyDisk implements Disk {
  /** `rename processed/a.ndjson.gz`: what was done, in order. */
  readonly acts: string[] = [];
  #counted = 0;
  #fault: DiskFault | null;
  #dead: () => boolean;

  /** Where `dead` says so, nothing can be done any more: that is how a crash looks from within one process. */
  constructor(fault: DiskFault | null = null, { dead = () => false }: { dead?: () => boolean } = {}) {
    this.#fault = fault;
    this.#dead = dead;
  }

  writeFile(path: string, bytes: Uint8Array): Promise<void> {
    return this.#act("writeFile", path, () => DISK.writeFile(path, bytes), async () => {
      await DISK.writeFile(path, bytes.subarray(0, bytes.length >> 1));
    });
  }

  sync(path: string): Promise<void> {
    return this.#act("sync", path, () => DISK.sync(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#act("rename", to, () => DISK.rename(from, to));
  }

  link(from: string, to: string): Promise<void> {
    return this.#act("link", to, () => DISK.link(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#act("remove", path, () => DISK.remove(path));
  }

  mkdir(path: string): Promise<void> {
    return this.#act("mkdir", path, () => DISK.mkdir(path));
  }

  async #act(name: keyof Disk, path: string, whole: () => Promise<void>, half = whole): Promise<void> {
    if (this.#dead()) this.#fault!.strike();
    this.acts.push(`${name} ${path}`);
    const fault = this.#fault;
    const counts = fault !== null && (fault.only === undefined || fault.only === name);
    if (!counts || ++this.#counted !== fault.at) return await whole();
    if (fault.moment === "before") fault.strike();
    await (fault.moment === "within" ? half() : whole());
    if (fault.moment !== "before") fault.strike();
  }
}

/** Ends this process as a power cut would: no cleanup runs. */
export function killMyself(): void {
  Deno.kill(Deno.pid, "SIGKILL");
  // The signal is delivered before anything else runs.
  while (true);
}

/** What the system says when a disk is full. */
export function diskFull(): never {
  throw new Error("No space left on device (os error 28)");
}
