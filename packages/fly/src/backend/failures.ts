import { BootError, type BootFailure } from "flamelet";
import {
  FlyAuthError,
  FlyCapacityError,
  FlyNotFoundError,
  FlyQuotaError,
  FlyRequestError,
  type FlyError,
} from "../api/errors.ts";

/** The kind of boot failure that an error of the API is. */
function kindOf(error: unknown): BootFailure {
  if (error instanceof FlyAuthError) return "auth";
  if (error instanceof FlyQuotaError) return "quota";
  if (error instanceof FlyCapacityError) return "capacity";
  // The app does not exist, or the request cannot be: neither gets better by itself.
  if (error instanceof FlyNotFoundError || error instanceof FlyRequestError) return "config";
  return "transient";
}

/** Tells the pool that a machine could not be had, and what kind of failure that is. */
export function bootError(name: string, error: FlyError | Error): BootError {
  if (BootError.is(error)) return error;
  return new BootError(`no machine for runner ${name}: ${error.message}`, { failure: kindOf(error), cause: error });
}

/** Whether asking in another region may help. */
export function helpsElsewhere(error: unknown): boolean {
  return error instanceof FlyCapacityError || (error instanceof FlyQuotaError && error.elsewhere);
}
