/** CSI and OSC sequences, and the other escapes of two characters. */
const ESCAPES =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
/** Controls but for the tab, and the marks that turn the direction of text. */
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One line of foreign text, fit for a terminal: escape sequences are dropped, other control characters shown as `·`. */
export function plainText(line: string): string {
  return shownText(line, () => '·');
}

/** The same, with other control characters as they are to be shown. */
export function shownText(line: string, shown: (control: string) => string): string {
  return line.replace(ESCAPES, '').replace(CONTROLS, shown);
}
