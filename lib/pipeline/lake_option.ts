/** `--lake` of commands that only read: the live lake, or the demo lake where only that exists (see `choose_lake.ts`). */
export const LAKE_TO_READ = [
  "--lake <place>",
  "folder or s3://bucket/prefix of the lake (default: data/lake, or data/demo where only that exists)",
] as const;
