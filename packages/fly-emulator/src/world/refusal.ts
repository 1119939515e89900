/** What the API refuses, with the status and the body that Fly answers with. The proxy logs the text. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** The HTTP status. */
  readonly status: number;
  /** Fly's machine-readable `status` in the body, where it gives one. */
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const badRequest = (text: string): Refusal => new Refusal(400, text);
export const invalidArgument = (text: string): Refusal => new Refusal(400, `invalid_argument: ${text}`);
export const notFound = (what: string): Refusal => new Refusal(404, `${what} not found`);
export const failedPrecondition = (text: string): Refusal => new Refusal(412, `failed_precondition: ${text}`);
export const aborted = (text: string): Refusal => new Refusal(409, `aborted: ${text}`);
