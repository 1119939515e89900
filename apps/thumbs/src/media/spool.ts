import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A temporary file without a name: it is removed from its folder as soon as it is open, so that the system frees it when
 * this process ends, however that comes about. A runner may be killed at any time.
 */
export class Spool {
  readonly #writer: FileHandle;
  readonly #reader: FileHandle;

  private constructor(writer: FileHandle, reader: FileHandle) {
    this.#writer = writer;
    this.#reader = reader;
  }

  static async open(): Promise<Spool> {
    const folder = await mkdtemp(join(tmpdir(), "flamelet-thumbs-"));
    try {
      const path = join(folder, "video");
      const writer = await open(path, "wx", 0o600);
      // A second one, since where a handle stands in the file is shared with whoever inherits it.
      return new Spool(writer, await open(path, "r"));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#writer.writeFile(bytes);
  }

  /** The file descriptor of the file's beginning, to be inherited by whoever reads it. */
  get readFrom(): number {
    return this.#reader.fd;
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()]);
  }
}
