// Small pieces of sentences.

export function plural(count: number, one: string, many = one + 's'): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** With thin spaces between thousands: "12 345". */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** "a", "a and b", "a, b and c"; beyond `most` the rest is counted. */
export function listText(items: readonly string[], word = 'and', most = 4): string {
  if (items.length > most) return `${items.slice(0, most - 1).join(', ')} ${word} ${items.length - most + 1} more`;
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items[items.length - 1]}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "12.4/s", "0.3/s", "–" where it is not known. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined) return '–';
  if (perSecond === 0) return '0/s';
  if (perSecond < 10) return `${perSecond.toFixed(1)}/s`;
  return `${countText(perSecond)}/s`;
}

/** "8.2 %"; what is not nothing never reads as nothing. */
export function shareText(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 0.1) return '<0.1 %';
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
