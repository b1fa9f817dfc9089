/** A worker of `forest_growth.ts`. */
import { workerData } from "node:worker_threads";
import { type GrowthJob, helpToGrow } from "./forest_growth.ts";

const jobs: MessagePort = workerData;

jobs.onmessage = ({ data }: MessageEvent<GrowthJob>) => helpToGrow(data);
