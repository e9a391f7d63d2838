// How services stand: whether one is a trouble, and in which words.
import type { Service, ServiceCheck } from '../api/types';
import { millis, durationText, countText as secondsText, type Millis } from './time';
import { plural, countText } from './words';

export type Health = 'fine' | 'paused' | 'silent' | 'check_failed' | 'failing' | 'backlog';

export interface ServiceLine {
  service: string;
  health: Health;
  /** "paused by ada until resumed; 312 events wait" */
  says: string;
  waiting: number;
  oldest_ms: number | undefined;
  instances: number;
  dead: number;
  retrying: number;
}

/** What waits longer than this is a backlog, however few they are: a person notices. */
export const backlog_ms = 5_000;

/** Reel's own, and subscriptions of people who look. */
export function isOwn(service: Pick<Service, 'service' | 'ephemeral'>): boolean {
  return service.ephemeral || service.service.startsWith('reel.') || service.service.startsWith('reel-');
}

export function serviceLine(service: Service, now: Millis): ServiceLine {
  const oldest = millis(service.oldest_unsettled);
  const oldest_ms = oldest === undefined ? undefined : Math.max(0, now - oldest);
  const health = healthOf(service, oldest_ms);
  return {
    service: service.service,
    health,
    says: wordsOf(service, health, oldest_ms, now),
    waiting: service.waiting,
    oldest_ms,
    instances: service.instances.length,
    dead: service.dead,
    retrying: service.retrying,
  };
}

function healthOf(service: Service, oldest_ms: number | undefined): Health {
  if (service.paused_until !== null) return 'paused';
  if (service.instances.length === 0) return 'silent';
  if (failedChecks(service).length > 0) return 'check_failed';
  if ((oldest_ms ?? 0) > backlog_ms && service.waiting > service.retrying) return 'backlog';
  if (service.dead > 0 || service.retrying > 0) return 'failing';
  return 'fine';
}

function wordsOf(service: Service, health: Health, oldest_ms: number | undefined, now: Millis): string {
  const parts: string[] = [];
  if (health === 'paused') parts.push(pausedText(service, now));
  if (service.instances.length === 0) parts.push('no instance is connected');
  const [worst, ...others] = failedChecks(service);
  if (worst) parts.push(checkText(worst, now) + (others.length > 0 ? ` (and ${plural(others.length, 'other check')})` : ''));
  if (service.waiting > 0) {
    const oldest = oldest_ms !== undefined && oldest_ms > 1000 ? `, the oldest for ${secondsText(oldest_ms)}` : '';
    parts.push(`${plural(service.waiting, 'event')} ${service.waiting === 1 ? 'waits' : 'wait'}${oldest}`);
  }
  if (service.retrying > 0) parts.push(`${countText(service.retrying)} retrying`);
  if (service.dead > 0) parts.push(plural(service.dead, 'dead letter'));
  if (service.parked > 0) parts.push(`${countText(service.parked)} parked behind them`);
  return parts.length === 0 ? 'keeping up' : parts.join('; ');
}

/** Those that fail, the one for longest first. */
export function failedChecks(service: Pick<Service, 'checks'>): ServiceCheck[] {
  return service.checks.filter((check) => check.failed > 0);
}

/** "check database fails for 40 s on 2 of 3 instances: connection refused" */
export function checkText(check: ServiceCheck, now: Millis): string {
  const longest = check.failing[0];
  const since = millis(longest?.since);
  const time = since === undefined ? '' : ` for ${secondsText(Math.max(0, now - since))}`;
  const on = check.instances > 1 ? ` on ${check.failed} of ${check.instances} instances` : '';
  return `check ${check.name} fails${time}${on}: ${longest?.reason || 'no reason was given'}`;
}

function pausedText(service: Service, now: Millis): string {
  const until = millis(service.paused_until);
  const end = until === undefined ? 'until somebody resumes it' : `for another ${durationText(Math.max(0, until - now))}`;
  return `paused${service.paused_by ? ` by ${service.paused_by}` : ''} ${end}`;
}

const order: Health[] = ['silent', 'paused', 'check_failed', 'backlog', 'failing', 'fine'];

/** The worst first; Reel's own are left out. */
export function serviceLines(services: readonly Service[], now: Millis): ServiceLine[] {
  return services
    .filter((service) => !isOwn(service))
    .map((service) => serviceLine(service, now))
    .sort((a, b) => order.indexOf(a.health) - order.indexOf(b.health) || b.waiting - a.waiting || a.service.localeCompare(b.service));
}
