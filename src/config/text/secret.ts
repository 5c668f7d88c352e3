/** What stands before a credential within a longer text. */
const BEFORE = String.raw`(?:^|[\s=:,;"'({[])`;

/**
 * Forms that issuers of credentials give them: Hugging Face, OpenAI and those who copy it, GitHub, GitLab, AWS, NVIDIA, Slack,
 * Google, JSON web tokens, PEM, and a password within a URL.
 */
const SECRET_VALUE = new RegExp(
  [
    `${BEFORE}(?:${[
      'hf_[A-Za-z0-9]{20,}',
      'sk-[A-Za-z0-9_-]{20,}',
      'gh[pousr]_[A-Za-z0-9]{30,}',
      String.raw`github_pat_\w{30,}`,
      String.raw`glpat-[\w-]{20,}`,
      '(?:AKIA|ASIA)[0-9A-Z]{16}',
      String.raw`nvapi-[\w-]{20,}`,
      'xox[abprs]-[A-Za-z0-9-]{10,}',
      String.raw`AIza[\w-]{35}`,
      String.raw`eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*`,
    ].join('|')})`,
    '-----BEGIN [A-Z ]*PRIVATE KEY-----',
    '(?:Bearer|Basic) [A-Za-z0-9+/._~=-]{16,}',
    String.raw`[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@`,
    // Of a registry, without a scheme; a digest comes after "@" too.
    String.raw`^[^\s/@:#]+:[^\s/@#]+@(?!sha256:)[^\s/]+[/#]`,
  ].join('|'),
);

/** Whether a value, or anything in it, has the form of a credential. */
function looksSecret(value: unknown): boolean {
  if (typeof value === 'string') return SECRET_VALUE.test(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(looksSecret);
}

/** `api-key: abc`, `HF_TOKEN="abc"`, `--password=abc`: what stands before the value, and the value. */
const NAMED_VALUE =
  /((?:api[-_]?key|token|secret|passw(?:or)?d|private[-_]key|access[-_]key(?:[-_]id)?)["']?\s*[:=]\s*["']?)([^\s,"'{}[\]]+)/gi;

/** A line of a file with bullets in the place of all that looks like a secret, as wide as before. */
export function hideSecrets(line: string): string {
  const hidden = (text: string): string => '•'.repeat(text.length);
  return line
    .replace(new RegExp(SECRET_VALUE, 'g'), hidden)
    .replace(NAMED_VALUE, (_, before: string, value: string) => `${before}${hidden(value)}`);
}

const SECRET_VARIABLE =
  /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY(_ID)?|PRIVATE_KEY|CREDENTIALS?)$/i;

export function namesSecretVariable(name: string): boolean {
  return SECRET_VARIABLE.test(name);
}

/** Engines have arguments about tokens of text, so that `token` alone says little: `stop-token`, `eos-token`. */
const SECRET_ARGUMENT =
  /(^|-)(api-?key|secret(-key)?|password|passwd|access-key(-id)?|private-key|credentials?|bearer-token)$|^((hf|hub|huggingface|auth|access|api|github|gitlab|wandb|session|registry)-)?token$/i;

/** What stands where a program wants a key and nobody has one. */
const DUMMY = /^(|empty|none|null|dummy|false|true)$/i;

/** Whether an argument holds a secret by its name, without leading dashes, whatever the value looks like. */
export function isSecretArgument(name: string, value: unknown): boolean {
  const written = typeof value === 'string' || typeof value === 'number';
  // etcd's is the kind of its tokens.
  const kind = name === 'auth-token' && /^(simple|jwt\b)/.test(String(value));
  return SECRET_ARGUMENT.test(name.replaceAll('_', '-')) && written && !kind && !DUMMY.test(String(value));
}

/** A reference to a secret, whose value only submit reads. */
export type SecretReference = { readonly from_env: string } | { readonly from_file: string };

export function isSecretReference(value: unknown): value is SecretReference {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const [[key, inner] = [], ...more] = Object.entries(value);
  return more.length === 0 && (key === 'from_env' || key === 'from_file') && typeof inner === 'string';
}

/** The paths of all texts in a value that have the form of a credential; references to secrets are none. */
export function* secretTexts(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<readonly (string | number)[]> {
  if (typeof value === 'string') {
    if (looksSecret(value)) yield path;
  } else if (typeof value === 'object' && value !== null && !isSecretReference(value)) {
    for (const [key, inner] of Object.entries(value))
      yield* secretTexts(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** Finds the words of a command that hold a secret by the name before them, by their positions. */
export function secretWords(words: readonly string[]): readonly number[] {
  return words.flatMap((word, index) => {
    const [, own, inline] = /^--?([A-Za-z][\w-]*)=(.*)$/s.exec(word) ?? [];
    if (own !== undefined) return isSecretArgument(own, inline) ? [index] : [];
    const [, before] = /^--?([A-Za-z][\w-]*)$/.exec(words[index - 1] ?? '') ?? [];
    return before !== undefined && !word.startsWith('-') && isSecretArgument(before, word) ? [index] : [];
  });
}

/** Whether a line of bash gives a secret by name, as a word or as a variable; `"$NAME"` is none. */
export function holdsSecretWord(line: string): boolean {
  const words = line.split(/[\s;]+/).map((word) => word.replaceAll(/["']/g, ''));
  const given = words.filter((word) => !/^(--?[\w-]+=)?\$/.test(word));
  const assigned = given.some((word) => {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    return namesSecretVariable(name) && value !== '' && !value.startsWith('$');
  });
  return assigned || secretWords(words).some((index) => given.includes(words[index] ?? ''));
}
