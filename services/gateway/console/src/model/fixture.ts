// Flows for tests: orders of the scenarios' shop, up to a moment.
import type { Picture } from '../api/types';
import { orderPicture, type Trouble } from '../scenario/order';

export const placed = Date.UTC(2026, 2, 2, 10, 0, 0);

export function order(after_ms: number, troubles: Partial<Trouble>[] = [], waived = false): Picture {
  return orderPicture(
    {
      id: 'order-1',
      number: 1,
      seed: 1,
      placed,
      first_offset: 100,
      troubles: troubles.map((trouble) => ({ kind: 'lost', service: 'payments', since: 0, by: '', ...trouble })),
      waived,
    },
    placed + after_ms,
  );
}
