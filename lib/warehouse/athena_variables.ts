import { AWS_VARIABLES } from "../lake/aws_access.ts";

/** Variables that `athenaSettings` reads; here, since the command line names them without loading more. */
export const ATHENA_VARIABLES = [
  ...AWS_VARIABLES,
  "AWS_ENDPOINT_URL_ATHENA",
  "LAKEBOOK_ATHENA_BYTE_BUDGET",
  "LAKEBOOK_ATHENA_OUTPUT",
  "LAKEBOOK_ATHENA_REUSE_MINUTES",
  "LAKEBOOK_ATHENA_USD_PER_TB",
  "LAKEBOOK_ATHENA_WORKGROUP",
] as const;
