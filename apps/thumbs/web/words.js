/** 3723.4 → "1:02:03"; tenths are shown when they matter, which is below one second between thumbnails. */
export function time(seconds, every = 1) {
  const whole = Math.floor(seconds + 0.001);
  const pad = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tenth = every < 1 ? `.${Math.floor((seconds + 0.001 - whole) * 10)}` : "";
  return (h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`) + tenth;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KB", "MB", "GB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function count(n, what) {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** What an upload is doing, and what that means for whoever looks on. */
export function phase({ phase, bytes, total, runner }) {
  const amount = total === null ? size(bytes) : `${size(bytes)} of ${size(total)}`;
  const where = runner === null ? "" : ` on ${runner}`;
  switch (phase) {
    case "queued":
      return { chip: "Waiting", text: "Waiting for a runner. A new one boots if there is room." };
    case "spooling":
      return {
        chip: "Uploading",
        text: `${amount}${where}. The index of this file is at its end, so thumbnails come after the upload.`,
      };
    case "finishing":
      return { chip: "Finishing", text: `${size(bytes)} uploaded. Making the last thumbnails${where}.` };
    default:
      return { chip: "Uploading", text: `${amount}${where}.` };
  }
}
