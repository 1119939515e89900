/** Each way in which a video can fail, with the status of the HTTP response that tells it. */
const STATUS = {
  bad_request: 400,
  forbidden: 403,
  not_found: 404,
  stalled: 408,
  already_uploaded: 409,
  cancelled: 409,
  too_large: 413,
  not_a_video: 415,
  too_long: 422,
  unreadable_video: 422,
  interrupted: 500,
  internal: 500,
  busy: 503,
} as const;

export type VideoErrorCode = keyof typeof STATUS;

/** Something that the person with the video has to know. The message is a whole sentence in plain words. */
export class VideoError extends Error {
  override name = "VideoError";
  readonly code: VideoErrorCode;

  constructor(code: VideoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function statusOf(error: VideoError): number {
  return STATUS[error.code];
}

/**
 * Recognises a `VideoError` by its name and code rather than by its class, so that one which was thrown on a runner
 * counts, whatever became of its prototype on the way.
 */
export function isVideoError(error: unknown): error is VideoError {
  if (!(error instanceof Error) || error.name !== "VideoError") return false;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && Object.hasOwn(STATUS, code);
}
