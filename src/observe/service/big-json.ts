/** Strings, so that digits inside of them are left alone, and numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * JSON.parse for texts with integers beyond 2^53, such as Dynamo's instance ids: these become strings of their digits.
 * @throws SyntaxError
 */
export function parseBigJson(text: string): unknown {
  return JSON.parse(
    text.replace(TOKENS, (token) =>
      /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
    ),
  );
}
