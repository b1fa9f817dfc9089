/** What we use of AssemblyScript's compiler; its own types declare globals that clash with TypeScript's. */
declare const asc: {
  main(
    options: string[],
    files: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: Uint8Array | string): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
};
export default asc;
