// A flow of thousands of events, for what must stay quick: a batch whose items are packed one by one, each item caused by
// the batch, with a chain of three events behind it.
import type { Picture, PictureStep } from '../api/types';
import type { Millis } from '../model/time';
import { timeText } from './order';
import { random } from './random';

export function longPicture(id: string, events: number, now: Millis): Picture {
  const roll = random(events);
  const steps: PictureStep[] = [];
  const started = now - events * 12;
  let time = started;
  const topics = ['stock.reserved', 'shipment.dispatched', 'shipment.delivered', 'customer.notified'];
  const services = ['inventory', 'shipping', 'shipping', 'notifications'];
  for (let i = 0; i < events; ++i) {
    time += 2 + roll() * 10;
    const lane = i === 0 ? 0 : (i - 1) % 4;
    const cause = i === 0 ? undefined : lane === 0 ? steps[0] : steps[i - 1];
    const service = services[lane]!;
    const total_ms = cause ? Math.min(40, time - started) : 0;
    steps.push({
      reeloffset: 90_000 + i * 2,
      recordedtime: timeText(time),
      id: `${id}:${i}`,
      type: i === 0 ? 'order.placed' : topics[lane]!,
      time: timeText(time - 0.2),
      source: i === 0 ? 'orders/1' : `${service}/${service}-1`,
      services: [
        {
          service: services[(lane + 1) % 4]!,
          matched: true,
          state: 'acked',
          settled_at: timeText(time + 2),
          steps: [
            { what: 'delivered', time: timeText(time + 0.8), record: 0, instance: 'a1', attempt: 1 },
            { what: 'acked', time: timeText(time + 2), record: 0, instance: 'a1', attempt: 1 },
          ],
        },
      ],
      ...(cause
        ? {
            causationid: cause.id,
            gap: { total_ms, wait_ms: total_ms * 0.5, retries_ms: 0, handling_ms: total_ms * 0.4, publishing_ms: total_ms * 0.1 },
          }
        : {}),
    });
  }
  return {
    correlationid: id,
    state: 'untracked',
    definitions: [],
    first_topic: steps[0]!.type,
    last_topic: steps.at(-1)!.type,
    started_at: steps[0]!.recordedtime,
    last_at: steps.at(-1)!.recordedtime,
    events,
    overdue: [],
    ends: [],
    watermark: timeText(now),
    steps,
    expectations: [],
    next: 0,
    longest: { id: steps[7]?.id ?? '', part: 'wait', ms: 20 },
    clocks: [],
  };
}
