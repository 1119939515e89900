import { ESCAPE } from "./plain-leaf.ts";

/**
 * The text of a value is one of four: that of `undefined`; what devalue wrote, behind a mark; JSON in which some strings stand for
 * other values, `["\0",value]`; and all else is the value as JSON. JSON has no mark in front, since that makes the runtime copy a
 * long text once more before it is written. (Where no string stands for anything else, none begins with the escape character.)
 */

/** The text of `undefined`, which is what functions give that are called for what they do. */
export const NOTHING_TEXT = "-";
export const DEVALUE_MARK = "!";
export const STAND_INS: string = String.fromCharCode(ESCAPE);

const WITH_STAND_INS = JSON.stringify([STAND_INS]).slice(0, -1) + ",";

/** Whether `readPlain` reads this text, for which it needs nothing but the text. */
export function isPlainText(text: string): boolean {
  return text[0] !== DEVALUE_MARK;
}

/** Whether some strings in a plain text stand for other values. */
export function hasStandIns(text: string): boolean {
  return text.startsWith(WITH_STAND_INS);
}
