// The demo's shop as the scenarios play it: the topics, who reacts to what, and what should follow what. It is
// configs/shop.yaml once more, as data.
import type { Definition, Rule } from '../api/types';

export interface Reaction {
  on: string;
  service: string;
  /** What it publishes then; nothing where it only listens. */
  publishes?: string;
}

export const reactions: Reaction[] = [
  { on: 'order.placed', service: 'payments', publishes: 'payment.captured' },
  { on: 'payment.captured', service: 'inventory', publishes: 'stock.reserved' },
  { on: 'payment.captured', service: 'invoicing', publishes: 'invoice.issued' },
  { on: 'stock.reserved', service: 'shipping', publishes: 'shipment.dispatched' },
  { on: 'shipment.dispatched', service: 'shipping', publishes: 'shipment.delivered' },
  { on: 'shipment.delivered', service: 'notifications', publishes: 'customer.notified' },
  { on: 'payment.declined', service: 'orders', publishes: 'order.cancelled' },
  { on: 'stock.unavailable', service: 'payments', publishes: 'payment.refunded' },
  { on: 'payment.refunded', service: 'orders', publishes: 'order.cancelled' },
];

export const topics: Record<string, { type: string; durable?: false }> = {
  'order.placed': { type: 'shop.v1.OrderPlaced' },
  'order.cancelled': { type: 'shop.v1.OrderCancelled' },
  'order.archived': { type: 'shop.v1.OrderPlaced' },
  'order.attention_needed': { type: 'reel.v1.FlowOverdue' },
  'payment.captured': { type: 'shop.v1.PaymentCaptured' },
  'payment.declined': { type: 'shop.v1.PaymentDeclined' },
  'payment.refunded': { type: 'shop.v1.PaymentRefunded' },
  'stock.reserved': { type: 'shop.v1.StockReserved' },
  'stock.unavailable': { type: 'shop.v1.StockUnavailable' },
  'invoice.issued': { type: 'shop.v1.InvoiceIssued' },
  'shipment.dispatched': { type: 'shop.v1.ShipmentDispatched' },
  'shipment.delivered': { type: 'shop.v1.ShipmentDelivered' },
  'customer.notified': { type: 'shop.v1.CustomerNotified' },
  'price.tick': { type: 'shop.v1.Tick', durable: false },
};

export const subscriptions: Record<string, string[]> = {
  orders: ['payment.declined', 'payment.refunded'],
  payments: ['order.placed', 'stock.unavailable'],
  inventory: ['payment.captured'],
  invoicing: ['payment.captured'],
  shipping: ['stock.reserved', 'shipment.dispatched'],
  notifications: ['shipment.delivered'],
};

export const routes = [{ from: 'order.placed', to: 'order.archived', when: '' }];

/** What reel.yaml does not say. */
const unsaid = { when: null, warn_at: 0, severity: '', owner: '', runbook: '' } as const;

function rule(after: string, owner: string, expected: { any_of?: string[]; all_of?: string[] }, severity: Rule['severity'] = ''): Rule {
  return {
    ...unsaid,
    after,
    any_of: [],
    all_of: [],
    never: [],
    where: [],
    each: null,
    at_least: 0,
    at_most: 0,
    not_before_ms: null,
    until: [],
    within_ms: 10_000,
    from_start: false,
    by: '',
    extended_by: [],
    every_ms: null,
    per: '',
    owner,
    severity,
    ...expected,
  };
}

export const definitions: Definition[] = [
  {
    ...unsaid,
    name: 'order-fulfilment',
    on_overdue_publish: 'order.attention_needed',
    correlate_by: {},
    start: 'order.placed',
    end: [],
    within_ms: 86_400_000,
    expectations: [
      rule('order.placed', 'payments', { any_of: ['payment.captured', 'payment.declined'] }, 'critical'),
      rule('payment.captured', 'inventory', { any_of: ['stock.reserved', 'stock.unavailable'] }),
      rule('payment.captured', 'invoicing', { any_of: ['invoice.issued'] }),
      rule('stock.reserved', 'shipping', { any_of: ['shipment.dispatched'] }),
      rule('shipment.dispatched', 'shipping', { all_of: ['shipment.delivered', 'customer.notified'] }),
      rule('payment.declined', 'orders', { any_of: ['order.cancelled'] }),
    ],
  },
  {
    ...unsaid,
    name: 'refund',
    on_overdue_publish: 'order.attention_needed',
    correlate_by: {},
    start: '',
    end: ['order.cancelled'],
    within_ms: null,
    expectations: [
      rule('stock.unavailable', 'payments', { any_of: ['payment.refunded'] }),
      rule('payment.refunded', 'orders', { any_of: ['order.cancelled'] }),
    ],
  },
];
