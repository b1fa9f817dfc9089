/** One whole run: steps in order, a summary, a record in the ledger. */
import { Listr, ListrLogger, ProcessOutput } from "listr2";
import process from "node:process";
import type { Effects } from "../core/effects.ts";
import { UsageError } from "../core/errors.ts";
import { waitingLetters } from "../lake/dead_letters.ts";
import { claimLake, kindOfSource, type LakeKind, lakeKind } from "../lake/open_lake.ts";
import { logRun, newRunId } from "../lake/run_log.ts";
import type { ObjectStore } from "../lake/store.ts";
import { RunContext, type RunSettings, type StepResult, type StepSummary } from "./context.ts";
import { EXIT, exitCodeOf } from "./exit_codes.ts";
import { recoverIncoming } from "./ingest/settle.ts";
import { lettersWait } from "./letters_wait.ts";

/** Steps by name, in order. Each is loaded when it is needed, so that a run pays only for what it does. */
export const STEPS: Readonly<Record<string, () => Promise<(context: RunContext) => Promise<StepResult>>>> = {
  ingest: async () => (await import("./steps/ingest.ts")).ingestStep,
  process: async () => (await import("./steps/process.ts")).processStep,
  materialize: async () => (await import("./steps/materialize.ts")).materializeStep,
  quality: async () => (await import("./steps/quality.ts")).qualityStep,
  features: async () => (await import("./steps/features.ts")).featuresStep,
  train: async () => (await import("./steps/train.ts")).trainStep,
  dashboard: async () => (await import("./steps/dashboard.ts")).dashboardStep,
};

/** What `pipeline --json` prints. */
export interface RunSummary {
  run_id: string;
  source: string;
  lake: string;
  started_at: string;
  steps: StepSummary[];
  exit_code: number;
}

/**
 * Names of the steps to run.
 *
 * @throws {UsageError} where a name is unknown, or both ways of choosing are used.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(chooseSteps({ from: "train" }), ["train", "dashboard"]);
 * assertEquals(chooseSteps({ only: "quality,ingest" }), ["ingest", "quality"]);
 * ```
 */
export function chooseSteps(
  { only, from }: { only?: string | undefined; from?: string | undefined },
): string[] {
  const all = Object.keys(STEPS);
  if (only !== undefined && from !== undefined) {
    throw new UsageError(`Cannot combine --only and --from: give one of them`);
  }
  const wanted = only?.split(",").map((name) => name.trim()).filter((name) => name !== "") ?? [];
  for (const name of from === undefined ? wanted : [from]) {
    if (!all.includes(name)) {
      throw new UsageError(
        `Cannot run step "${name}": there is no such step, choose among ${all.join(", ")}`,
      );
    }
  }
  if (only !== undefined && wanted.length === 0) {
    throw new UsageError(`Cannot run --only "${only}": it names no step, choose among ${all.join(", ")}`);
  }
  if (from !== undefined) return all.slice(all.indexOf(from));
  return only === undefined ? all : all.filter((name) => wanted.includes(name));
}

/**
 * Runs steps one after the other under the lake's lock. A step that fails ends the run; what earlier steps have
 * committed stays. Never throws for a step's failure: the summary carries it.
 *
 * @throws {LockError} where another run holds the lake.
 * @throws {ConfigError} where the lake is of the other kind or cannot be written.
 */
