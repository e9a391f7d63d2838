// Times and how they read. A log time is RFC 3339 text with nanoseconds; counted with, it is milliseconds since
// 1970 with a fraction, which is exact to a fifth of a microsecond.

export type Millis = number;

const shape = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Nothing where there is no time: null, "forever", or what is no time at all. */
export function millis(text: string | null | undefined): Millis | undefined {
  const parts = text ? shape.exec(text) : null;
  if (!parts) return undefined;
  const whole = Date.parse(`${parts[1]}${parts[3]}`);
  return Number.isNaN(whole) ? undefined : whole + Number(parts[2] ?? 0) * 1000;
}

export function rfc3339(time: Millis): string {
  return new Date(time).toISOString();
}

/** Three digits that matter, one or two units: "840 µs", "12.4 ms", "8.2 s", "3 min 20 s", "2 h 5 min", "3 d". */
export function durationText(ms: number): string {
  if (ms < 0) return '−' + durationText(-ms);
  if (ms < 0.0005) return '0 ms';
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.995) return `${trimmed(ms, 2)} ms`;
  if (ms < 99.95) return `${trimmed(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${trimmed(ms / 1000, 1)} s`;
  return longText(ms);
}

/** Whole seconds and above, for what counts while one looks: "8 s", "3 min 20 s". */
export function countText(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  return whole < 60 ? `${whole} s` : longText(whole * 1000);
}

function longText(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ];
  const smallest = ms >= 86_400_000 ? 3_600_000 : ms >= 3_600_000 ? 60_000 : 1000;
  let rest = Math.round(ms / smallest) * smallest;
  const parts: string[] = [];
  for (const [size, unit] of units) {
    if (size < smallest) break;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.?0+$/, '');
}

/** The time of day in the reader's zone: "10:15:30", with `digits` of the second's fraction. */
export function clockText(time: Millis | undefined, digits = 0): string {
  if (time === undefined) return '–';
  const date = new Date(time);
  const pair = (value: number) => String(value).padStart(2, '0');
  const day = `${pair(date.getHours())}:${pair(date.getMinutes())}:${pair(date.getSeconds())}`;
  if (digits === 0) return day;
  const fraction = time - Math.floor(time / 1000) * 1000;
  return `${day}.${String(Math.floor(fraction)).padStart(3, '0').slice(0, digits)}`;
}

/** With the day in front where it is not `now`'s: "1 Mar 10:15:30". */
export function momentText(time: Millis | undefined, now: Millis): string {
  if (time === undefined) return '–';
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) return clockText(time);
  const month = date.toLocaleString('en', { month: 'short' });
  return `${date.getDate()} ${month} ${clockText(time)}`;
}

const span = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)$/;

/** "90s", "10m", "2h", "1d"; nothing where it is none of these. */
export function parseSpan(text: string): number | undefined {
  const parts = span.exec(text.trim());
  if (!parts) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }[parts[2]!]!;
  return Number(parts[1]) * unit;
}
