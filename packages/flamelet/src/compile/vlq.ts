const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A number as a source map writes it: five bits a digit, the lowest first, and the sign in the very lowest one. */
export function vlq(number: number): string {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = "";
  while (rest > 31) {
    text += DIGITS[(rest & 31) | 32] as string;
    rest >>>= 5;
  }
  return text + (DIGITS[rest] as string);
}
