/** The flags of `ingest`, `replay` and `doctor`. */
import type { Command } from "commander";
import type { CommandIo } from "../command_io.ts";
import { LAKE_TO_READ } from "../lake_option.ts";

/** Adds the three commands; each loads its own code when it runs. */
export function registerIngest(
  program: Command,
  io: (flags: Record<string, unknown>) => CommandIo,
  run: (code: number) => void,
): void {
  program.command("ingest")
    .description(
      "one market snapshot (250 coins, a slot of five minutes) and Bitcoin tick, or a loop of them",
    )
    .option("--every <duration>", "go on, once every 1m, 5m, 1h, … of the clock")
    .option("--for <duration>", "how long to go on (default: until interrupted)")
    .option("--lake <place>", "folder or s3://bucket/prefix of the lake (default: data/lake)")
    .option("--now <time>", "run as if it were this time (ISO 8601)")
    .option("--dry-run", "say what would be asked for; ask and write nothing")
    .option("--json", "print a summary as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { ingestCommand } = await import("./ingest_command.ts");
      run(await ingestCommand(flags, io(flags)));
    });

  program.command("replay")
    .description("redrives the dead letters; exit code 7 while some wait")
    .option("--step <name>", "only letters of this step, such as ingest or process")
    .option("--discard", "do not redrive: settle them as lost, and write that into the run log")
    .option(...LAKE_TO_READ)
    .option("--now <time>", "run as if it were this time (ISO 8601)")
    .option("--dry-run", "say what would be redriven; change nothing")
    .option("--json", "print a summary as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { replayCommand } = await import("./replay_command.ts");
      run(await replayCommand(flags, io(flags)));
    });

  program.command("doctor")
    .description("is the lake whole, settled and fresh? exit code 8 where an object is damaged")
    .option("--quarantine", "move damaged objects to quarantine/, so that the next run makes them again")
    .option(...LAKE_TO_READ)
    .option("--now <time>", "run as if it were this time (ISO 8601)")
    .option("--json", "print {healthy, findings} as JSON on stdout")
    .action(async (flags: Record<string, unknown>) => {
      const { doctorCommand } = await import("../doctor_command.ts");
      run(await doctorCommand(flags, io(flags)));
    });
}
