/** Text that is HTML already. Only `html` and `scriptData` make it, so nothing else gets into a page unescaped. */
export interface Html {
  readonly html: string;
}

export type Content = string | number | Html | false | undefined | readonly Content[];

/** A template of HTML: what is filled in is escaped, unless it is HTML itself; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return { html: parts.map((part, index) => part + text(values[index])).join('') };
}

function text(value: Content): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'object') return 'html' in value ? value.html : value.map(text).join('');
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters are shown as what they are not: blanks. */
function escaped(value: string): string {
  return value
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, ' ')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** JSON for a `<script type="application/json">`, which ends at a tag, whatever it is in. */
export function scriptData(value: unknown): Html {
  const json = JSON.stringify(value);
  return {
    html: json.replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  };
}

/** This package's own script or style sheet, which is no data. @throws where it would end its element. */
export function ownAsset(text: string): Html {
  if (/<\/(script|style)/i.test(text)) throw new Error('an asset of the report would end its own element');
  return { html: text };
}
