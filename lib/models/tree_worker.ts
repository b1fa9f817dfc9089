/** A worker of `tree_threads.ts`. */
import { workerData } from "node:worker_threads";
import { helpToBoost } from "./boosting_rounds.ts";
import { helpToGrow } from "./forest_growth.ts";
import type { TreeJob } from "./tree_threads.ts";

const jobs: MessagePort = workerData;

jobs.onmessage = ({ data: job }: MessageEvent<TreeJob>) => {
  if ("forest" in job) helpToGrow(job.forest);
  else helpToBoost(job.boosting);
};
