/** Days that were kept apart, and what came of the one look at them. */
import type { Holdout } from "../models/holdout.ts";
import { errorText, type Leaderboard } from "../models/leaderboard.ts";

/** What was kept apart, and what came of it where it was scored. */
export interface HoldoutAnswer extends Omit<Holdout, "start"> {
  /** Mean absolute errors, the test of the champion against the best baseline, and a sentence; null where not scored. */
  scored: { mae: Record<string, number>; dm_p: number | null; verdict: string } | null;
}

/** What the holdout says of the champion that was chosen without it. */
export function scoresOf(
  { champion, best_baseline: best }: Leaderboard,
  final: Leaderboard,
): HoldoutAnswer["scored"] & object {
  const entry = (name: string) => final.models.find(({ model }) => model === name)!;
  const mae = Object.fromEntries(final.models.map((each) => [each.model, each.mae]));
  const days = `${final.forecasts} forecasts`;
  if (champion === best) {
    const { mae, mase } = entry(champion);
    const verdict =
      `${champion}, which is served, has a mean absolute error of ${errorText(mae)} on ${days} ` +
      `(MASE ${mase.toFixed(3)}).`;
    return { mae: { [champion]: mae }, dm_p: null, verdict };
  }
  const dm_p = entry(champion).dm_p!;
  const ratio = mae[champion]! / mae[best]!;
  const verdict = `${champion}'s mean absolute error is ${ratio.toFixed(3)} × that of ${best} on ${days} ` +
    `(Diebold–Mariano p = ${dm_p.toPrecision(2)}): the holdout ${
      ratio < 1 && dm_p < 0.05
        ? "confirms the choice"
        : ratio < 1
        ? "does not contradict the choice"
        : "contradicts the choice"
    }.`;
  return { mae, dm_p, verdict };
}

/** The same for a person. */
export function holdoutLines(holdout: HoldoutAnswer | null): string[] {
  if (holdout === null) return [];
  const { from, to, scored } = holdout;
  return [
    `Kept apart: ${from} to ${to}. ${
      scored?.verdict ?? "Nothing above has seen these days; --score-holdout looks at them, once."
    }`,
  ];
}
