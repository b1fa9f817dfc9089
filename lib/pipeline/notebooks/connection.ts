/** The connection file, by which a kernel learns its ports and its signing key. */

/** Where and how to reach a kernel. */
export interface Connection {
  /** The file; whoever started the kernel removes it. Only its owner can read it. */
  path: string;
  /** Signs every message. */
  key: string;
  /** Shell, iopub, control, stdin and heartbeat, in this order. */
  ports: number[];
}

/** Five TCP ports of this machine that nobody uses at this moment. */
export function freePorts(): number[] {
  const listeners = Array.from({ length: 5 }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Writes a connection file with a fresh key, into the system's temporary folder or another one. */
export async function connectionFile(ports: number[], folder?: string): Promise<Connection> {
  const [shell_port, iopub_port, control_port, stdin_port, hb_port] = ports;
  const key = crypto.randomUUID();
  const path = await Deno.makeTempFile({
    prefix: "lakebook_kernel_",
    suffix: ".json",
    ...(folder === undefined ? {} : { dir: folder }),
  });
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      transport: "tcp",
      ip: "127.0.0.1",
      shell_port,
      iopub_port,
      control_port,
      stdin_port,
      hb_port,
      key,
      signature_scheme: "hmac-sha256",
      kernel_name: "deno",
    }),
  );
  return { path, key, ports };
}
