const MAGIC = 'openssh-key-v1\0';

/**
 * The public key in an encrypted private key, which OpenSSH's form keeps in the clear: cipher, key derivation, its
 * options, the number of keys, the public key. Undefined where the file has another form. See OpenSSH's PROTOCOL.key.
 */
export function encryptedPublicKey(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return undefined;
  let at = MAGIC.length;
  const next = () => {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    return bytes.subarray(start, at);
  };
  try {
    for (let skipped = 0; skipped < 3; skipped++) next();
    at += 4;
    return next();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
