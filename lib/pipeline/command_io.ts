import type { Effects, LastActs } from "../core/effects.ts";
import type { Disk } from "../lake/disk.ts";

/** What the command line has of the process around it; a test hands in its own. */
export interface ProcessIo {
  env: Readonly<Record<string, string | undefined>>;
  fetch: typeof fetch;
  /** Data. */
  stdout: (text: string) => void;
  /** Messages. */
  stderr: (text: string) => void;
  /** The clock, unless `--now` fixes it; the real one where it is left out. */
  now?: () => Date;
  /** Waiting; the real one where it is left out. */
  sleep?: Effects["sleep"];
  /** The disk beneath a local lake; the real one where it is left out. */
  disk?: Disk;
  /**
   * What has to be done, for a few seconds at most, before an interrupted process goes: a query on Athena costs, a lock
   * on S3 lives on.
   */
  atInterrupt?: LastActs;
  /** Whether stderr is a terminal that can be redrawn. */
  terminal: boolean;
}

/** The same for one command, whose clock may be fixed by `--now`. */
export interface CommandIo extends ProcessIo {
  effects: Effects;
}
