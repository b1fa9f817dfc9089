/** How a training goes, as a line for a terminal or a notebook. */
import type { EpochReport } from "./loss_log.ts";

/**
 * One epoch in a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const losses = { loss: 0.0123, validation_loss: 0.011, improved: true, stopped: false };
 * assertEquals(
 *   epochLine({ epoch: 3, epochs: 50, ...losses, seconds: 0.214, eta_seconds: 75 }),
 *   "epoch  3/50  loss 0.01230  validation 0.01100 *  0.21 s  1:15 left",
 * );
 * ```
 */
export function epochLine(report: EpochReport): string {
  const { epoch, epochs, loss, validation_loss, improved, stopped, seconds, eta_seconds } = report;
  const width = String(epochs).length;
  const validation = validation_loss === null
    ? ""
    : `  validation ${validation_loss.toFixed(5)} ${improved ? "*" : " "}`;
  const left = Math.round(eta_seconds);
  const rest = stopped
    ? "stopped: no better epoch for a while"
    : epoch === epochs
    ? "done"
    : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
  return `epoch ${String(epoch).padStart(width)}/${epochs}  loss ${loss.toFixed(5)}${validation}  ${
    seconds.toFixed(2)
  } s  ${rest}`;
}
