// FEATURE the console of a real bus: what happens there is seen as it happens, and mended from the page.
import { expect, test as base } from '@playwright/test';
import { Shop } from './shop';

const test = base.extend<{ shop: Shop }>({
  shop: async ({}, use) => {
    const shop = new Shop();
    await use(shop);
    await shop.close();
  },
});

test('EXAMPLE a payment that crashed is overdue on screen, the page says why, and redriving completes the flow', async ({ page, shop }) => {
  // One attempt: the order that payments dies of is a dead letter, and what should follow it does not come.
  await shop.prepare([
    ['within: 10s', 'within: 5s'],
    ['attempts: 8', 'attempts: 1'],
  ]);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  let loaded = 0;
  page.on('load', () => ++loaded);
  await page.goto(await shop.demo(['--no-faults', '--payments=--crash-after 4', '--rate', '2']));

  await expect(page.locator('h1')).toHaveText('1 flow is overdue.');
  await expect(page.locator('main')).toContainText('payment.captured or payment.declined');
  await page.getByRole('link', { name: /^order-\d+$/ }).first().click();

  const card = page.locator('article[data-state=failed]').first();
  await expect(card.locator('h2')).toHaveText('payment.captured or payment.declined');
  await expect(card).toContainText('order.placed is a dead letter of payments after 1 attempt: the instance was lost while it held this event.');
  await expect(card.locator('.when')).toHaveText(/^\d+ s late$/);
  await card.locator('[data-mend]').click();
  await page.getByLabel('Your name').fill('ada@desk');
  await page.getByRole('button', { name: 'Redrive 1 dead letter' }).click();
  await expect(page.getByRole('dialog')).toContainText('Done for 1.');
  await page.getByRole('button', { name: 'Close' }).click();

  await expect(page.locator('main header')).toContainText('completed');
  await expect(page.locator('[data-mend]')).toHaveCount(0);
  await page.getByRole('link', { name: 'Causes' }).click();
  await expect(page.locator('main')).toContainText('customer.notified');
  await page.getByRole('link', { name: 'Now', exact: true }).click();
  await expect(page.locator('h1')).toHaveText('All quiet.');
  expect(loaded).toBe(1);
  expect(complaints).toEqual([]);
});

test('EXAMPLE a killed broker gives a banner with the age of the data; started again, it goes on by itself', async ({ page, shop }) => {
  await shop.prepare([]);
  const broker = await shop.daemon('reel-broker');
  await shop.daemon('reel-tracker');
  const address = await shop.gateway();
  for (const name of ['payments', 'inventory', 'invoicing', 'shipping', 'notifications']) shop.service(name);
  shop.service('orders', ['--rate', '5', '--orders', '1000000']);
  await page.goto(address);
  const completed = async () => Number(/^([\d\u202f]+) completed/m.exec(await page.locator('main').innerText())?.[1]?.replace(/\u202f/g, '') ?? 0);
  await expect.poll(completed).toBeGreaterThan(3);
  await expect(page.locator('[data-banner]')).toHaveCount(0);

  await broker.kill();
  const banner = page.locator('[data-banner=broker]');
  await expect(banner).toContainText(/The broker does not answer\. What you see is \d+ s old\./);
  const age = async () => Number(/is (\d+) s old/.exec(await banner.innerText())?.[1] ?? 0);
  const first = await age();
  await expect.poll(age).toBeGreaterThan(first);

  const before = await completed();
  await shop.daemon('reel-broker');
  await expect(page.locator('[data-banner]')).toHaveCount(0);
  await expect.poll(completed).toBeGreaterThan(before);
});
