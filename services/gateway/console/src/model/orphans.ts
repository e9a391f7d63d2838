// Events that stand alone though they should not, in words.
import type { Orphan } from '../api/types';

export function lostText(orphan: Pick<Orphan, 'lost' | 'causationid'>): string {
  if (orphan.lost === 'cause') return `its flow has no event ${orphan.causationid}, which it names as its cause`;
  return orphan.causationid ? `it begins a flow, but names the cause ${orphan.causationid}` : 'it begins a flow, but is only expected in one that has begun';
}

export function likelyText(orphan: Pick<Orphan, 'likely_by' | 'partitionkey' | 'subject'>): string {
  switch (orphan.likely_by) {
    case 'cause':
      return 'where its cause is';
    case 'key':
      return `which has the key ${orphan.partitionkey}`;
    case 'subject':
      return `which has the subject ${orphan.subject}`;
    default:
      return '';
  }
}
