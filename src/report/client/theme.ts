type Theme = 'system' | 'light' | 'dark';

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const NAMES: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' };

/** The button goes round system, light and dark; `changed` is called whenever colors are others. */
export function followTheme(changed: () => void): void {
  const button = document.querySelector<HTMLButtonElement>('#theme');
  if (!button) return;
  let theme: Theme = 'system';
  button.hidden = false;
  button.addEventListener('click', () => {
    theme = NEXT[theme];
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${NAMES[theme]}`;
    changed();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
}