export async function runPipeline(
  { store, steps, settings, effects, progress }: {
    store: ObjectStore;
    steps: readonly string[];
    settings: RunSettings;
    effects: Effects;
    /** `live` redraws in a terminal, `lines` prints a line a step. */
    progress: "live" | "lines" | "none";
  },
): Promise<{ summary: RunSummary; error: unknown }> {
  const runId = newRunId(effects.now());
  await using _lock = await store.lock(`run ${runId}`);
  await using _scratch = { [Symbol.asyncDispose]: () => store.close() };
  const kind = await settleKind(store, settings, steps);
  await recoverIncoming(store, effects);
  await using context = new RunContext({ runId, store, settings, effects });
  context.kind = kind ?? context.kind;
  let error: unknown = null;
  const tasks = new Listr(
    steps.map((name) => ({
      title: name,
      task: async (_: unknown, task: { title: string; output: string }) => {
        const summary = await runStep(context, name).catch((failure) => {
          error = failure;
          throw failure;
        });
        task.title = stepLine(summary);
        if (progress === "lines") effects.log.info(stepLine(summary));
      },
    })),
    progress === "live"
      ? {
        renderer: "default",
        rendererOptions: {
          collapseErrors: true,
          showErrorMessage: false,
          logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) }),
        },
      }
      : { renderer: "silent" },
  );
  await tasks.run().catch((failure) => error ??= failure);
  for (const name of steps.slice(context.steps.length)) context.steps.push(notRun(name));
  const summary: RunSummary = {
    run_id: runId,
    source: context.source,
    lake: store.url,
    started_at: context.startedAt.toISOString(),
    steps: context.steps,
    exit_code: error === null ? await exitCodeOfLake(context) : exitCodeOf(error),
  };
  return { summary, error };
}

/**
 * What the lake is, marked where it is new. Null where the first answer will say it and mark it: a run that is refused
 * then leaves no mark.
 */
async function settleKind(
  store: ObjectStore,
  { source, kind }: RunSettings,
  steps: readonly string[],
): Promise<LakeKind | null> {
  const found = kind === null ? await lakeKind(store) : null;
  if (found !== null || (kind === null && steps.includes("ingest"))) return found;
  const settled = kind ?? kindOfSource(source);
  await claimLake(store, settled);
  return settled;
}

async function runStep(context: RunContext, name: string): Promise<StepSummary> {
  const began = performance.now();
  const started_at = context.effects.now().toISOString();
  const end = async ({ inputs = [], outputs = [], requests = 0, ...result }: Logged) => {
    const summary: StepSummary = { name, ...result, duration_ms: Math.round(performance.now() - began) };
    context.steps.push(summary);
    const { runId: run_id, effects: { now }, store } = context;
    await logRun(store, {
      run_id,
      command: "pipeline",
      step: name,
      unit: name,
      ...result,
      started_at,
      ended_at: now().toISOString(),
      requests,
      inputs,
      outputs,
    });
    return summary;
  };
  context.written.length = 0;
  let result: StepResult;
  try {
    result = await (await STEPS[name]!())(context);
    if (name === "ingest") context.kind = await lakeKind(context.store) ?? context.kind;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    // The step's own failure is what counts, also where it cannot be written down (a full disk).
    const outputs = context.written;
    await end({ status: "failed", rows_in: null, rows_out: null, detail, outputs }).catch(() => {});
    throw error;
  }
  return await end(result);
}

type Logged = Omit<StepResult, "status"> & { status: StepSummary["status"] };

/** One line for a person: `materialize  ok       1.2 s  38,160 rows …`. */
export function stepLine({ name, status, duration_ms, detail }: StepSummary): string {
  return `${name.padEnd(12)} ${status.padEnd(8)} ${(duration_ms / 1000).toFixed(1).padStart(5)} s  ${detail}`;
}

function notRun(name: string): StepSummary {
  const detail = "an earlier step failed";
  return { name, status: "not_run", rows_in: null, rows_out: null, duration_ms: 0, detail };
}

async function exitCodeOfLake({ store, settings, effects, held, partial }: RunContext): Promise<number> {
  const { temporary = false } = settings;
  if (held > 0) {
    effects.log.warn(
      `${held} months of candles failed their checks and are ${
        temporary ? "left out" : "not published: deno task quality says why"
      }`,
    );
    return EXIT.quality;
  }
  const letters = await waitingLetters(store);
  if (letters.length === 0) return partial ? EXIT.partial : EXIT.ok;
  if (!temporary) effects.log.warn(lettersWait(letters, store));
  return EXIT.partial;
}
