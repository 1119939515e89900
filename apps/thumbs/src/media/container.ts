/**
 * Tells from the first bytes of a file what it is and whether ffmpeg can read it from a pipe.
 *
 * MP4 and MOV are a row of boxes. `moov`, the index, may stand before the media data (`mdat`) or behind it. A pipe cannot
 * seek back, so a file whose index comes last has to be on disk before it can be read.
 */

/** The demuxer that ffmpeg is told to use. It never guesses: what a stranger sends must not choose the parser. */
export type Demuxer = "mov" | "matroska";

export type Verdict =
  | { readonly kind: "more" }
  | { readonly kind: "pipe"; readonly demuxer: Demuxer }
  | { readonly kind: "spool"; readonly demuxer: Demuxer }
  | { readonly kind: "reject"; readonly reason: string };

/** How far we look for the order of `moov` and `mdat`. Beyond it the file is spooled, which is always right. */
export const MAX_HEAD: number = 1024 * 1024;

const ACCEPTED = "Please give an mp4, mov, webm or mkv file.";

/** Boxes that may open an MP4 or MOV file. Files older than the `ftyp` box begin with one of the others. */
const OPENING_BOXES = new Set(["ftyp", "moov", "mdat", "wide", "free", "skip", "pnot", "styp"]);
const PICTURE_BRANDS = new Set(["heic", "heix", "mif1", "msf1", "avif", "avis"]);

/** File types that people mix up with videos, by their first bytes, so that the message can say what they have. */
const KNOWN: readonly (readonly [prefix: string, what: string])[] = [
  ["89504e470d0a1a0a", "a PNG picture"],
  ["ffd8ff", "a JPEG picture"],
  ["474946383961", "a GIF picture"],
  ["474946383761", "a GIF picture"],
  ["25504446", "a PDF document"],
  ["504b0304", "a ZIP archive or an Office document"],
  ["1f8b", "a gzip archive"],
  ["494433", "an MP3 sound file"],
  ["fffb", "an MP3 sound file"],
  ["664c6143", "a FLAC sound file"],
  ["4f676753", "an Ogg file"],
  ["464c56", "a Flash video"],
  ["000001ba", "an MPEG program stream"],
  ["3026b2758e66cf11", "a Windows Media file"],
];

/** @param ended Whether `head` is the whole file. */
export function inspectHead(head: Uint8Array, ended: boolean): Verdict {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < 12 && !ended) return { kind: "more" };
  if (bytes.length === 0) return { kind: "reject", reason: "The file is empty." };
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x1a45dfa3) return { kind: "pipe", demuxer: "matroska" };
  if (bytes.length >= 8 && OPENING_BOXES.has(bytes.toString("latin1", 4, 8))) return inspectBoxes(bytes, ended);
  return { kind: "reject", reason: `This is ${describe(bytes)}, not a video that we can read. ${ACCEPTED}` };
}

function inspectBoxes(bytes: Buffer, ended: boolean): Verdict {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    // A fragmented file has its index in front of every fragment.
    if (type === "moov" || type === "moof") return { kind: "pipe", demuxer: "mov" };
    if (type === "mdat") return { kind: "spool", demuxer: "mov" };
    if (type === "ftyp" && at + 12 <= bytes.length && PICTURE_BRANDS.has(bytes.toString("latin1", at + 8, at + 12))) {
      return { kind: "reject", reason: `This is a HEIC or AVIF picture, not a video. ${ACCEPTED}` };
    }
    let size = bytes.readUInt32BE(at);
    if (size === 1) {
      if (at + 16 > bytes.length) break;
      size = Number(bytes.readBigUInt64BE(at + 8));
    }
    // Size 0 means "up to the end of the file"; anything else below 8 is broken. ffmpeg will say so in its own words.
    if (size < 8) return { kind: "spool", demuxer: "mov" };
    at += size;
    if (at > MAX_HEAD) return { kind: "spool", demuxer: "mov" };
  }
  return ended || bytes.length >= MAX_HEAD ? { kind: "spool", demuxer: "mov" } : { kind: "more" };
}

function describe(bytes: Buffer): string {
  const start = bytes.toString("hex", 0, 8);
  for (const [prefix, what] of KNOWN) if (start.startsWith(prefix)) return what;
  if (bytes.toString("latin1", 0, 4) === "RIFF") {
    const form = bytes.toString("latin1", 8, 12);
    if (form === "AVI ") return "an AVI video";
    return form === "WAVE" ? "a WAV sound file" : form === "WEBP" ? "a WebP picture" : "a RIFF file";
  }
  // Bytes below 9 do not occur in text of any common encoding but UTF-16.
  if (bytes.subarray(0, 512).every((byte) => byte >= 9)) return "a text file";
  return "a file of a kind that we do not know";
}
