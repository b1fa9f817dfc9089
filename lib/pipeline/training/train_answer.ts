/** What `deno task train` has to say in the end. */
import type { SourcedMetrics } from "../../models/trained_card.ts";
import type { TrainedMetrics } from "../../models/trained_model.ts";

/** What the command prints with `--json`. */
export interface TrainAnswer extends SourcedMetrics {
  /** Of the training alone. */
  seconds: number;
  /** Null where no epoch was trained now. */
  seconds_per_epoch: number | null;
  /** Trained now; null for a model without epochs. */
  epochs: number | null;
  /** With those before a training was resumed. */
  epochs_total: number | null;
  artefact: string;
  /** Forecasts made at the end of the last day. */
  forecast: { day: string; value: number; naive: number | null }[];
}

/** The answer for a person. */
export function answerLines(answer: TrainAnswer, unit: string): string[] {
  const { model, target, symbol, horizon, metrics, naive, trained_on, tested_on, forecast } = answer;
  const row = (name: string, { mae, rmse, r2, mase }: TrainedMetrics["naive"] | TrainedMetrics["metrics"]) =>
    [
      name.padEnd(14),
      ...[mae, rmse].map((value) => value.toPrecision(5)),
      r2.toFixed(3),
      mase?.toFixed(3) ?? "–",
    ]
      .map((cell) => cell.padStart(10)).join("  ");
  return [
    `${model}: ${target} of ${symbol}, ${horizon} day${horizon > 1 ? "s" : ""} ahead, in ${unit}`,
    `trained on ${trained_on.rows} ${
      answer.source === "demo" ? "simulated " : ""
    }days, ${trained_on.from} to ${trained_on.to}, in ${answer.seconds.toFixed(1)} s` +
    (answer.epochs === null
      ? ""
      : answer.epochs === answer.epochs_total
      ? ` (${answer.epochs} epochs)`
      : ` (${answer.epochs} epochs now, ${answer.epochs_total} in all)`),
    `judged on ${tested_on.rows} later days, ${tested_on.from} to ${tested_on.to}`,
    "",
    ["".padEnd(14), "MAE", "RMSE", "R²", "MASE"].map((cell) => cell.padStart(10)).join("  "),
    row(model, metrics),
    ...(model === naive.model ? [] : [row(naive.model, naive)]),
    "",
    answer.verdict,
    ...forecast.map(({ day, value, naive }) =>
      `${day}: ${value.toPrecision(5)}${
        naive === null ? "" : ` (${answer.naive.model}: ${naive.toPrecision(5)})`
      }`
    ),
    `saved as ${answer.artefact}`,
  ];
}
