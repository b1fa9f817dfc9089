/** What a person may ask `deno task train` for. */
import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import { nearestName } from "../../core/nearest_name.ts";
import { TARGET_NAMES } from "../../features/targets.ts";
import type { Contestant } from "../../models/leaderboard.ts";
import type { Settings } from "../../models/tune.ts";
import { readFlags, whole } from "../read_flags.ts";

const DAY = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "give a day as YYYY-MM-DD");

const FLAGS = z.object({
  model: z.string(),
  target: z.enum(TARGET_NAMES),
  ohlcv: z.string().optional(),
  lake: z.string().min(1).optional(),
  symbol: z.string().default("BTCUSD"),
  horizon: whole(1).default(1),
  ahead: whole(1).optional(),
  since: DAY.optional(),
  tune: z.literal([true, "random", "grid"], "choose random or grid").optional(),
  trials: whole(1).optional(),
  set: z.array(z.string()).default([]),
  seed: whole(0, 2 ** 31 - 1).default(1),
  epochs: whole(1).optional(),
  resume: z.boolean().default(false),
  threads: whole(1, 64).optional(),
  backend: z.enum(["cpu", "webgpu"]),
  models: z.string().min(1).optional(),
  json: z.boolean().default(false),
});

/** Flags with their defaults. */
export type TrainFlags = z.infer<typeof FLAGS>;

/**
 * Checks the flags.
 *
 * @throws {UsageError} where one is out of range, or of no use to the model.
 */
export function readTrainFlags(input: unknown): TrainFlags {
  const flags = readFlags(FLAGS, input);
  const asked = Object.entries({
    epochs: flags.epochs,
    resume: flags.resume || undefined,
    threads: flags.threads,
    ahead: flags.ahead,
    backend: flags.backend === "cpu" ? undefined : flags.backend,
  }).find(([, value]) => value !== undefined);
  if (flags.model !== "lstm" && asked) {
    throw new UsageError(`Cannot use --${asked[0]} with ${flags.model}: it is for lstm, leave it out`);
  }
  if (flags.ahead !== undefined && flags.horizon !== 1) {
    throw new UsageError(
      `Cannot combine --ahead with --horizon ${flags.horizon}: each forecast is fed back as tomorrow's value, leave ` +
        "--horizon out, or --ahead",
    );
  }
  if (flags.trials !== undefined && (flags.tune === undefined || flags.tune === "grid")) {
    throw new UsageError(
      `Cannot use --trials ${
        flags.tune === "grid" ? "with --tune grid" : "without --tune"
      }: it says how many choices ` +
        "a random search tries, give --tune random or leave it out",
    );
  }
  if (flags.resume && flags.backend === "webgpu") {
    throw new UsageError("Cannot combine --resume with --backend webgpu: that training keeps no checkpoints");
  }
  if (flags.resume && flags.tune !== undefined) {
    throw new UsageError("Cannot combine --resume with --tune: give the settings that it chose with --set");
  }
  return flags;
}

/**
 * Settings of `--set` and `--epochs`.
 *
 * @throws {UsageError} for a setting that the model does not have, or that is no number.
 */
export function chosenSettings(
  { set, epochs, model }: TrainFlags,
  { space = {}, knobs = [] }: Contestant,
): Settings {
  const names = [...Object.keys(space), ...knobs];
  const settings: Record<string, number> = epochs === undefined ? {} : { epochs };
  for (const text of set) {
    const [, name = "", value = ""] = /^([^=]*)=(.*)$/.exec(text) ?? [];
    if (!names.includes(name)) {
      const nearest = nearestName(name, names);
      throw new UsageError(
        `Cannot use --set ${text}: ${model} has ${
          names.length === 0 ? "no settings" : `the settings ${names.join(", ")}`
        }${nearest ? `, did you mean ${nearest}?` : ", give one as name=value"}`,
      );
    }
    if (value.trim() === "" || !Number.isFinite(Number(value))) {
      throw new UsageError(`Cannot use --set ${text}: "${value}" is no number, give one`);
    }
    settings[name] = Number(value);
  }
  return settings;
}
