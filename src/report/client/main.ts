// The report's own script: draws the charts, and turns the theme. All that it shows is in the page already.
import { drawAll } from './charts.ts';
import { followTheme } from './theme.ts';

followTheme(drawAll);
drawAll();

// On paper everything is open.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details:not([open])')) {
    details.setAttribute('open', '');
    details.setAttribute('data-printed', '');
  }
});
addEventListener('afterprint', () => {
  for (const details of document.querySelectorAll('details[data-printed]')) {
    details.removeAttribute('open');
    details.removeAttribute('data-printed');
  }
});
