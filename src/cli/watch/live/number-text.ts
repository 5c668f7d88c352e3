/** `0`, `0.4`, `12`, `4,321`, `54,321`: whole numbers from ten on, one digit behind the point below. */
export function count(value: number): string {
  if (value > 0 && value < 9.95 && !Number.isInteger(value)) return value.toFixed(1);
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** In at most four characters and a unit: `950`, `9.5k`, `95k`, `1.2M`. */
export function brief(value: number): string {
  if (value < 9999.5) return count(value).replace(',', '');
  const [scaled, unit] = value < 999_500 ? [value / 1000, 'k'] : [value / 1_000_000, 'M'];
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** `42%` */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
