const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const HEADER = 8;
const CRC = 4;
/** No chunk of a thumbnail comes near this: a larger length means that the stream is not what we think it is. */
const MAX_CHUNK = 64 * 1024 * 1024;

/**
 * Cuts a stream of PNG files that follow one another into single files.
 *
 * It walks the chunk lengths instead of searching for the signature: a signature may straddle two reads, several images
 * may share one read, and pixel data may happen to contain the signature's bytes.
 */
export class PngSplitter {
  /** Of the image under way, in order. */
  #parts: Uint8Array[] = [];
  /** The signature or the chunk header under way; both are eight bytes long. */
  readonly #header: Buffer = Buffer.alloc(HEADER);
  #headerBytes = 0;
  /** What is left of the current chunk's data and checksum. */
  #body = 0;
  #inImage = false;
  #lastChunk = false;

  /** Takes the next bytes of the stream and returns the images that they complete, mostly none. */
  push(bytes: Uint8Array): Buffer[] {
    const images: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#body > 0) {
        const step = Math.min(this.#body, bytes.length - at);
        this.#body -= step;
        at += step;
        if (this.#body === 0 && this.#lastChunk) {
          this.#parts.push(bytes.subarray(from, at));
          images.push(Buffer.concat(this.#parts));
          this.#parts = [];
          this.#inImage = this.#lastChunk = false;
          from = at;
        }
        continue;
      }
      const step = Math.min(HEADER - this.#headerBytes, bytes.length - at);
      this.#header.set(bytes.subarray(at, at + step), this.#headerBytes);
      this.#headerBytes += step;
      at += step;
      if (this.#headerBytes === HEADER) this.#readHeader();
    }
    if (from < bytes.length) this.#parts.push(bytes.subarray(from));
    return images;
  }

  /** Whether the stream stopped in the middle of an image. */
  get incomplete(): boolean {
    return this.#parts.length > 0;
  }

  #readHeader(): void {
    this.#headerBytes = 0;
    if (!this.#inImage) {
      if (!this.#header.equals(SIGNATURE)) throw new Error("expected the signature of a PNG file");
      this.#inImage = true;
      return;
    }
    const length = this.#header.readUInt32BE(0);
    if (length > MAX_CHUNK) throw new Error(`a PNG chunk of ${length} bytes is too long`);
    this.#body = length + CRC;
    this.#lastChunk = this.#header.toString("latin1", 4, HEADER) === "IEND";
  }
}
