/** What ffmpeg tells on its standard error, line by line: when each frame is shown, how long the video is, what is wrong. */
export class FfmpegLog {
  /** Seconds of the n-th frame that passed the filter. */
  readonly times: number[] = [];
  /** Length of the video in seconds, once its header was read and if the header knows. */
  duration: number | null = null;
  #rest = "";
  readonly #complaints: string[] = [];

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  /** Why ffmpeg gave up, in plain words. */
  explain(): string {
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
    const all = this.#complaints.join("\n");
    if (/matches no streams|does not contain any stream/i.test(all)) {
      return "There is no picture in this file, only sound or data.";
    }
    if (/moov atom not found/i.test(all)) return "The video is incomplete: its index is missing.";
    const last = this.#complaints.findLast((line) => !/^(Conversion failed|Error marking filters)/i.test(line));
    if (last === undefined) return "ffmpeg could not read this video, and did not say why.";
    return `ffmpeg could not read this video: ${last}`;
  }

  #line(line: string): void {
    const frame = /^\[Parsed_showinfo_\d+ @ [^\]]+\] n:\s*(\d+) pts:\s*\S+\s+pts_time:(\S+)/.exec(line);
    if (frame !== null) {
      this.times[Number(frame[1])] = Number(frame[2]);
      return;
    }
    if (line.startsWith("[Parsed_showinfo")) return;
    const length = /^\s+Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/.exec(line);
    if (length !== null) {
      this.duration = Number(length[1]) * 3600 + Number(length[2]) * 60 + Number(length[3]);
      return;
    }
    // Descriptions of streams are indented or announce something; complaints stand at the margin.
    const plain = line.replace(/^\[[^\]]* @ 0x[0-9a-f]+\] /, "").replace(/^(pipe:0|\/dev\/fd\/3): /, "");
    if (plain === "" || /^(\s|Input #|Output #|Stream mapping|Press \[q\]|frame=|video:|Metadata)/.test(plain)) return;
    this.#complaints.push(plain.slice(0, 300));
    if (this.#complaints.length > 20) this.#complaints.shift();
  }
}
