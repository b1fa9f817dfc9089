/** A worker of `forest_growth.ts`. */
import { type GrowthJob, helpToGrow } from "./forest_growth.ts";

addEventListener("message", (event) => helpToGrow((event as MessageEvent<GrowthJob>).data));
